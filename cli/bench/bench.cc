#include "tandem/cli/bench/bench.h"

#include <array>
#include <cstdio>
#include <fstream>
#include <optional>
#include <utility>

#include "tandem/cli/bench/command_line.h"
#include "tandem/cli/bench/machine.h"
#include "tandem/cli/bench/plot.h"
#include "tandem/cli/bench/progress_line.h"
#include "tandem/cli/bench/reports.h"
#include "tandem/cli/bench/sweep.h"
#include "tandem/cli/bench/work_directory.h"
#include "tandem/cli/exit_code.h"

namespace tandem::bench {

namespace {

// What was measured until it was complete, failed or was interrupted.
struct Measured {
  Machine machine;
  std::vector<Row> rows;
  Status end;
};

Measured Measure(const Plan& plan, const std::filesystem::path& work, const Console& console) {
  Measured measured;
  measured.machine = LookAtMachine(work);
  std::optional<ProgressLine> line;
  if (console.err_is_terminal && !plan.quiet) line.emplace(console.err);
  const auto observe = [&](const Progress& progress) {
    if (line.has_value()) line->Show(progress);
    return !console.interrupted();
  };
  measured.end = RunSweep(plan, work, observe, measured.rows);
  if (line.has_value()) line->Clear();
  return measured;
}

std::string ReportOf(const Plan& plan, const Measured& measured) {
  switch (plan.format) {
    case Format::kJson:
      return JsonOf(plan, measured.machine, measured.rows);
    case Format::kCsv:
      return CsvOf(measured.machine, measured.rows);
    case Format::kTable:
      break;
  }
  const std::string head = plan.quiet ? "" : HeadOf(plan, measured.machine);
  return head + TableOf(plan, measured.rows);
}

void WriteNotes(const Plan& plan, const Machine& machine, std::ostream& err) {
  if (plan.quiet) return;
  std::array<char, 128> load;
  std::snprintf(load.data(), load.size(), "note: load %.2f on %u cores, others were at work",
                machine.load, machine.cores);
  if (machine.load >= 1) {
    err << load.data();
    if (!plan.beside.empty()) err << ": trust the last column (ratio of the p50)";
    err << "\n";
  }
  if (machine.InMemory()) {
    err << "warning: " << plan.directory.string() << " is " << machine.file_system
        << ", where a flush reaches no device; give another --dir\n";
  }
}

// The file of the plot. It can be written, or nothing is measured: an hour's figures are not lost
// for it. Until there are rows to draw, it stays as it is.
class PlotFile {
 public:
  explicit PlotFile(std::filesystem::path path) : path_(std::move(path)) {}

  Status Check() const {
    if (path_.empty()) return Status::Ok();
    std::error_code ignored;
    const bool is_new = !std::filesystem::exists(path_, ignored);
    const bool opened = std::ofstream(path_, std::ios::app).is_open();
    if (opened && is_new) std::filesystem::remove(path_, ignored);
    return opened ? Status::Ok() : CanNotWrite();
  }

  Status Write(const Measured& measured) const {
    if (path_.empty() || measured.rows.empty()) return Status::Ok();
    std::ofstream file(path_, std::ios::trunc);
    file << PlotOf(measured.machine, measured.rows) << std::flush;
    return file ? Status::Ok() : CanNotWrite();
  }

 private:
  Status CanNotWrite() const { return Status::IoError("can't write " + path_.string()); }

  const std::filesystem::path path_;
};

int Fail(const Status& failure, std::string_view hint, bool as_json, std::ostream& err) {
  err << (as_json ? cli::ErrorAsJson(failure, hint) : cli::ErrorInWords(failure, hint));
  return cli::ExitCodeOf(failure.code());
}

// All of it but how it is told.
Status RunPlan(const Plan& plan, const Console& console, Measured& measured) {
  const PlotFile plot(plan.plot);
  {
    TANDEM_ASSIGN_OR_RETURN(const WorkDirectory work, WorkDirectory::Make(plan.directory));
    TANDEM_RETURN_IF_ERROR(plot.Check());
    measured = Measure(plan, work.path(), console);
  }
  if (!measured.rows.empty()) console.out << ReportOf(plan, measured) << std::flush;
  const Status drawn = plot.Write(measured);
  if (!measured.end.ok()) return measured.end;
  if (!console.out) return Status::IoError("the figures could not be written");
  return drawn;
}

int RunAndTell(const Plan& plan, const Console& console) {
  Measured measured;
  const Status end = RunPlan(plan, console, measured);
  const std::string done = std::to_string(measured.rows.size()) + " of " +
                           std::to_string(ShapesOf(plan).size() * StoresOf(plan).size()) +
                           " rows measured";
  if (end.code() == StatusCode::kCancelled) {
    console.err << "interrupted: " << done << "\n";
    return cli::kInterrupted;
  }
  if (end.ok()) {
    WriteNotes(plan, measured.machine, console.err);
    return cli::kDone;
  }
  // A list never ends early in silence.
  if (!measured.rows.empty()) console.err << "note: " << done << "\n";
  return Fail(end, "", plan.format == Format::kJson, console.err);
}

}  // namespace

int RunBench(const std::vector<std::string>& arguments, const Console& console) {
  const Result<Command> command = ReadCommandLine(arguments);
  if (!command.ok()) {
    return Fail(command.status(), "tandem-bench batch --help", AskForJson(arguments), console.err);
  }
  if (command->text.empty()) return RunAndTell(command->plan, console);
  console.out << command->text << std::flush;
  return cli::kDone;
}

}  // namespace tandem::bench
