#pragma once

// The orchestration dispatcher runs the turns of instances: one at a time for each in this runtime.
// What causes a turn is a message of the queue "dx/turns" (all that waits for the instance is
// taken together), the result of an activity that has run in this runtime, or a start. A turn takes
// all causes that are there, goes on from the live instance or else from history, and stores
// everything in one batch, which acknowledges what caused it (internal/store/turn_batch.h).
//
// Most turns take longer to be stored than to be run. So a thread waits for that only while it has
// nothing else to do and few others wait; else it goes on, and the provider calls back. And where
// many instances have something to do, it takes several at a time
// (internal/dispatch/turn_portion.h).
//
// A turn that was run on an old history (internal/dispatch/turn_processor.h) is run once more on
// the new one, and then set aside. Set aside, messages are given back, and results are reported by
// a message, so that they come back through the queue.
//
// Fate of what can't be processed: an instance without its code is handed over to another runtime,
// and in the end parked (internal/dispatch/parking.h), as is one whose code diverges, or whose
// stored records can't be read; one whose turns were begun too often without any answer is ended
// (internal/engine/poison.h); messages for an instance that never started are acknowledged and
// counted.

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/executor.h"
#include "base/guarded.h"
#include "batch/provider.h"
#include "duroxide_runtime/internal/dispatch/counters.h"
#include "duroxide_runtime/internal/dispatch/dequeued_instances.h"
#include "duroxide_runtime/internal/dispatch/lease_keeper.h"
#include "duroxide_runtime/internal/dispatch/parking.h"
#include "duroxide_runtime/internal/dispatch/result_reporter.h"
#include "duroxide_runtime/internal/dispatch/running_work.h"
#include "duroxide_runtime/internal/dispatch/tuning.h"
#include "duroxide_runtime/internal/dispatch/turn_inbox.h"
#include "duroxide_runtime/internal/dispatch/turn_portion.h"
#include "duroxide_runtime/internal/dispatch/turn_processor.h"
#include "duroxide_runtime/internal/store/instance_operations.h"
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
        turns_(provider, registry, log, counters, std::move(seeds), options),
        can_detach_(options.threads > 0),
        executor_(nullptr, options.threads),
        helpers_(&provider.clock(), options.threads) {}

  // All of these are thread-safe, and return an error of the store that kept them from their work,
  // or an earlier call that has not waited for it.

  // Handles what one Dequeue returned, of one instance or more. Should a turn not end, what stands
  // behind it is taken over by a thread of the dispatcher's own.
  Status Handle(std::vector<tandem::Delivery> deliveries);

  // Brings the result of an activity to its instance's turn, or reports it by a message if it may
  // not: a result of an activity that was delivered before goes by the queue, so that a turn which
  // kills the process is counted there and not charged to the activity.
  Status Complete(ActivityResult result, bool may_fuse);

  // Starts an instance together with its first turn, in one batch. nullopt if that is not possible
  // here and now: then it is started by a message. Errors: Conflict (the id is taken, or was
  // deleted meanwhile), and those of the store.
  std::optional<Status> Start(const NewInstance& instance);

  // From now on no start is run here, and no further turn begins: what a turn that runs leaves
  // behind is set aside, and results are stored by themselves. `on_idle` is called whenever nothing
  // is left that runs outside of the calls of Handle and Complete.
  void StopStarting(std::function<void()> on_idle) { running_.StopStarting(std::move(on_idle)); }
  bool idle() const { return running_.idle(); }
  // Turns of those that could not be stored, after StopStarting.
  std::size_t failed() const { return running_.failed(); }

  // How many messages to take at a time: fewer while their turns do not fit into one batch.
  std::size_t messages_max() const { return messages_max_; }
  // And of how many instances.
  std::size_t instances_max() const { return can_detach_ ? portion_.instances_max() : 1; }

 private:
  // A turn that is being stored while no thread waits for it, or has been by a thread that has
  // nothing to do with the turns that follow.
  struct Detached {
    RunningWork::Piece running;
    TurnInbox::Runner runner;
    Causes causes;  // empty once the turn is stored and all about it is done
    PreparedTurn turn;
  };

  using Deliveries = DequeuedInstances::Deliveries;
  // Accepts one instance's messages. Returns a Runner if the caller must now run its turns.
  Result<std::optional<TurnInbox::Runner>> Accept(Deliveries deliveries);
  // Not of this runtime: nobody can ever process them.
  Status DropForeign(Deliveries deliveries);
  // Runs turns until the inbox is empty, but at most some in a row: then, or once the runtime ends,
  // what waits is set aside, and this thread takes other work. Also returns once a turn has been
  // handed to AtomicBatchAsync; its completion then continues the instance. `more_to_do`: this
  // thread has other work, and so does not wait.
  struct Ran {
    Status first_error;
    std::size_t instances = 0;
    std::chrono::microseconds code{0};  // how long it ran
  };
  Ran RunTurns(TurnInbox::Runner runner, bool more_to_do);
  // Those of all that nobody else takes meanwhile.
  Ran RunInstances(const std::shared_ptr<DequeuedInstances>& instances);

  bool MayDetach() const { return can_detach_ && detached_ < tuning::kDetachedMax; }
  void Detach(TurnInbox::Runner runner, Causes causes, PreparedTurn turn);
  // On a thread of the provider: does not block. Leaves to Resume what may, on a thread of our own:
  // what went wrong, what is to be logged, and the next turn.
  void Conclude(Detached detached, const Status& status);
  void Resume(Detached detached, const Status& status);
  // Leaves it to Resume.
  void HandOn(Detached detached, const Status& status = Status::Ok());
  // What kept a turn that nobody waited for from being stored, told once.
  void LeaveTrouble(const Status& status);
  Status TakeTrouble() { return std::exchange(*trouble_.Lock(), Status::Ok()); }

  // Does what the verdict calls for, and tries again where that helps.
  Status Settle(const std::string& instance, Causes causes, Verdict verdict);
  Verdict Try(const std::string& instance, const Causes& causes, bool from_live) {
    return turns_.Store(turns_.Prepare(instance, causes, from_live), causes);
  }
  // Leaves the causes whose leases hold.
  void DropLost(const LeasesLost& lost, Causes& causes);
  // In two portions.
  Status RunHalves(const std::string& instance, Causes causes);
  Status RunTurnOf(const std::string& instance, Causes causes);
  // An instance whose turn of a single item is too large for a batch, and would be forever.
  Status EndTooLarge(const std::string& instance, const Causes& causes, const Status& too_large);

  // Causes that no turn of this runtime takes: results are reported by a message, messages are
  // given back, to be taken again by any runtime.
  Status SetAside(const Causes& causes);
  // In smaller portions.
  Status SetAsideForLess(const Causes& causes, const TooLarge& too_large);
  // Returns what the trouble is.
  Status SetAsideInTrouble(const std::string& instance, const Causes& causes,
                           const StoreTrouble& trouble);
  // Messages are parked.
  Status SetAsideStuck(const std::string& instance, const Causes& causes, const Stuck& stuck);
  // `end_queued`: what the messages get.
  Status SetAside(const Causes& causes,
                  const std::function<Status(const QueuedItems&)>& end_queued);
  Status GiveBackQueued(const QueuedItems& queued);
  Status ParkQueued(const std::string& instance, const Stuck& stuck, const QueuedItems& queued);
  Status HandOver(const std::string& instance, const std::string& diagnosis,
                  const QueuedItems& queued);
  Status ReportAlone(const ActivityResult& result);

  tandem::Provider& provider_;
  LogSink& log_;
  Counters& counters_;
  LeaseKeeper& leases_;
  ResultReporter& reporter_;
  const TurnOptions options_;

  // Own synchronization.
  TurnProcessor turns_;
  TurnInbox inbox_;
  Backoffs parked_;  // by instance
  TurnPortion portion_;
  std::atomic<std::size_t> messages_max_ = kTurnMessagesMax;
  std::atomic<bool> can_detach_;
  std::atomic<int> storing_ = 0;   // threads that wait for the batch of their turn
  std::atomic<int> detached_ = 0;  // turns for which nobody waits
  tandem::Guarded<Status> trouble_;
  tandem::Executor executor_;  // for what is left of those
  tandem::Executor helpers_;   // a pool of its own: the other's threads may all be in endless turns
  RunningWork running_;        // last: waits for all that uses the above
};

}  // namespace duroxide::internal
