#include "examples/checksum/demo_round.h"

#include <algorithm>
#include <chrono>
#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <sstream>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

#include <tandem/duroxide.h>
#include <tandem/tandem.h>
#include "examples/checksum/checksum.h"
#include "examples/common/child_process.h"

namespace checksum {

namespace {

using duroxide::EventId;
using examples::ChildProcess;
using tandem::Result;
using tandem::Status;

struct Paths {
  explicit Paths(const std::filesystem::path& work)
      : store(work / "store"),
        manifest(work / "manifest.sha256"),
        activity_log(work / "activities.log"),
        output(work / "output.log") {}
  std::filesystem::path store;
  std::filesystem::path manifest;
  std::filesystem::path activity_log;
  std::filesystem::path output;
};

ChildProcess StartChecksum(const RoundOptions& options, const Paths& paths) {
  return ChildProcess(options.program.string(),
                      {options.directory.string(), "--store", paths.store.string(), "--manifest",
                       paths.manifest.string(), "--activity-log", paths.activity_log.string()},
                      paths.output.string());
}

std::string ReadFile(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

// How often each activity was started, by its id.
std::map<EventId, std::size_t> ReadActivityLog(const Paths& paths) {
  std::map<EventId, std::size_t> runs;
  std::istringstream log(ReadFile(paths.activity_log));
  std::string line;
  while (std::getline(log, line)) ++runs[std::stoull(line)];
  return runs;
}

std::size_t CountLines(const std::filesystem::path& path) {
  const std::string text = ReadFile(path);
  return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

// Kills the program when a random number of activities have started, and a moment later.
Result<std::size_t> KillSomewhere(ChildProcess& child, const RoundOptions& options,
                                  const Paths& paths, std::mt19937_64& random) {
  const std::size_t after_runs = random() % options.runs_expected;
  const std::chrono::microseconds a_moment(random() % 3000);
  while (CountLines(paths.activity_log) < after_runs) {
    if (!child.Running()) return Status::Internal("it ended before it was killed");
    std::this_thread::sleep_for(std::chrono::microseconds(500));
  }
  std::this_thread::sleep_for(a_moment);
  child.Kill();
  child.Wait();
  return CountLines(paths.activity_log);
}

// The activities whose completion is in the history.
Result<std::set<EventId>> ReadPromises(const Paths& paths) {
  std::set<EventId> completed;
  TANDEM_ASSIGN_OR_RETURN(const auto store,
                          tandem::OpenStore(paths.store, tandem::OpenMode::kCreateIfMissing));
  const duroxide::Client client(*store);
  duroxide::HistoryOptions options;
  while (true) {
    TANDEM_ASSIGN_OR_RETURN(const duroxide::HistoryPage page,
                            client.ReadHistory(kInstance, options));
    if (page.events.empty()) return completed;
    for (const duroxide::HistoryEvent& event : page.events) {
      const auto* done = std::get_if<duroxide::ActivityCompleted>(&event.body);
      const auto* failed = std::get_if<duroxide::ActivityFailed>(&event.body);
      if (done != nullptr) completed.insert(done->scheduled_id);
      if (failed != nullptr) completed.insert(failed->scheduled_id);
    }
    options.from = page.next;
  }
}

Status Finish(const RoundOptions& options, const Paths& paths) {
  ChildProcess child = StartChecksum(options, paths);
  if (child.Wait() == 0) return Status::Ok();
  return Status::Internal("the program failed:\n" + ReadFile(paths.output));
}

Status CheckManifest(const Paths& paths) {
  ChildProcess sha256sum("sha256sum", {"-c", "--quiet", "--strict", paths.manifest.string()},
                         paths.output.string());
  if (sha256sum.Wait() == 0) return Status::Ok();
  return Status::Internal("sha256sum does not confirm the manifest:\n" + ReadFile(paths.output));
}

}  // namespace

Result<std::size_t> RunUndisturbed(const RoundOptions& options) {
  std::filesystem::create_directories(options.work);
  const Paths paths(options.work);
  TANDEM_RETURN_IF_ERROR(Finish(options, paths));
  TANDEM_RETURN_IF_ERROR(CheckManifest(paths));
  return CountLines(paths.activity_log);
}

Result<RoundResult> RunRound(const RoundOptions& options, std::mt19937_64& random) {
  std::filesystem::create_directories(options.work);
  const Paths paths(options.work);
  RoundResult result;
  {
    ChildProcess child = StartChecksum(options, paths);
    TANDEM_ASSIGN_OR_RETURN(result.killed_after, KillSomewhere(child, options, paths, random));
  }
  TANDEM_ASSIGN_OR_RETURN(const std::set<EventId> promised, ReadPromises(paths));
  result.promised.assign(promised.begin(), promised.end());
  TANDEM_RETURN_IF_ERROR(Finish(options, paths));
  TANDEM_RETURN_IF_ERROR(CheckManifest(paths));
  result.files = CountLines(paths.manifest);
  const std::map<EventId, std::size_t> runs = ReadActivityLog(paths);
  for (const auto& [id, times] : runs) {
    result.runs += times;
    result.repeated += times - 1;
  }
  for (const EventId id : promised) {
    const auto found = runs.find(id);
    const std::size_t times = found == runs.end() ? 0 : found->second;
    if (times == 1) continue;
    return Status::Internal("activity " + std::to_string(id) +
                            " was done before the kill, and ran " + std::to_string(times) +
                            " times");
  }
  return result;
}

}  // namespace checksum
