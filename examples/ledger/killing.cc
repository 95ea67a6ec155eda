#include "examples/ledger/killing.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <fstream>
#include <iterator>
#include <memory>
#include <sstream>
#include <thread>

#include <tandem/tandem.h>
#include "examples/common/child_process.h"
#include "examples/ledger/audit.h"
#include "examples/ledger/recount.h"

namespace ledger {

namespace {

using examples::ChildProcess;
using tandem::Result;
using tandem::Status;

constexpr std::chrono::microseconds kLookEvery{500};
constexpr std::uint64_t kMomentMax = 5'000;      // microseconds
constexpr std::uint64_t kOpeningMax = 60'000;    // microseconds: kills fall into opening, too
constexpr std::uint64_t kReportsPerInput = 500;  // lines of progress, to kill by

std::filesystem::path StorePath(const KillOptions& options) { return options.work / "store"; }

ChildProcess StartLedger(const KillOptions& options, const std::filesystem::path& log) {
  std::vector<std::string> arguments = options.arguments;
  arguments.insert(arguments.end(), {"--store", StorePath(options).string(), "--report-every",
                                     std::to_string(1 + options.rows / kReportsPerInput)});
  return ChildProcess(options.program.string(), arguments, log.string());
}

std::string ReadFile(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

// The rows in the last whole line of progress; 0 if there is none.
std::uint64_t RowsTold(const std::filesystem::path& log) {
  std::uint64_t rows = 0;
  std::istringstream lines(ReadFile(log));
  std::string line;
  while (std::getline(lines, line)) {
    if (line.find(" rows decided") == std::string::npos) continue;
    std::from_chars(line.data(), line.data() + line.size(), rows);
  }
  return rows;
}

// Internal unless accounts, snapshots and view are what a recount up to the checkpoints gives.
Status CheckStore(const KillOptions& options, KillResult& result) {
  TANDEM_ASSIGN_OR_RETURN(
      const auto store, tandem::OpenStore(StorePath(options), tandem::OpenMode::kCreateIfMissing));
  TANDEM_ASSIGN_OR_RETURN(const Extents extents, ReadExtents(*store));
  TANDEM_ASSIGN_OR_RETURN(const auto source, OpenInput(options.input));
  TANDEM_ASSIGN_OR_RETURN(const Recount recount,
                          CountAgain(*source, extents.decided, extents.projected));
  TANDEM_ASSIGN_OR_RETURN(const AuditReport report, Audit(*store, recount));
  result.stored = recount.done + recount.refused;
  result.events = report.events;
  result.in_view = recount.counts.messages;
  if (report.ok()) return Status::Ok();
  return Status::Internal(
      "the store is not what its checkpoints say: " + report.differences.front() + ", and " +
      std::to_string(report.differences_count - 1) + " more");
}

}  // namespace

Result<KillResult> KillOnce(const KillOptions& options, const KillAim& aim,
                            std::mt19937_64& random) {
  const std::filesystem::path log = options.work / ("kill-" + std::to_string(aim.number) + ".log");
  const bool at_once = aim.target <= aim.stored_before;
  const std::chrono::microseconds a_moment(random() % (at_once ? kOpeningMax : kMomentMax));
  KillResult result;
  {
    ChildProcess child = StartLedger(options, log);
    while (!at_once && child.Running() && RowsTold(log) < aim.target) {
      std::this_thread::sleep_for(kLookEvery);
    }
    std::this_thread::sleep_for(a_moment);
    result.killed = child.Running();
    child.Kill();
    const int exit_status = child.Wait();
    if (!result.killed && exit_status != 0) {
      return Status::Internal("the program failed:\n" + ReadFile(log));
    }
  }
  result.told = RowsTold(log);
  TANDEM_RETURN_IF_ERROR(CheckStore(options, result));
  const std::uint64_t promised = std::max(result.told, aim.stored_before);
  if (result.stored < promised) {
    return Status::Internal(std::to_string(promised) + " rows had been decided, and " +
                            std::to_string(result.stored) + " are left");
  }
  return result;
}

Result<std::string> RunToTheEnd(const KillOptions& options) {
  const std::filesystem::path log = options.work / "last.log";
  ChildProcess child = StartLedger(options, log);
  if (child.Wait() != 0) return Status::Internal("the program failed:\n" + ReadFile(log));
  // What it printed is behind its progress.
  const std::string text = ReadFile(log);
  return text.substr(text.find("this run:"));
}

}  // namespace ledger
