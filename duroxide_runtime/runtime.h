#pragma once

// A Runtime runs orchestrations and activities: it takes work from a provider, and puts what comes
// of it back. All state is in the provider, so a runtime can stop or die at any moment, and several
// may share one provider; each then takes what it gets.
//
//   auto runtime = duroxide::Runtime::Start(provider, std::move(registry));
//   if (!runtime.ok()) ...
//   runtime.value()->client().Start(kChecksum, "instance-1", "/usr/include");

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tandem/batch/provider.h"
#include "tandem/duroxide_runtime/client.h"
#include "tandem/duroxide_runtime/log.h"
#include "tandem/duroxide_runtime/registry.h"
#include "tandem/duroxide_runtime/shutdown.h"

namespace duroxide {

struct RuntimeOptions {
  RuntimeOptions() {}  // not an aggregate: safe as a temporary beside a co_await on g++ 12

  // Threads for turns; 0: this runtime runs activities only. A turn holds its thread while its code
  // runs, and hardly while it is stored (docs/concurrency.md, "Turns"), so a few would do but for
  // code that blocks: what is slow in steps (OrchestrationContext::Run), or never ends.
  std::size_t orchestration_threads = 16;
  // Activities at a time; 0: orchestrations only. Each holds its thread until it returns, also one
  // that was asked to stop and does not look: threads are all that activities can take.
  std::size_t activity_threads = 16;

  // Which activities are run here: untagged ones, and those that were called with one of these tags
  // (CallOptions::Tag). One whose tag nobody serves waits; race it with a timer.
  std::vector<std::string> tags = {};
  bool untagged_activities = true;

  // How long work is kept from others when this runtime dies. Renewed while it lives. 1 ms to
  // 365 days.
  tandem::Saturated<std::chrono::milliseconds> lease = std::chrono::seconds(30);

  // More deliveries than these without an answer are poison: the process died of each, or lost its
  // lease. An activity then counts as failed, an instance whose turns they were is ended as failed,
  // both with FailureCategory::kPoison. An activity that is not registered where it is delivered is
  // handed over to other runtimes for 0.4 s; that nobody has taken it then is one delivery. It
  // fails for good (kConfiguration) at the last of these; until then it waits 1 s, doubling up to
  // 60 s, in between.
  std::uint32_t max_deliveries = 10;

  // Instances that stay in memory between their turns, at most; the least recently used goes first.
  // A turn of one that is there replays nothing. 0: every turn reads and replays the history.
  std::size_t live_instances = 10'000;
  // And the bytes that they may hold together, by an estimate: what is in their histories and
  // key-value maps, and 4 KiB for each.
  std::size_t live_bytes = std::size_t{256} << 20;

  // A start runs the first turn, and the result of an activity that ran here its turn, in the batch
  // that stores it: so N activities one after the other take N + 1 flushes alone (and one more
  // whenever a thread has run 16 turns of one instance without a break). Off: starts and
  // results are stored by themselves, and turns come by the queue. Without orchestration_threads it
  // is off.
  bool fused_commits = true;

  LogSink* log = nullptr;  // outlives the runtime; null: StderrLogSink()

  // Where the seeds of instances come from; empty: the system's random device. Thread-safe.
  std::function<std::uint64_t()> seeds = {};
};

// Counts since the start of the runtime.
struct RuntimeStats {
  std::uint64_t turns = 0;                  // stored
  std::uint64_t events_replayed = 0;        // history events that turns ran again; 0 while live
  std::uint64_t activities_run = 0;         // with a stored result, be it a failure
  std::uint64_t activities_dropped = 0;     // results dropped: cancelled, or the lease was lost
  std::uint64_t activities_given_back = 0;  // were asked to stop, and run again somewhere
  std::uint64_t turn_conflicts = 0;         // turns dropped because somebody else was faster
  std::uint64_t messages_dropped = 0;       // duplicates, late completions, unknown instances
  std::uint64_t parked = 0;                 // times that work was put aside with a diagnosis
  std::uint64_t handed_over = 0;            // times that work was left to a runtime with its code
  std::uint64_t poisoned = 0;  // activities and instances given up: max_deliveries was exceeded
};

// "drained"
std::string_view ShutdownResultName(ShutdownResult result);

// Thread-safe. In a child made by fork() it is dead, as its provider is: Shutdown is kFailed at
// once, the destructor does nothing.
class Runtime {
 public:
  // Starts the threads. `provider` outlives the runtime. Errors: InvalidArgument (options, or a
  // mistake in the registry); Unavailable (the system gives no further thread, or no memory).
  static Result<std::unique_ptr<Runtime>> Start(tandem::Provider& provider, Registry registry,
                                                const RuntimeOptions& options);
  static Result<std::unique_ptr<Runtime>> Start(tandem::Provider& provider, Registry registry) {
    return Start(provider, std::move(registry), RuntimeOptions());
  }

  // Shuts down with the default options. Threads can't be killed, so it then waits for those that
  // still run, however long: an activity has to look at its stop token, or to return by itself. Who
  // can't wait ends the process, which loses nothing.
  ~Runtime();
  Runtime(const Runtime&) = delete;
  Runtime& operator=(const Runtime&) = delete;

  // A client that also knows what is registered here; it must not outlive the runtime.
  Client client() const;

  // Takes no new work, lets what runs come to its end and stores it; returns as soon as that is
  // done, at the latest after timeout and grace. Leases are renewed until the last result is
  // stored. All callers share one outcome, and the earliest deadline of any of them; later calls
  // return it again. Not from an activity, which would wait for itself.
  ShutdownResult Shutdown(const ShutdownOptions& options);
  ShutdownResult Shutdown() { return Shutdown(ShutdownOptions()); }

  // What a program's main thread does: blocks until the process gets SIGINT or SIGTERM, then shuts
  // down. The same signal once more ends the process at once, which loses nothing. Only while this
  // waits are the two signals caught; the handlers from before are put back.
  ShutdownResult RunUntilSignal(const ShutdownOptions& options);
  ShutdownResult RunUntilSignal() { return RunUntilSignal(ShutdownOptions()); }

  RuntimeStats Stats() const;

 private:
  struct Impl;
  explicit Runtime(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace duroxide
