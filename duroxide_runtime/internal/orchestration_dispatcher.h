#pragma once

// The orchestration dispatcher turns messages of the queue "orchestrator" into turns: it takes all
// that waits for one instance, reads the history, runs the turn engine, and stores the turn in one
// batch. Whoever loses a race (Conflict, LeaseLost) drops its turn and changes nothing. Where the
// messages together ask for more than a batch holds, they are given back and taken in portions.
//
// Fate of what can't be processed: an instance without its code, whose code diverges, or whose
// stored records can't be read, is parked (internal/parking.h); one whose turns were begun too
// often without any answer is ended (internal/poison.h); messages for an instance that never
// started are acknowledged and counted.

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "batch/provider.h"
#include "duroxide_runtime/internal/counters.h"
#include "duroxide_runtime/internal/instance_store.h"
#include "duroxide_runtime/internal/lease_keeper.h"
#include "duroxide_runtime/internal/parking.h"
#include "duroxide_runtime/internal/turn.h"
#include "duroxide_runtime/limits.h"
#include "duroxide_runtime/log.h"
#include "duroxide_runtime/registry.h"

namespace duroxide::internal {

class OrchestrationDispatcher {
 public:
  // All references outlive the dispatcher. `seeds` is called for every start, from any thread.
  // `max_deliveries`: more without an answer are poison.
  OrchestrationDispatcher(tandem::Provider& provider, const Registry& registry, LogSink& log,
                          Counters& counters, LeaseKeeper& leases,
                          std::function<std::uint64_t()> seeds, std::uint32_t max_deliveries)
      : provider_(provider),
        registry_(registry),
        log_(log),
        counters_(counters),
        leases_(leases),
        seeds_(std::move(seeds)),
        max_deliveries_(max_deliveries) {}

  // Handles what one Dequeue returned. Thread-safe. Returns an error of the store that ended it;
  // what was taken then comes back when its lease ends.
  Status Handle(const std::vector<tandem::Delivery>& deliveries);

  // How many messages to take at a time: fewer while their turns do not fit into one batch.
  std::size_t messages_max() const { return messages_max_; }

 private:
  // What one Dequeue returned, under one lease that is being kept.
  struct Work {
    const std::vector<tandem::Delivery>& deliveries;
    const LeaseKeeper::Held& lease;
    const tandem::LockToken& token() const { return deliveries.front().lock_token; }
    const std::string& instance() const { return deliveries.front().group; }
    std::uint32_t delivery_count() const;
  };

  Status HandleInstance(const Work& work);
  // Not of this runtime: nobody can ever process them.
  Status DropForeign(const std::vector<tandem::Delivery>& deliveries);

  Result<TurnInput> Load(const std::vector<tandem::Delivery>& deliveries);
  Status RunAndStore(TurnInput& input, const Work& work);
  Status EndPoisoned(const TurnInput& input, const Work& work);
  // True if it was stored, false if the messages went back instead.
  Result<bool> Store(const TurnInput& input, const TurnOutcome& outcome, const IdClaims& claims,
                     const Work& work);
  void LogStored(const TurnInput& input, const TurnOutcome& outcome, const IdClaims& claims);
  Status ParkInstance(const TurnInput& input, const std::string& diagnosis, const Work& work);
  // Gives the messages back, to be taken again, by whomever, in portions of `messages`.
  Status TakeFewer(const Work& work, std::size_t messages);
  // Gives the messages back after `reason`, an error of the store, and returns that.
  Status GiveBackAfter(const Status& reason, const Work& work);

  tandem::Provider& provider_;
  const Registry& registry_;
  LogSink& log_;
  Counters& counters_;
  LeaseKeeper& leases_;
  const std::function<std::uint64_t()> seeds_;
  const std::uint32_t max_deliveries_;
  Backoffs parked_;  // by instance; own synchronization
  std::atomic<std::size_t> messages_max_ = kTurnMessagesMax;
};

}  // namespace duroxide::internal
