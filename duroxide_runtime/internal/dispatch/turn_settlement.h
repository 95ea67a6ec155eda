#pragma once

// What becomes of a turn once its verdict is known, and of messages that no turn takes.
//
// A turn that was run on an old history (turn_processor.h) is run once more on the new one, and
// then set aside. Set aside, messages are given back, and results are reported by a message, so
// that they come back through the queue.
//
// Fate of what can't be processed: an instance without its code is handed over to another runtime,
// and in the end parked (internal/dispatch/parking.h), as is one whose code diverges, or whose
// stored records can't be read; one whose turns were begun too often without any answer is ended
// (internal/engine/poison.h), as is one with a message that is too large for any batch; messages
// for an instance that never started are acknowledged and counted.
//
// Thread-safe; for one instance one turn at a time. All functions return the first error of the
// store that kept them from their work; the leases in question then end by themselves.

#include <functional>
#include <span>
#include <string>

#include "tandem/batch/provider.h"
#include "tandem/duroxide_runtime/internal/dispatch/counters.h"
#include "tandem/duroxide_runtime/internal/dispatch/parking.h"
#include "tandem/duroxide_runtime/internal/dispatch/result_reporter.h"
#include "tandem/duroxide_runtime/internal/dispatch/turn_cause.h"
#include "tandem/duroxide_runtime/internal/dispatch/turn_portion.h"
#include "tandem/duroxide_runtime/internal/dispatch/turn_processor.h"
#include "tandem/duroxide_runtime/internal/dispatch/turn_verdict.h"
#include "tandem/duroxide_runtime/log.h"

namespace duroxide::internal {

class TurnSettlement {
 public:
  // All references outlive it. `portion`: becomes smaller when a turn does not fit into a batch.
  TurnSettlement(tandem::Provider& provider, LogSink& log, Counters& counters,
                 ResultReporter& reporter, TurnProcessor& turns, TurnPortion& portion)
      : provider_(provider),
        log_(log),
        counters_(counters),
        reporter_(reporter),
        turns_(turns),
        portion_(portion) {}

  // Does what the verdict calls for, and tries again where that helps. Does not block if the turn
  // is Stored.
  Status Settle(const std::string& instance, Causes causes, Verdict verdict);

  // Causes that no turn of this runtime takes: results are reported by a message, messages are
  // given back, to be taken again by any runtime.
  Status SetAside(const Causes& causes);

  // Parks the messages, or hands them over. Their turn need not have been tried.
  Status ParkQueued(const std::string& instance, const Stuck& stuck, const QueuedItems& queued);

  // Acknowledges messages that are not of this runtime: nobody can ever process them.
  Status DropForeign(std::span<const tandem::Delivery> deliveries);

 private:
  using EndQueued = std::function<Status(const QueuedItems&)>;  // ends the lease of messages

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

  // Sets aside; messages are to be taken again in smaller portions,
  Status SetAsideForLess(const Causes& causes, const TooLarge& too_large);
  // or are given back, and the trouble is returned,
  Status SetAsideInTrouble(const std::string& instance, const Causes& causes,
                           const StoreTrouble& trouble);
  // or are parked.
  Status SetAsideStuck(const std::string& instance, const Causes& causes, const Stuck& stuck);
  Status SetAside(const Causes& causes, const EndQueued& end_queued);
  Status GiveBackQueued(const QueuedItems& queued);
  Status HandOver(const std::string& instance, const std::string& diagnosis,
                  const QueuedItems& queued);

  tandem::Provider& provider_;
  LogSink& log_;
  Counters& counters_;
  ResultReporter& reporter_;
  TurnProcessor& turns_;
  TurnPortion& portion_;

  Backoffs parked_;  // by instance; own synchronization
};

}  // namespace duroxide::internal
