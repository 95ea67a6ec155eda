// orchestrations: runs one of the examples on a store in a directory. Kill it whenever you like and
// start it again with the same --store: everything goes on where it was.

#include <CLI/CLI.hpp>
#include <cstdio>
#include <string>

#include <tandem/tandem.h>
#include "examples/common/program.h"
#include "examples/orchestrations/runs.h"

namespace orchestrations {
namespace {

using tandem::Status;

struct Options {
  RunOptions run;
  std::string store = "orchestrations-store";
  std::string journal;
  Trouble trouble;
};

// What the orchestrations log, on stdout, beside what the program tells.
class StdoutLog : public duroxide::LogSink {
 public:
  void Log(duroxide::LogLevel level, std::string_view instance, std::string_view text) override {
    std::printf("%s: %s: %s\n", std::string(instance).c_str(),
                std::string(duroxide::LogLevelName(level)).c_str(), std::string(text).c_str());
  }
};

Status Run(const Options& options) {
  const std::string journal =
      options.journal.empty() ? options.store + ".journal" : options.journal;
  TANDEM_ASSIGN_OR_RETURN(const auto world, World::Open(journal, options.trouble));
  TANDEM_ASSIGN_OR_RETURN(const auto store,
                          tandem::OpenStore(options.store, tandem::OpenMode::kCreateIfMissing));
  StdoutLog log;
  duroxide::RuntimeOptions runtime_options;
  runtime_options.log = &log;
  TANDEM_ASSIGN_OR_RETURN(const auto runtime,
                          duroxide::Runtime::Start(*store, MakeRegistry(world), runtime_options));
  return RunExample(options.run, *store, runtime->client());
}

int Main(int argc, char** argv) {
  Options options;
  CLI::App app(
      "Runs an example of an orchestration. Kill it at any moment and start it again with the same "
      "store: it goes on where it was.");
  app.add_option("example", options.run.example, "Which one")
      ->required()
      ->check(CLI::IsMember(ExampleNames()));
  app.add_option("--store", options.store, "Where everything is kept; made if missing")
      ->capture_default_str();
  app.add_option("--journal", options.journal, "What was done to the world [STORE.journal]");
  app.add_option("--count", options.run.count, "Orders, items, commands, polls, months")
      ->capture_default_str()
      ->check(CLI::Range(1, 100'000));
  app.add_option("--decision", options.run.decision, "Of the approver [none comes]");
  app.add_option("--from", options.run.from,
                 "The first command to send to the actor [behind the last that it has dealt with]");
  app.add_option("--trouble", options.trouble.percent, "Calls of activities that fail, in percent")
      ->capture_default_str()
      ->check(CLI::Range(0, 90));
  CLI11_PARSE(app, argc, argv);
  std::setvbuf(stdout, nullptr, _IOLBF, BUFSIZ);  // a line that is told is told at once
  return examples::ExitCode("orchestrations", Run(options));
}

}  // namespace
}  // namespace orchestrations

int main(int argc, char** argv) {
  return examples::RunProgram("orchestrations", orchestrations::Main, argc, argv);
}
