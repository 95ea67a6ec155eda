#pragma once

// The TurnProcessor makes turns of instances: it reads what they need, runs them, from the live
// instance or else from history, builds the batch that stores each, and gives the verdict on it.
//
// A turn may be run more than once before it is stored. The engine is pure and can't look up
// whether an id that its code wants to start is taken; so the turn is run, the ids of others that
// it asks for are looked up, and if one is taken, the turn is run again, from history, with these
// ids in its input: the code gets a failure in the same turn. What ran before is dropped, and had
// no effect. A live instance is used up by the first run, so its turn is run from history as if
// there had been none: up to three runs in all. User code with effects of its own outside of
// activities would show it.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "tandem/batch/provider.h"
#include "tandem/duroxide_runtime/internal/dispatch/counters.h"
#include "tandem/duroxide_runtime/internal/dispatch/live_instances.h"
#include "tandem/duroxide_runtime/internal/dispatch/turn_cause.h"
#include "tandem/duroxide_runtime/internal/dispatch/turn_verdict.h"
#include "tandem/duroxide_runtime/internal/engine/turn.h"
#include "tandem/duroxide_runtime/internal/store/instance_operations.h"
#include "tandem/duroxide_runtime/internal/store/instance_reader.h"
#include "tandem/duroxide_runtime/log.h"
#include "tandem/duroxide_runtime/registry.h"

namespace duroxide::internal {

struct TurnOptions {
  std::uint32_t max_deliveries = 10;   // more without an answer are poison
  std::size_t live_instances_max = 0;  // 0: every turn replays
  bool fused_commits = false;          // else every result is reported by a message
  std::size_t live_bytes_max = std::numeric_limits<std::size_t>::max();
  // For what is left of turns that are stored while nobody waits, at most, and as many to help
  // where a turn does not end; 0: somebody always waits, and nobody helps.
  std::size_t threads = 0;
};

// A turn that has run, and is to be stored.
struct PreparedTurn {
  TurnInput input;
  TurnOutcome outcome;
  IdClaims claims;
  std::optional<Failure> poison;  // with which it ends the instance
  tandem::Batch batch;
};

class TurnProcessor {
 public:
  // A turn to store, or the reason why there is none.
  using Prepared = std::variant<PreparedTurn, Verdict>;

  // All references outlive it. `seeds` is called for every start, from any thread.
  TurnProcessor(tandem::Provider& provider, const Registry& registry, LogSink& log,
                Counters& counters, std::function<std::uint64_t()> seeds,
                const TurnOptions& options)
      : provider_(provider),
        registry_(registry),
        log_(log),
        counters_(counters),
        seeds_(std::move(seeds)),
        max_deliveries_(options.max_deliveries),
        live_(options.live_instances_max, options.live_bytes_max) {}

  // All of these are thread-safe; for one instance one turn at a time.

  // `from_live`: unless it has to be read from the store.
  Prepared Prepare(const std::string& instance, const Causes& causes, bool from_live);
  // Ends the instance without running its code.
  Prepared PrepareEnd(const std::string& instance, const Causes& causes, const Failure& failure);
  // The first turn, together with the start. nullopt if that can't be one batch.
  Result<std::optional<PreparedTurn>> PrepareStart(const NewInstance& instance);

  // Stores the turn, if there is one.
  Verdict Store(Prepared prepared, const Causes& causes);
  // Whether a turn that was stored has something to be logged.
  static bool HasNews(const PreparedTurn& turn);
  // The verdict on a turn, given the status of its batch. Destroys the turn and its coroutines, so
  // that the instance can run another.
  Verdict Answered(PreparedTurn turn, const Causes& causes, const Status& status);

 private:
  Result<std::uint64_t> NewSeed();
  Result<TurnInput> Load(const std::string& instance, const Causes& causes);
  TurnInput InputOf(const std::string& instance, const Causes& causes) const;
  Prepared PrepareFromHistory(const std::string& instance, const Causes& causes);
  Prepared WithBatch(PreparedTurn turn, const Causes& causes);
  static Verdict CannotRead(const Status& status);
  void NoteStored(PreparedTurn& turn, const Causes& causes);

  tandem::Provider& provider_;
  const Registry& registry_;
  LogSink& log_;
  Counters& counters_;
  const std::function<std::uint64_t()> seeds_;
  const std::uint32_t max_deliveries_;
  LiveInstances live_;  // own synchronization
};

}  // namespace duroxide::internal
