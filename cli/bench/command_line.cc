#include "tandem/cli/bench/command_line.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <optional>
#include <string_view>
#include <utility>

#include "tandem/base/limits.h"
#include "tandem/cli/bench/beside/sqlite_store.h"
#include "tandem/cli/measuring/noise.h"
#include "tandem/version.h"

namespace tandem::bench {

namespace {

// As they were given; the words that stand here are the defaults.
struct Words {
  std::string events = "1,10";
  std::string messages = "1";
  std::string bytes = "200";
  std::string callers = "1";
  std::string durability = "sync,buffered";
  std::string beside;
  std::string directory = ".";
  std::string batches;
  std::string runs = "3";
  std::string output = "table";
  std::string plot;
  bool quiet = false;
};

std::vector<std::string> Split(std::string_view list) {
  std::vector<std::string> words;
  for (;;) {
    const std::size_t comma = list.find(',');
    words.emplace_back(list.substr(0, comma));
    if (comma == std::string_view::npos) return words;
    list.remove_prefix(comma + 1);
  }
}

Status NoChoice(std::string_view flag, const std::string& given, std::string_view choices) {
  return Status::InvalidArgument(std::string(flag) + ": '" + given + "' is none of " +
                                 std::string(choices));
}

Status Twice(std::string_view flag, const std::string& given) {
  return Status::InvalidArgument(std::string(flag) + ": '" + given + "' is there twice");
}

Result<std::uint64_t> ReadNumber(std::string_view flag, const std::string& given,
                                 std::uint64_t least, std::uint64_t most) {
  std::uint64_t number = 0;
  const char* const end = given.data() + given.size();
  const auto [read, error] = std::from_chars(given.data(), end, number);
  if (given.empty() || error != std::errc() || read != end || number < least || number > most) {
    return Status::InvalidArgument(std::string(flag) + ": '" + given + "' is no number from " +
                                   std::to_string(least) + " to " + std::to_string(most));
  }
  return number;
}

Result<std::vector<std::uint64_t>> ReadNumbers(std::string_view flag, const std::string& given,
                                               std::uint64_t least, std::uint64_t most) {
  std::vector<std::uint64_t> numbers;
  for (const std::string& word : Split(given)) {
    TANDEM_ASSIGN_OR_RETURN(const std::uint64_t number, ReadNumber(flag, word, least, most));
    if (std::ranges::find(numbers, number) != numbers.end()) return Twice(flag, word);
    numbers.push_back(number);
  }
  return numbers;
}

template <typename Choice>
using Choices = std::vector<std::pair<std::string_view, Choice>>;

template <typename Choice>
Result<Choice> ReadChoice(std::string_view flag, const std::string& given,
                          const Choices<Choice>& choices) {
  std::string names;
  for (const auto& [name, choice] : choices) {
    if (given == name) return choice;
    names.append(names.empty() ? "" : ", ").append(name);
  }
  return NoChoice(flag, given, names);
}

template <typename Choice>
Result<std::vector<Choice>> ReadChoices(std::string_view flag, const std::string& given,
                                        const Choices<Choice>& choices) {
  std::vector<Choice> chosen;
  for (const std::string& word : Split(given)) {
    TANDEM_ASSIGN_OR_RETURN(const Choice choice, ReadChoice(flag, word, choices));
    if (std::ranges::find(chosen, choice) != chosen.end()) return Twice(flag, word);
    chosen.push_back(choice);
  }
  return chosen;
}

Status CheckBatches(const Plan& plan) {
  const auto largest = [](const std::vector<std::uint64_t>& of) { return std::ranges::max(of); };
  const auto least = [](const std::vector<std::uint64_t>& of) { return std::ranges::min(of); };
  if (least(plan.events) == 0 && least(plan.messages) == 0) {
    return Status::InvalidArgument(
        "--events 0 with --messages 0 is a batch of nothing: leave one of them out");
  }
  const std::uint64_t bytes = (largest(plan.events) + largest(plan.messages)) * largest(plan.bytes);
  // Half of it, since names and tokens count, too.
  if (bytes > kBatchBytesMax / 2) return OverLimit("the largest batch", bytes, kBatchBytesMax / 2);
  std::uint64_t samples = 0;
  for (const Shape& shape : ShapesOf(plan)) {
    samples = std::max(samples, BatchesOf(plan, shape) * static_cast<std::uint64_t>(shape.callers));
  }
  if (samples > kSamplesMax) {
    return Status::InvalidArgument("--batches times --callers is " + std::to_string(samples) +
                                   ", the limit is " + std::to_string(kSamplesMax));
  }
  return Status::Ok();
}

Status CheckSweep(const Plan& plan) {
  const std::size_t shapes = plan.events.size() * plan.messages.size() * plan.bytes.size() *
                             plan.callers.size() * plan.durabilities.size();
  if (shapes > kShapesMax) {
    return Status::InvalidArgument("this sweep has " + std::to_string(shapes) +
                                   " shapes of batches, the limit is " +
                                   std::to_string(kShapesMax));
  }
  const bool sqlite = std::ranges::find(plan.beside, StoreKind::kSqlite) != plan.beside.end();
  if (sqlite && !HasSqlite()) {
    return Status::Unsupported(
        "--beside sqlite: this program was built without SQLite (Debian: libsqlite3-dev)");
  }
  return CheckBatches(plan);
}

Result<Plan> PlanOf(const Words& words) {
  static const Choices<Durability> kDurabilities = {{"sync", Durability::kSync},
                                                    {"buffered", Durability::kBuffered}};
  static const Choices<StoreKind> kBeside = {{"rocksdb", StoreKind::kRocksDb},
                                             {"sqlite", StoreKind::kSqlite}};
  static const Choices<Format> kFormats = {
      {"table", Format::kTable}, {"json", Format::kJson}, {"csv", Format::kCsv}};
  Plan plan;
  TANDEM_ASSIGN_OR_RETURN(plan.events, ReadNumbers("--events", words.events, 0, kPerBatchMax));
  TANDEM_ASSIGN_OR_RETURN(plan.messages,
                          ReadNumbers("--messages", words.messages, 0, kPerBatchMax));
  TANDEM_ASSIGN_OR_RETURN(plan.bytes,
                          ReadNumbers("--bytes", words.bytes, 1, measuring::kNoiseBytesMax));
  TANDEM_ASSIGN_OR_RETURN(plan.callers, ReadNumbers("--callers", words.callers, 1, kCallersMax));
  TANDEM_ASSIGN_OR_RETURN(plan.durabilities,
                          ReadChoices("--durability", words.durability, kDurabilities));
  if (!words.beside.empty()) {
    TANDEM_ASSIGN_OR_RETURN(plan.beside, ReadChoices("--beside", words.beside, kBeside));
  }
  if (!words.batches.empty()) {
    TANDEM_ASSIGN_OR_RETURN(plan.batches, ReadNumber("--batches", words.batches, 1, kBatchesMax));
  }
  TANDEM_ASSIGN_OR_RETURN(plan.runs, ReadNumber("--runs", words.runs, 1, kRunsMax));
  TANDEM_ASSIGN_OR_RETURN(plan.format, ReadChoice("--output", words.output, kFormats));
  plan.directory = words.directory;
  plan.plot = words.plot;
  plan.quiet = words.quiet;
  TANDEM_RETURN_IF_ERROR(CheckSweep(plan));
  return plan;
}

void AddFlags(CLI::App& batch, Words& words) {
  const auto flag = [&batch](const std::string& name, std::string& word, const std::string& value,
                             const std::string& text) {
    batch.add_option(name, word, text)->type_name(value)->capture_default_str();
  };
  flag("--events", words.events, "N,...", "events in a batch, on one stream and expected version");
  flag("--messages", words.messages, "N,...", "messages that the batch puts into one queue");
  flag("--bytes", words.bytes, "N,...", "of each event and each message");
  flag("--callers", words.callers, "N,...", "threads that commit at the same time");
  flag("--durability", words.durability, "D,...", "sync (flushed), buffered (not flushed)");
  flag("--beside", words.beside, "STORE,...", "the same work in: rocksdb, sqlite");
  flag("--dir", words.directory, "DIR",
       "on the device to measure; a new directory in it, removed at the end");
  flag("--batches", words.batches, "N",
       "of each caller, store and run (else 1000 / callers, at least 100; buffered tenfold)");
  flag("--runs", words.runs, "N", "of each shape, on new stores; figures are the medians");
  flag("-o,--output", words.output, "FORMAT", "table, json (with histograms), csv");
  flag("--plot", words.plot, "FILE", "also draw the latencies, as SVG");
  batch.add_flag("-q,--quiet", words.quiet, "no head lines, notes and progress");
}

}  // namespace

Result<Command> ReadCommandLine(const std::vector<std::string>& arguments) {
  Words words;
  CLI::App app("tandem-bench measures what an atomic batch costs here.", "tandem-bench");
  app.set_version_flag("--version", "tandem-bench " TANDEM_VERSION);
  app.require_subcommand(1);
  CLI::App* const batch = app.add_subcommand(
      "batch", "a batch of events and messages, over its sizes, callers and durability");
  batch->footer(
      "Stores take turns block by block, so that a ratio means something on a busy machine, too.\n"
      "Exit: 0 measured, 2 usage, 3 no such directory, 8 disk full, 130 interrupted.\n"
      "Example: tandem-bench batch --events 1,3,10 --beside rocksdb,sqlite --plot batch.svg");
  AddFlags(*batch, words);
  try {
    std::vector<std::string> reversed(arguments.rbegin(), arguments.rend());
    app.parse(reversed);  // takes them from the end
  } catch (const CLI::CallForHelp&) {
    return Command{app.help(), {}};  // of the verb, if there is one
  } catch (const CLI::CallForVersion&) {
    return Command{"tandem-bench " TANDEM_VERSION "\n", {}};
  } catch (const CLI::RequiredError&) {
    return Status::InvalidArgument("what is to be measured? There is: batch");
  } catch (const CLI::ParseError& error) {
    return Status::InvalidArgument(error.what());
  }
  TANDEM_ASSIGN_OR_RETURN(Plan plan, PlanOf(words));
  return Command{"", std::move(plan)};
}

bool AskForJson(const std::vector<std::string>& arguments) {
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string& argument = arguments[i];
    const bool names = argument == "-o" || argument == "--output";
    if (names && i + 1 < arguments.size() && arguments[i + 1] == "json") return true;
    if (argument == "-ojson" || argument == "--output=json") return true;
  }
  return false;
}

}  // namespace tandem::bench
