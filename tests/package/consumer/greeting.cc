// An orchestration that calls one activity: greeting <store>

#include <chrono>
#include <cstdio>
#include <string>

#include <tandem/duroxide.h>
#include <tandem/tandem.h>

namespace {

using duroxide::ActivityContext;
using duroxide::Result;

constexpr duroxide::Activity<std::string(std::string)> kGreet("greet");
constexpr duroxide::Orchestration<std::string(std::string)> kWelcome("welcome");

duroxide::Task<Result<std::string>> Welcome(duroxide::OrchestrationContext ctx, std::string name) {
  const std::string greeting = co_await duroxide::OrFail(ctx.Call(kGreet, name));
  co_return greeting + "!";
}

Result<std::string> Run(const char* directory) {
  duroxide::Registry registry;
  registry.Add(kWelcome, Welcome);
  registry.Add(kGreet, [](ActivityContext&, const std::string& name) -> Result<std::string> {
    return "hello " + name;
  });
  TANDEM_ASSIGN_OR_RETURN(const auto store,
                          tandem::OpenStore(directory, tandem::OpenMode::kCreateIfMissing));
  TANDEM_ASSIGN_OR_RETURN(const auto runtime, duroxide::Runtime::Start(*store, registry));
  const duroxide::Client client = runtime->client();
  TANDEM_RETURN_IF_ERROR(client.Start(kWelcome, "welcome-1", "ann"));
  return client.Wait(kWelcome, "welcome-1", std::chrono::seconds(30));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  const Result<std::string> greeting = Run(argv[1]);
  std::printf("%s\n", greeting.ok() ? greeting->c_str() : greeting.status().ToString().c_str());
  return greeting.ok() ? 0 : 1;
}
