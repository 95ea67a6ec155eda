#pragma once

// The orchestration dispatcher runs the turns of instances: one at a time for each in this runtime.
// What causes a turn is a message of the queue "orchestrator" (all that waits for the instance is
// taken together), the result of an activity that has run in this runtime, or a start. A turn takes
// all causes that are there, goes on from the live instance or else from history, and stores
// everything in one batch, which acknowledges what caused it (internal/turn_batch.h).
//
// Where many instances have something to do, a thread takes several at a time and runs a turn of
// each; their batches are stored side by side, so that they share a flush (internal/turn_portion.h
// says how many).
//
// A turn that was run on an old history (internal/turn_maker.h) is run once more on the new one,
// and then set aside. Set aside, messages are given back, and results are reported by a message, so
// that they come back through the queue.
//
// Fate of what can't be processed: an instance without its code, whose code diverges, or whose
// stored records can't be read, is parked (internal/parking.h); one whose turns were begun too
// often without any answer is ended (internal/poison.h); messages for an instance that never
// started are acknowledged and counted.

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/guarded.h"
#include "batch/provider.h"
#include "duroxide_runtime/internal/counters.h"
#include "duroxide_runtime/internal/instance_store.h"
#include "duroxide_runtime/internal/lease_keeper.h"
#include "duroxide_runtime/internal/parking.h"
#include "duroxide_runtime/internal/result_reporter.h"
#include "duroxide_runtime/internal/turn_inbox.h"
#include "duroxide_runtime/internal/turn_line.h"
#include "duroxide_runtime/internal/turn_maker.h"
#include "duroxide_runtime/internal/turn_portion.h"
#include "duroxide_runtime/limits.h"
#include "duroxide_runtime/log.h"
#include "duroxide_runtime/registry.h"

namespace duroxide::internal {

class OrchestrationDispatcher {
 public:
  // All references outlive the dispatcher. `seeds` is called for every start, from any thread.
  OrchestrationDispatcher(tandem::Provider& provider, const Registry& registry, LogSink& log,
                          Counters& counters, LeaseKeeper& leases, ResultReporter& reporter,
                          std::function<std::uint64_t()> seeds, const TurnOptions& options)
      : provider_(provider),
        log_(log),
        counters_(counters),
        leases_(leases),
        reporter_(reporter),
        options_(options),
        turns_(provider, registry, log, counters, std::move(seeds), options) {}

  // All of these are thread-safe, and return an error of the store that kept them from their work.

  // Handles what one Dequeue returned, of one instance or more. What was taken comes back when its
  // lease ends.
  Status Handle(const std::vector<tandem::Delivery>& deliveries);

  // Brings the result of an activity to its instance's turn, which this thread runs, or another one
  // that does so already; or reports it by a message if it may not: a result of an activity that
  // was delivered before goes by the queue, so that a turn which kills the process is counted there
  // and not charged to the activity.
  Status Complete(ActivityResult result, bool may_fuse);

  // Starts an instance together with its first turn, in one batch. nullopt if that is not possible
  // here and now: then it is started by a message. Errors: Conflict (the id is taken, or was
  // deleted meanwhile), and those of the store.
  std::optional<Status> Start(const NewInstance& instance);

  // From now on starts are not run here. `on_idle` is called when the last that runs has ended.
  void StopStarting(std::function<void()> on_idle);
  // Of those that run here: how many there are, and how many left a turn that could not be stored
  // after StopStarting.
  std::size_t starts_running() const { return starts_.Lock()->running; }
  std::size_t starts_failed() const { return starts_.Lock()->failed; }

  // How many messages to take at a time: fewer while their turns do not fit into one batch.
  std::size_t messages_max() const { return messages_max_; }
  // And of how many instances.
  std::size_t instances_max() const { return portion_.instances_max(); }

 private:
  using Causes = TurnMaker::Causes;

  // Those that run within Start.
  struct Starts {
    std::size_t running = 0;
    std::size_t failed = 0;  // since they were stopped
    bool stopped = false;
    std::function<void()> on_idle;
  };
  bool BeginStart();  // false: they were stopped
  void EndStart();
  class StartEnd {
   public:
    explicit StartEnd(OrchestrationDispatcher& dispatcher) : dispatcher_(dispatcher) {}
    StartEnd(const StartEnd&) = delete;
    StartEnd& operator=(const StartEnd&) = delete;
    ~StartEnd() { dispatcher_.EndStart(); }

   private:
    OrchestrationDispatcher& dispatcher_;
  };

  // What one runner does in a round.
  struct Round {
    TurnInbox::Runner* runner;
    Causes causes;
    TurnMaker::Prepared prepared = Attempt{};
    Status stored;
  };

  using Deliveries = std::span<const tandem::Delivery>;
  // What was delivered of one instance; the runner of its turns, if that is for the caller to be.
  Result<std::optional<TurnInbox::Runner>> Accept(Deliveries deliveries);
  // Not of this runtime: nobody can ever process them.
  Status DropForeign(Deliveries deliveries);
  // Runs the turns of who waits in line.
  Status ServeLine();
  // Runs turns until the inboxes are empty, but not for ever: after some in a row, what waits is
  // set aside, and this thread turns to others.
  struct Ran {
    Status first_error;
    std::chrono::microseconds code{0};  // how long it ran in the longest round
  };
  Ran RunTurns(std::vector<TurnInbox::Runner> runners);
  Ran RunTurns(TurnInbox::Runner runner);
  void StoreSideBySide(std::vector<Round>& rounds);
  Status RunTurnOf(const std::string& instance, Causes causes);
  // Does what the attempt calls for, and tries again where that helps.
  Status Settle(const std::string& instance, Causes causes, Attempt attempt);
  // In two portions.
  Status RunHalves(const std::string& instance, Causes causes);

  Attempt Try(const std::string& instance, const Causes& causes, bool from_live) {
    return turns_.Store(turns_.Prepare(instance, causes, from_live), causes);
  }
  void NoteStored(const std::string& instance, const Causes& causes);
  // One whose turn of a single item is too large for a batch, and would be for ever.
  Status EndTooLarge(const std::string& instance, const Causes& causes, const Attempt& attempt);
  // Results are reported by a message; messages get what the attempt has ended with.
  Status SetAside(const std::string& instance, const Causes& causes, const Attempt& attempt);
  Status EndQueued(const std::string& instance, const QueuedItems& queued, const Attempt& attempt);
  Status ParkInstance(const std::string& instance, const std::string& diagnosis,
                      const QueuedItems& queued);
  Status ReportAlone(const ActivityResult& result);

  tandem::Provider& provider_;
  LogSink& log_;
  Counters& counters_;
  LeaseKeeper& leases_;
  ResultReporter& reporter_;
  const TurnOptions options_;

  // Own synchronization.
  TurnMaker turns_;
  TurnInbox inbox_;
  Backoffs parked_;      // by instance
  TurnPortion portion_;  // of what is dequeued
  TurnLine line_;        // of instances whose activities have ended
  tandem::Guarded<Starts> starts_;
  std::atomic<std::size_t> messages_max_ = kTurnMessagesMax;
};

}  // namespace duroxide::internal
