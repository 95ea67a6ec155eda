#pragma once

// The turn engine with a history that grows: what a dispatcher and a store do, without them.

#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "tandem/duroxide_runtime/internal/engine/turn.h"

namespace duroxide::testing {

using namespace duroxide::internal;  // NOLINT: the vocabulary of every test that uses this

class Engine {
 public:
  template <typename Function>
  explicit Engine(Function function) {
    registry_.AddOrchestration("test", OrchestrationVersion(),
                               [function](OrchestrationContext ctx, std::string input) {
                                 return function(ctx, std::move(input));
                               });
  }
  explicit Engine(Registry registry) : registry_(std::move(registry)) {}

  // One turn, one second after the one before; what it records is appended unless it has a
  // diagnosis. An item is taken as it is.
  TurnOutcome Turn(std::vector<WorkItem> items) {
    now_ += std::chrono::seconds(1);
    TurnInput input;
    input.instance = "instance";
    input.execution = execution_;
    input.history = history_;
    input.kv = kv_;
    input.taken_ids = taken_ids_;
    input.items = std::move(items);
    input.now = now_;
    input.seed = 42;
    TurnOutcome outcome = RunTurn(input, registry_);
    Keep(outcome);
    return outcome;
  }
  TurnOutcome Start(std::string input = "", std::string name = "test") {
    return Turn({StartItem{std::move(name), std::move(input)}});
  }
  TurnOutcome Complete(EventId id, std::string output) {
    return Turn({ActivityCompletedItem{{1, id}, std::move(output)}});
  }
  TurnOutcome Fail(EventId id, std::string message) {
    return Turn({Failed(id, StatusCode::kNotFound, std::move(message))});
  }
  static WorkItem Failed(EventId id, StatusCode code, std::string message) {
    return ActivityFailedItem{{1, id}, {FailureCategory::kApplication, code, std::move(message)}};
  }
  TurnOutcome Fire(EventId id) { return Turn({TimerFiredItem{{1, id}}}); }
  TurnOutcome Raise(std::string name, std::string payload) {
    return Turn({EventRaisedItem{{std::move(name), std::move(payload)}}});
  }
  TurnOutcome Cancel(std::string reason) { return Turn({CancelItem{std::move(reason)}}); }

  // No instance can be started under this id.
  void Take(std::string id) { taken_ids_.insert(std::move(id)); }

  // Of the latest execution.
  History& history() { return history_; }
  std::uint64_t execution() const { return execution_; }
  const KvEntries& kv() const { return kv_; }
  const Registry& registry() const { return registry_; }

  // Names of the kinds with their ids: "1 Started, 2 TimerCreated".
  std::string Text() const { return TextOf(history_); }

  static std::string TextOf(const History& history) {
    std::string text;
    for (std::size_t i = 0; i < history.size(); ++i) {
      if (i > 0) text += "\n";
      std::string line = Describe(history[i].body);
      // The absolute time of a timer is no part of what a test wants to say.
      if (std::holds_alternative<TimerCreated>(history[i].body)) line = "TimerCreated";
      text += std::to_string(i + 1) + " " + line;
    }
    return text;
  }

 private:
  void Keep(const TurnOutcome& outcome) {
    for (const ExecutionDelta& delta : outcome.deltas) {
      if (delta.execution != execution_) history_.clear();
      execution_ = delta.execution;
      history_.insert(history_.end(), delta.events.begin(), delta.events.end());
      for (const auto& [key, entry] : delta.kv_changes) {
        kv_.erase(key);
        if (entry) kv_.emplace(key, *entry);
      }
    }
  }

  Registry registry_;
  std::uint64_t execution_ = 1;
  History history_;
  KvEntries kv_;
  std::set<std::string> taken_ids_;
  Timestamp now_ = Timestamp(std::chrono::seconds(1'000'000'000));
};

}  // namespace duroxide::testing
