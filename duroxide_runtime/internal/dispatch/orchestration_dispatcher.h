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
// This is the intake: what causes turns, and which thread runs whose turns. What becomes of a turn
// is the settlement's (internal/dispatch/turn_settlement.h). docs/concurrency.md draws the states
// of an instance in between.

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

#include "tandem/base/executor.h"
#include "tandem/base/guarded.h"
#include "tandem/batch/provider.h"
#include "tandem/duroxide_runtime/internal/dispatch/counters.h"
#include "tandem/duroxide_runtime/internal/dispatch/dequeued_instances.h"
#include "tandem/duroxide_runtime/internal/dispatch/lease_keeper.h"
#include "tandem/duroxide_runtime/internal/dispatch/result_reporter.h"
#include "tandem/duroxide_runtime/internal/dispatch/running_work.h"
#include "tandem/duroxide_runtime/internal/dispatch/tuning.h"
#include "tandem/duroxide_runtime/internal/dispatch/turn_inbox.h"
#include "tandem/duroxide_runtime/internal/dispatch/turn_portion.h"
#include "tandem/duroxide_runtime/internal/dispatch/turn_processor.h"
#include "tandem/duroxide_runtime/internal/dispatch/turn_settlement.h"
#include "tandem/duroxide_runtime/internal/store/fused_starts.h"
#include "tandem/duroxide_runtime/internal/store/instance_operations.h"
#include "tandem/duroxide_runtime/log.h"
#include "tandem/duroxide_runtime/registry.h"

namespace duroxide::internal {

class OrchestrationDispatcher final : public FusedStarts {
 public:
  // All references outlive the dispatcher. `seeds` is called for every start, from any thread.
  OrchestrationDispatcher(tandem::Provider& provider, const Registry& registry, LogSink& log,
                          Counters& counters, LeaseKeeper& leases, ResultReporter& reporter,
                          std::function<std::uint64_t()> seeds, const TurnOptions& options)
      : provider_(provider),
        leases_(leases),
        reporter_(reporter),
        options_(options),
        turns_(provider, registry, log, counters, std::move(seeds), options),
        settlement_(provider, log, counters, reporter, turns_, portion_),
        can_detach_(options.threads > 0),
        executor_(nullptr, options.threads),
        helpers_(&provider.clock(), options.threads) {}

  // All of these are thread-safe, and return an error of the store that kept them from their work,
  // or an earlier call that has not waited for it.

  // Handles what one Dequeue returned, of one instance or more. Should a turn not end, what stands
  // behind it is taken over by a thread of the dispatcher's own.
  Status Handle(std::vector<tandem::Delivery> deliveries);

  // Whether results of activities may be brought here: not if that is switched off, nor with one
  // delivery at most, because a turn that kills the process would then make the activity poison.
  bool takes_results() const { return options_.fused_commits && options_.max_deliveries >= 2; }
  // Brings the result of an activity to its instance's turn, or reports it by a message if too much
  // waits for that turn. REQUIRES: takes_results().
  Status Complete(ActivityResult result);

  // Not while a turn of the instance runs, nor after StopStarting.
  std::optional<Status> Start(const NewInstance& instance) override;

  // From now on no start is run here, and no further turn begins: what a turn that runs leaves
  // behind is set aside, and results are stored by themselves. `on_idle` is called whenever nothing
  // is left that runs outside of the calls of Handle and Complete.
  void StopStarting(std::function<void()> on_idle) { running_.StopStarting(std::move(on_idle)); }
  bool idle() const { return running_.idle(); }
  // Turns of those that could not be stored, after StopStarting.
  std::size_t failed() const { return running_.failed(); }

  // How many messages to take at a time: fewer while their turns do not fit into one batch.
  std::size_t messages_max() const { return portion_.messages_max(); }
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

  tandem::Provider& provider_;
  LeaseKeeper& leases_;
  ResultReporter& reporter_;
  const TurnOptions options_;

  // Own synchronization.
  TurnProcessor turns_;
  TurnPortion portion_;
  TurnSettlement settlement_;
  TurnInbox inbox_;
  std::atomic<bool> can_detach_;
  std::atomic<int> storing_ = 0;   // threads that wait for the batch of their turn
  std::atomic<int> detached_ = 0;  // turns for which nobody waits
  tandem::Guarded<Status> trouble_;
  tandem::Executor executor_;  // for what is left of those
  tandem::Executor helpers_;   // a pool of its own: the other's threads may all be in endless turns
  RunningWork running_;        // last: waits for all that uses the above
};

}  // namespace duroxide::internal
