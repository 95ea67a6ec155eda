// ledger-demo: kills the ledger at random moments, starts it again on the same store until it has
// finished, and checks the store after each kill and at the end. `./dev demo ledger` runs it.

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <random>
#include <string>
#include <vector>

#include "examples/common/program.h"
#include "examples/common/work_directory.h"
#include "examples/ledger/input.h"
#include "examples/ledger/killing.h"
#include "examples/ledger/recount.h"

namespace ledger {
namespace {

using tandem::Status;

struct Options {
  InputOptions input;
  std::string work;
  std::size_t kills = 20;
  std::size_t threads = 16;
  std::size_t rows_per_batch = 1;
  bool buffered = false;
  std::uint64_t seed = std::random_device()();
};

// NOLINTNEXTLINE(google-runtime-int): what printf knows.
auto Printable(std::uint64_t number) { return static_cast<unsigned long long>(number); }

std::vector<std::string> ProgramArguments(const Options& options) {
  std::vector<std::string> arguments = {"--threads", std::to_string(options.threads),
                                        "--rows-per-batch", std::to_string(options.rows_per_batch)};
  if (options.buffered) arguments.emplace_back("--buffered");
  const GeneratorOptions& generator = options.input.generator;
  if (options.input.csv.empty()) {
    arguments.insert(arguments.end(), {"--seed", std::to_string(generator.seed), "--rows",
                                       std::to_string(generator.rows), "--accounts",
                                       std::to_string(generator.accounts)});
  } else {
    arguments.insert(arguments.end(), {"--csv", options.input.csv});
  }
  return arguments;
}

// The moments, by the number of rows decided by then.
std::vector<std::uint64_t> KillTargets(const Options& options, std::uint64_t rows,
                                       std::mt19937_64& random) {
  std::vector<std::uint64_t> targets;
  for (std::size_t i = 0; i < options.kills; ++i) targets.push_back(random() % rows);
  std::ranges::sort(targets);
  return targets;
}

Status Run(const Options& options, const std::filesystem::path& work) {
  TANDEM_ASSIGN_OR_RETURN(const auto source, OpenInput(options.input));
  TANDEM_ASSIGN_OR_RETURN(const Recount recount, CountAgain(*source, Everything(), Everything()));
  if (recount.rows == 0) return Status::InvalidArgument("the input has no rows");
  std::printf("seed %llu: %llu rows, %zu kills\n", Printable(options.seed), Printable(recount.rows),
              options.kills);

  KillOptions kill;
  kill.program = examples::ProgramBeside("ledger");
  kill.work = work;
  kill.input = options.input;
  kill.arguments = ProgramArguments(options);
  kill.rows = recount.rows;
  std::mt19937_64 random(options.seed);
  std::size_t killed = 0;
  KillAim aim;
  const std::vector<std::uint64_t> targets = KillTargets(options, recount.rows, random);
  for (std::size_t i = 0; i < targets.size(); ++i) {
    aim.number = i + 1;
    aim.target = targets[i];
    TANDEM_ASSIGN_OR_RETURN(const KillResult result, KillOnce(kill, aim, random));
    aim.stored_before = result.stored;
    killed += result.killed ? 1 : 0;
    std::printf(
        "%s %2zu: told of %7llu rows; in the store %7llu rows, %7llu events, %7llu in the view: as "
        "the recount\n",
        result.killed ? "SIGKILL" : "the end", i + 1, Printable(result.told),
        Printable(result.stored), Printable(result.events), Printable(result.in_view));
    std::fflush(stdout);
  }
  TANDEM_ASSIGN_OR_RETURN(const std::string report, RunToTheEnd(kill));
  std::printf("%safter %zu kills: no row lost, none counted twice\n", report.c_str(), killed);
  return Status::Ok();
}

int Main(int argc, char** argv) {
  Options options;
  options.input.generator.rows = 50'000;
  CLI::App app("Kills the ledger with SIGKILL, again and again, and checks what is left.");
  AddInputOptions(app, options.input);
  app.add_option("--kills", options.kills, "How often")
      ->capture_default_str()
      ->check(CLI::Range(0, 100'000));
  app.add_option("--seed", options.seed, "Of the moments and the generator [random]");
  app.add_option("--threads", options.threads, "Tellers")
      ->capture_default_str()
      ->check(CLI::Range(std::size_t{1}, kLanes));
  app.add_option("--rows-per-batch", options.rows_per_batch, "As for ledger")
      ->capture_default_str()
      ->check(CLI::Range(1, 1000));
  app.add_flag("--buffered", options.buffered, "As for ledger");
  app.add_option("--work", options.work, "Where to keep store and logs [a temporary directory]");
  CLI11_PARSE(app, argc, argv);
  options.input.generator.seed = options.seed;
  return examples::RunDemonstration(
      "ledger-demo", options.work,
      [&](const std::filesystem::path& work) { return Run(options, work); });
}

}  // namespace
}  // namespace ledger

int main(int argc, char** argv) {
  return examples::RunProgram("ledger-demo", ledger::Main, argc, argv);
}
