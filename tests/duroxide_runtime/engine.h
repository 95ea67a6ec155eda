#pragma once

// The turn engine with a history that grows: what a dispatcher and a store do, without them.

#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "duroxide_runtime/internal/turn.h"

namespace duroxide::testing {

using namespace duroxide::internal;  // NOLINT: the vocabulary of every test that uses this

class Engine {
 public:
  template <typename Function>
  explicit Engine(Function function) {
    registry_.AddOrchestration("test", [function](OrchestrationContext ctx, std::string input) {
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
    input.history = history_;
    input.items = std::move(items);
    input.now = now_;
    input.seed = 42;
    TurnOutcome outcome = RunTurn(input, registry_);
    history_.insert(history_.end(), outcome.events.begin(), outcome.events.end());
    return outcome;
  }
  TurnOutcome Start(std::string input = "", std::string name = "test") {
    return Turn({StartItem{std::move(name), std::move(input)}});
  }
  TurnOutcome Complete(EventId id, std::string output) {
    return Turn({ActivityCompletedItem{{1, id}, std::move(output)}});
  }
  TurnOutcome Fail(EventId id, std::string message) {
    return Turn({ActivityFailedItem{{1, id}, StatusCode::kNotFound, std::move(message)}});
  }
  TurnOutcome Fire(EventId id) { return Turn({TimerFiredItem{{1, id}}}); }
  TurnOutcome Raise(std::string name, std::string payload) {
    return Turn({EventRaisedItem{std::move(name), std::move(payload)}});
  }

  History& history() { return history_; }
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
  Registry registry_;
  History history_;
  Timestamp now_ = Timestamp(std::chrono::seconds(1'000'000'000));
};

}  // namespace duroxide::testing
