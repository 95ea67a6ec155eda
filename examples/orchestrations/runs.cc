#include "examples/orchestrations/runs.h"

#include <chrono>
#include <cstdio>
#include <functional>
#include <map>
#include <thread>
#include <utility>

#include "examples/orchestrations/actor.h"
#include "examples/orchestrations/approval.h"
#include "examples/orchestrations/booking.h"
#include "examples/orchestrations/bounded_fan_out.h"
#include "examples/orchestrations/monitor.h"
#include "examples/orchestrations/order_saga.h"
#include "examples/orchestrations/tree.h"
#include "examples/orchestrations/versioned_rollout.h"

namespace orchestrations {

namespace {

using duroxide::Client;
using duroxide::InstanceStatus;
using tandem::Result;
using tandem::Status;

constexpr std::chrono::hours kWaitMax{24 * 7};
constexpr std::chrono::milliseconds kWork{50};  // what slow activities take
constexpr std::int64_t kPatienceSeconds = 3;
constexpr std::int64_t kMonthSeconds = 2;

void Tell(const std::string& line) { std::printf("%s\n", line.c_str()); }

// AlreadyExists: the store has it, and it goes on by itself.
template <typename Out, typename In>
Status StartOnce(const Client& client, const duroxide::Orchestration<Out(In)>& orchestration,
                 const std::string& instance, const In& input) {
  const Status started = client.Start(orchestration, instance, input);
  if (started.ok()) Tell("told started " + instance);
  if (started.code() == tandem::StatusCode::kAlreadyExists) return Status::Ok();
  return started;
}

// Tells each custom status, and how it ended.
Status Follow(const Client& client, const std::string& instance) {
  std::uint64_t seen = 0;
  while (true) {
    TANDEM_ASSIGN_OR_RETURN(const InstanceStatus status,
                            client.WaitForCustomStatus(instance, seen, kWaitMax));
    if (status.custom_status.version > seen && status.custom_status.value) {
      Tell(instance + ": " + *status.custom_status.value);
    }
    seen = status.custom_status.version;
    if (!status.finished()) continue;
    Tell("told " + instance + " " + std::string(duroxide::InstanceStateName(status.state)));
    if (status.failure) {
      Tell(instance + ": " + status.failure->ToStatus().ToString());
    } else {
      Tell(instance + ": gives " + status.output);
    }
    return Status::Ok();
  }
}

// --- One function an example ---------------------------------------------------------------------

// Some orders can't be paid, some can't be delivered, some are cancelled.
Status RunOrderSaga(const RunOptions& options, tandem::Provider&, const Client& client) {
  std::vector<std::string> orders;
  for (std::int64_t i = 1; i <= options.count; ++i) {
    const std::string id = "order-" + std::to_string(i);
    const Order order("book " + std::to_string(i), i % 5 == 0 ? kCentsMax + 1 : 1'000,
                      i % 7 == 0 ? "nowhere" : "here");
    TANDEM_RETURN_IF_ERROR(StartOnce(client, kOrderSaga, id, order));
    if (i % 4 == 0) TANDEM_RETURN_IF_ERROR(client.Cancel(id, "no longer wanted"));
    orders.push_back(id);
  }
  for (const std::string& id : orders) TANDEM_RETURN_IF_ERROR(Follow(client, id));
  return Status::Ok();
}

Status RunApproval(const RunOptions& options, tandem::Provider&, const Client& client) {
  TANDEM_RETURN_IF_ERROR(
      StartOnce(client, kApproval, "approval", Request("a trip", kPatienceSeconds)));
  if (!options.decision.empty()) {
    const Status raised = client.RaiseEvent("approval", kDecided, options.decision);
    if (!raised.ok()) Tell("too late: " + raised.ToString());
  }
  return Follow(client, "approval");
}

Status RunBoundedFanOut(const RunOptions& options, tandem::Provider&, const Client& client) {
  std::vector<std::int64_t> values;
  for (std::int64_t i = 1; i <= options.count; ++i) values.push_back(i);
  TANDEM_RETURN_IF_ERROR(StartOnce(client, kBoundedFanOut, "fan-out", Items(4, std::move(values))));
  return Follow(client, "fan-out");
}

Status RunMonitor(const RunOptions& options, tandem::Provider&, const Client& client) {
  TANDEM_RETURN_IF_ERROR(
      StartOnce(client, kMonitor, "monitor", Watch("the water", options.count, 1, 0)));
  return Follow(client, "monitor");
}

Status RunActor(const RunOptions& options, tandem::Provider&, const Client& client) {
  TANDEM_RETURN_IF_ERROR(StartOnce(client, kActor, "actor", Account()));
  std::int64_t next = options.from;
  if (next == 0) {
    TANDEM_ASSIGN_OR_RETURN(const auto account, client.GetKv<Account>("actor", kAccountKey));
    next = account.value_or(Account()).commands + 1;
  }
  // If this process dies between the two lines of the loop, the next one sends a command again that
  // is stored: the actor ignores it.
  for (; next <= options.count; ++next) {
    TANDEM_RETURN_IF_ERROR(client.RaiseEvent("actor", kCommand, Command(next, next, false)));
    Tell("told sent " + std::to_string(next));
  }
  const Status sent = client.RaiseEvent("actor", kCommand, Command(options.count + 1, 0, true));
  if (!sent.ok()) Tell("stopped already: " + sent.ToString());
  return Follow(client, "actor");
}

// Every process asks for all stays; those that are booked already start nothing.
Status RunBooking(const RunOptions& options, tandem::Provider& store, const Client& client) {
  std::vector<std::string> bookings;
  for (std::int64_t i = 1; i <= options.count; ++i) {
    const std::string guest = "guest-" + std::to_string(i);
    tandem::EnqueueOptions once;
    once.key = guest;
    TANDEM_RETURN_IF_ERROR(
        store.Enqueue(kRequests, duroxide::Codec<Stay>::Encode(Stay(guest, i % 4)), once).status());
    bookings.push_back("booking-" + guest);
  }
  while (true) {
    TANDEM_ASSIGN_OR_RETURN(const auto request, store.DequeueOne(kRequests));
    if (!request) break;
    TANDEM_RETURN_IF_ERROR(AcceptRequest(client, store, *request));
  }
  for (const std::string& booking : bookings) TANDEM_RETURN_IF_ERROR(Follow(client, booking));
  return Status::Ok();
}

Status RunVersionedRollout(const RunOptions& options, tandem::Provider&, const Client& client) {
  const Subscription subscription(1'000, options.count, kMonthSeconds, 0);
  TANDEM_RETURN_IF_ERROR(client.GetStatus("subscription").ok()
                             ? Status::Ok()
                             : client.Start(kSubscription, "subscription", subscription,
                                            duroxide::StartOptions().Version(kFirstVersion)));
  return Follow(client, "subscription");
}

Tree MakeTree(std::int64_t depth, std::int64_t value) {
  std::vector<Tree> subtrees;
  for (std::int64_t i = 0; i < 2 && depth > 0; ++i) {
    subtrees.push_back(MakeTree(depth - 1, value * 2 + i));
  }
  return Tree(value, std::move(subtrees));
}

Status RunTree(const RunOptions&, tandem::Provider&, const Client& client) {
  TANDEM_RETURN_IF_ERROR(StartOnce(client, kTree, "tree", MakeTree(4, 1)));
  return Follow(client, "tree");
}

using Run = Status (*)(const RunOptions&, tandem::Provider&, const Client&);

const std::map<std::string, Run>& Runs() {
  static const std::map<std::string, Run> kRuns = {{"approval", RunApproval},
                                                   {"booking", RunBooking},
                                                   {"bounded_fan_out", RunBoundedFanOut},
                                                   {"actor", RunActor},
                                                   {"monitor", RunMonitor},
                                                   {"order_saga", RunOrderSaga},
                                                   {"tree", RunTree},
                                                   {"versioned_rollout", RunVersionedRollout}};
  return kRuns;
}

}  // namespace

std::vector<std::string> ExampleNames() {
  std::vector<std::string> names;
  for (const auto& [name, run] : Runs()) names.push_back(name);
  return names;
}

duroxide::Registry MakeRegistry(const std::shared_ptr<World>& world) {
  const auto work = [](duroxide::ActivityContext&, std::int64_t value) -> Result<std::int64_t> {
    std::this_thread::sleep_for(kWork);
    return value;
  };
  duroxide::Registry registry;
  RegisterApproval(registry, world);
  RegisterBoundedFanOut(registry, work);
  RegisterActor(registry);
  RegisterBooking(registry);
  RegisterOrderSaga(registry, world);
  RegisterTree(registry, work);
  RegisterVersionedRollout(registry, world);
  // The water rises by one with each poll.
  RegisterMonitor(
      registry,
      [world](duroxide::ActivityContext& context, const std::string&) -> Result<std::int64_t> {
        TANDEM_RETURN_IF_ERROR(world->Hiccup(context));
        TANDEM_RETURN_IF_ERROR(world->Do("probe " + CallName(context)));
        return static_cast<std::int64_t>(world->CountDone("probe "));
      });
  return registry;
}

Status RunExample(const RunOptions& options, tandem::Provider& store, const Client& client) {
  const auto found = Runs().find(options.example);
  if (found == Runs().end()) return Status::NotFound("no example is called " + options.example);
  return found->second(options, store, client);
}

}  // namespace orchestrations
