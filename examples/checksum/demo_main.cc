// checksum-demo: kills the checksum program at random moments and shows that nothing is lost and
// nothing finished is done twice. `./dev demo` runs it.

#include <CLI/CLI.hpp>
#include <cstdio>
#include <filesystem>
#include <random>
#include <string>

#include "examples/checksum/demo_round.h"
#include "examples/common/program.h"
#include "examples/common/work_directory.h"

namespace checksum {
namespace {

namespace fs = std::filesystem;

struct Options {
  std::string directory = "/usr/include";
  std::string work;
  int rounds = 3;
  bool list = false;
  std::uint64_t seed = std::random_device()();
};

tandem::Status Run(const Options& options, const fs::path& program, const fs::path& work) {
  RoundOptions round;
  round.program = program;
  round.directory = options.directory;
  round.work = work / "undisturbed";
  std::printf("seed %llu: %s, %d rounds\n", static_cast<unsigned long long>(options.seed),
              options.directory.c_str(), options.rounds);
  TANDEM_ASSIGN_OR_RETURN(round.runs_expected, RunUndisturbed(round));
  std::printf("left alone, the job takes %zu activity runs\n", round.runs_expected);

  std::mt19937_64 random(options.seed);
  std::size_t repeated = 0;
  for (int i = 1; i <= options.rounds; ++i) {
    round.work = work / ("round-" + std::to_string(i));
    TANDEM_ASSIGN_OR_RETURN(const RoundResult result, RunRound(round, random));
    std::printf(
        "round %2d: SIGKILL after %4zu activities had started, %4zu were in the history; finished "
        "after restart: %zu files right, %zu in flight were run again\n",
        i, result.killed_after, result.promised.size(), result.files, result.repeated);
    if (options.list) {
      std::printf("          in the history:");
      for (const duroxide::EventId id : result.promised) {
        std::printf(" %llu", static_cast<unsigned long long>(id));
      }
      std::printf("\n");
    }
    std::fflush(stdout);
    repeated += result.repeated;
    fs::remove_all(round.work);
  }
  std::printf(
      "all %d rounds: manifest confirmed by sha256sum, each activity in the history ran exactly "
      "once, %zu runs repeated because they were in flight\n",
      options.rounds, repeated);
  return tandem::Status::Ok();
}

int Main(int argc, char** argv) {
  Options options;
  CLI::App app("Kills a durable directory checksum with SIGKILL, again and again, and checks it.");
  app.add_option("directory", options.directory, "What to read")->capture_default_str();
  app.add_option("--rounds", options.rounds, "How often to kill")
      ->capture_default_str()
      ->check(CLI::Range(1, 100'000));
  app.add_option("--seed", options.seed, "Of the moments [random]");
  app.add_flag("--list", options.list, "List the ids of the activities in the history at the kill");
  app.add_option("--work", options.work, "Where to keep stores and logs [a temporary directory]");
  CLI11_PARSE(app, argc, argv);
  if (!fs::is_directory(options.directory)) {
    std::fprintf(stderr, "checksum-demo: %s is no directory\n", options.directory.c_str());
    return 1;
  }
  return examples::RunDemonstration(
      "checksum-demo", options.work, [&](const std::filesystem::path& work) {
        return Run(options, examples::ProgramBeside("checksum"), work);
      });
}

}  // namespace
}  // namespace checksum

int main(int argc, char** argv) {
  return examples::RunProgram("checksum-demo", checksum::Main, argc, argv);
}
