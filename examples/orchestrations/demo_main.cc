// orchestrations-demo: kills the saga, the bookings and the actor at random moments, starts them
// again on the same store, and shows that nothing is lost and nothing counts twice. `./dev demo
// orchestrations` runs it.

#include <CLI/CLI.hpp>
#include <cstdio>
#include <random>
#include <string>

#include "examples/common/program.h"
#include "examples/common/work_directory.h"
#include "examples/orchestrations/killing.h"

namespace orchestrations {
namespace {

using tandem::Status;

struct Options {
  std::string work;
  std::size_t kills = 20;
  std::uint64_t seed = std::random_device()();
};

// Kills until there were as many as wanted; what comes to its end before is begun anew.
Status KillExample(KillOptions kill, const Options& options, const std::filesystem::path& work,
                   std::mt19937_64& random) {
  std::size_t killed = 0;
  for (std::size_t store = 1; killed < options.kills; ++store) {
    kill.work = work / (kill.example + "-" + std::to_string(store));
    std::filesystem::create_directories(kill.work);
    for (bool ended = false; !ended && killed < options.kills;) {
      TANDEM_ASSIGN_OR_RETURN(const KillResult result, KillOnce(kill, killed + 1, random));
      ended = !result.killed;
      killed += result.killed ? 1 : 0;
      std::printf("%-13s %s %2zu of %zu, after %3llu lines: all that was told holds\n",
                  kill.example.c_str(), ended ? "the end" : "SIGKILL", killed, options.kills,
                  static_cast<unsigned long long>(result.lines));
      std::fflush(stdout);
    }
    TANDEM_RETURN_IF_ERROR(FinishAndCheck(kill));
    std::filesystem::remove_all(kill.work);
  }
  std::printf("%-13s finished after %zu kills: nothing is lost, nothing counts twice\n",
              kill.example.c_str(), killed);
  return Status::Ok();
}

Status Run(const Options& options, const std::filesystem::path& work) {
  std::printf("seed %llu: %zu kills each\n", static_cast<unsigned long long>(options.seed),
              options.kills);
  std::mt19937_64 random(options.seed);
  KillOptions kill;
  kill.program = examples::ProgramBeside("orchestrations");
  kill.example = "order_saga";
  kill.count = 60;
  kill.lines_max = 60;
  TANDEM_RETURN_IF_ERROR(KillExample(kill, options, work, random));
  kill.example = "booking";
  kill.count = 60;
  kill.lines_max = 60;
  TANDEM_RETURN_IF_ERROR(KillExample(kill, options, work, random));
  kill.example = "actor";
  kill.count = 1'000;
  kill.lines_max = 120;
  return KillExample(kill, options, work, random);
}

int Main(int argc, char** argv) {
  Options options;
  CLI::App app("Kills three examples with SIGKILL, again and again, and checks what is left.");
  app.add_option("--kills", options.kills, "How often, each")
      ->capture_default_str()
      ->check(CLI::Range(1, 100'000));
  app.add_option("--seed", options.seed, "Of the moments [random]");
  app.add_option("--work", options.work, "Where to keep stores and logs [a temporary directory]");
  CLI11_PARSE(app, argc, argv);
  return examples::RunDemonstration(
      "orchestrations-demo", options.work,
      [&](const std::filesystem::path& work) { return Run(options, work); });
}

}  // namespace
}  // namespace orchestrations

int main(int argc, char** argv) {
  return examples::RunProgram("orchestrations-demo", orchestrations::Main, argc, argv);
}
