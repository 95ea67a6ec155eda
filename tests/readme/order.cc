// README, orchestrations: activities, an external event, a timer, and a compensation.

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <string>
#include <utility>
#include <variant>

#include <tandem/base/manual_clock.h>
#include <tandem/duroxide.h>
#include <tandem/tandem.h>
#include "tandem/tests/support/temporary_directory.h"

namespace {

using namespace std::chrono_literals;

// README: begin
using duroxide::ActivityContext;
using duroxide::OrFail;
using duroxide::Result;
using duroxide::Unit;

constexpr duroxide::Activity<std::string(std::string)> kReserve("reserve");
constexpr duroxide::Activity<Unit(std::string)> kRelease("release");
constexpr duroxide::Orchestration<std::string(std::string)> kOrder("order");
constexpr duroxide::Event<std::string> kPaid("paid");

duroxide::Task<Result<std::string>> Order(duroxide::OrchestrationContext ctx, std::string item) {
  const std::string shelf = co_await OrFail(ctx.Call(kReserve, item));
  auto paid = ctx.WaitForEvent(kPaid);  // found also if it came before
  auto late = ctx.StartTimer(24h);
  const auto first = co_await duroxide::WhenAny(std::move(paid), std::move(late));
  if (first.index() == 0) co_return item + " from " + shelf + ", paid by " + *std::get<0>(first);
  co_await OrFail(ctx.Call(kRelease, shelf));
  co_return item + " was never paid, " + shelf + " is free again";
}

duroxide::Registry MakeRegistry() {
  duroxide::Registry registry;
  registry.Add(kOrder, Order);
  registry.Add(kReserve, [](ActivityContext&, const std::string& item) -> Result<std::string> {
    return "shelf-" + std::to_string(item.size());  // ordinary code: may block, may fail
  });
  registry.Add(kRelease,
               [](ActivityContext&, const std::string&) -> Result<Unit> { return Unit(); });
  return registry;
}

Result<std::string> SellLamp(const duroxide::Client& client) {
  TANDEM_RETURN_IF_ERROR(client.Start(kOrder, "order-1", "lamp"));
  TANDEM_RETURN_IF_ERROR(client.RaiseEvent("order-1", kPaid, "ann"));
  return client.Wait(kOrder, "order-1", 10s);
}
// README: end

// Blocks until the instance has started its timer, and so has nothing else under way.
duroxide::Status AwaitTimer(const duroxide::Client& client, std::string_view instance) {
  duroxide::HistoryOptions options;
  options.wait = 1h;  // of a clock that stands still
  while (true) {
    TANDEM_ASSIGN_OR_RETURN(const auto page, client.ReadHistory(instance, options));
    for (const duroxide::HistoryEvent& event : page.events) {
      if (std::holds_alternative<duroxide::TimerCreated>(event.body)) return duroxide::Status();
    }
    options.from = page.next;
  }
}

duroxide::Status Run(const std::filesystem::path& directory) {
  tandem::ManualClock clock;
  tandem::RocksDbOptions options;
  options.mode = tandem::OpenMode::kCreateIfMissing;
  options.clock = &clock;
  TANDEM_ASSIGN_OR_RETURN(const auto store, tandem::RocksDbProvider::Open(directory, options));
  // README: begin
  TANDEM_ASSIGN_OR_RETURN(const auto runtime, duroxide::Runtime::Start(*store, MakeRegistry()));
  TANDEM_ASSIGN_OR_RETURN(const std::string sold, SellLamp(runtime->client()));
  // README: end
  std::printf("%s\n", sold.c_str());
  const duroxide::Client client = runtime->client();

  TANDEM_RETURN_IF_ERROR(client.Start(kOrder, "order-2", "chair"));
  TANDEM_RETURN_IF_ERROR(AwaitTimer(client, "order-2"));
  clock.Advance(24h);
  TANDEM_ASSIGN_OR_RETURN(const std::string unsold, client.Wait(kOrder, "order-2", 10s));
  std::printf("%s\n", unsold.c_str());
  return duroxide::Status();
}

}  // namespace

int main() {
  const tandem::testing::TemporaryDirectory directory;
  const duroxide::Status status = Run(directory.path());
  if (!status.ok()) std::printf("%s\n", status.ToString().c_str());
  return status.ok() ? 0 : 1;
}
