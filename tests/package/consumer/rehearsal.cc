// A test of an orchestration, as its authors write one: a month's wait in a simulation.

#include <tandem/duroxide.h>
#include <tandem/duroxide_runtime/testing/simulation.h>

#include <chrono>
#include <cstdio>
#include <string>

namespace {

constexpr duroxide::Orchestration<std::string(std::string)> kRemind("remind");

duroxide::Task<tandem::Result<std::string>> Remind(duroxide::OrchestrationContext ctx,
                                                   std::string name) {
  co_await ctx.Sleep(std::chrono::hours(24 * 30));
  co_return "pay, " + name;
}

}  // namespace

int main() {
  duroxide::Registry registry;
  registry.Add(kRemind, Remind);
  duroxide::testing::Simulation simulation(/*seed=*/1, registry);
  const duroxide::Client client = simulation.client();
  if (!client.Start(kRemind, "remind-1", "ann").ok() || !simulation.Run().ok()) return 1;
  if (!simulation.Check().ok()) return 1;
  const auto output = client.Wait(kRemind, "remind-1", std::chrono::seconds(0));
  std::printf("%s\n", output.ok() ? output->c_str() : output.status().ToString().c_str());
  return output.ok() ? 0 : 1;
}
