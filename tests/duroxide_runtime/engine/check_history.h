#pragma once

// What holds for every history that the engine has written.

#include <gtest/gtest.h>

#include <cstddef>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "tandem/tests/duroxide_runtime/engine/engine.h"

namespace duroxide::testing {

inline std::string LastOf(const History& history) { return Describe(history.back().body); }
inline std::string LastOf(Engine& engine) { return LastOf(engine.history()); }

// The failure with which the history ends.
inline Failure FailureOf(const History& history) {
  const auto* failed = std::get_if<OrchestrationFailed>(&history.back().body);
  if (failed != nullptr) return failed->failure;
  ADD_FAILURE() << "ends with " << LastOf(history);
  return Failure();
}
inline Failure FailureOf(Engine& engine) { return FailureOf(engine.history()); }

// How often an event of that kind is there.
template <typename Event>
std::size_t Count(const History& history) {
  std::size_t count = 0;
  for (const HistoryEvent& event : history) count += std::holds_alternative<Event>(event.body);
  return count;
}

// The item that an input event of execution `execution` came from.
inline WorkItem ItemOf(const HistoryBody& body, std::uint64_t execution) {
  if (const auto* e = std::get_if<ActivityCompleted>(&body)) {
    return ActivityCompletedItem{{execution, e->scheduled_id}, e->output};
  }
  if (const auto* e = std::get_if<ActivityFailed>(&body)) {
    return ActivityFailedItem{{execution, e->scheduled_id}, e->failure};
  }
  if (const auto* e = std::get_if<TimerFired>(&body)) {
    return TimerFiredItem{{execution, e->scheduled_id}};
  }
  if (const auto* e = std::get_if<EventRaised>(&body)) return EventRaisedItem{*e};
  if (const auto* e = std::get_if<ChildCompleted>(&body)) {
    return ChildCompletedItem{{execution, e->scheduled_id}, e->output};
  }
  if (const auto* e = std::get_if<ChildFailed>(&body)) {
    return ChildFailedItem{{execution, e->scheduled_id}, e->failure};
  }
  if (const auto* e = std::get_if<CancelRequested>(&body)) return CancelItem{e->reason};
  ADD_FAILURE() << "no input: " << Describe(body);
  return GoOnItem{};
}

// Replays the history whole; cut before each input, and goes on from there one input a turn, and
// with all the rest in one turn; encodes and decodes each event. Always the same must come out.
inline void CheckHistory(const History& history, const Registry& registry,
                         std::uint64_t execution = 1, const KvEntries& kv = {}) {
  const std::string instance = "instance";
  EXPECT_EQ(FindDivergence(instance, execution, history, kv, registry), std::nullopt);
  for (const HistoryEvent& event : history) {
    const Result<HistoryEvent> decoded = DecodeHistoryEvent(EncodeHistoryEvent(event), "event");
    ASSERT_TRUE(decoded.ok()) << decoded.status();
    EXPECT_EQ(*decoded, event) << Describe(event.body);
  }
  for (const bool together : {false, true}) {
    for (std::size_t cut = 1; cut < history.size(); ++cut) {
      if (!IsInput(history[cut].body)) continue;  // a turn is stored whole, up to the next input
      History grown(history.begin(), history.begin() + static_cast<std::ptrdiff_t>(cut));
      while (grown.size() < history.size()) {
        TurnInput input;
        input.instance = instance;
        input.execution = execution;
        input.history = grown;
        input.kv = kv;
        input.now = history[grown.size()].time;
        for (std::size_t i = grown.size(); i < history.size(); ++i) {
          if (!IsInput(history[i].body)) continue;
          input.items.push_back(ItemOf(history[i].body, execution));
          if (!together) break;
        }
        const TurnOutcome outcome = RunTurn(input, registry);
        ASSERT_FALSE(outcome.diagnosis) << *outcome.diagnosis;
        ASSERT_FALSE(outcome.deltas.empty()) << "cut before event " << cut + 1;
        const History& events = outcome.deltas.front().events;
        grown.insert(grown.end(), events.begin(), events.end());
      }
      ASSERT_EQ(Engine::TextOf(grown), Engine::TextOf(history)) << "cut before event " << cut + 1;
      if (together) continue;  // another time for all of them
      ASSERT_EQ(grown, history) << "cut before event " << cut + 1;
    }
  }
}
inline void CheckHistory(Engine& engine) { CheckHistory(engine.history(), engine.registry()); }

// Code that has changed, on the history of another: what is told.
template <typename Function>
std::string DivergenceOf(const History& history, Function changed) {
  const Engine engine(changed);
  const auto diagnosis = FindDivergence("instance", 1, history, {}, engine.registry());
  if (!diagnosis) return "none";
  const std::string start = "the code no longer matches the history at ";
  EXPECT_EQ(diagnosis->find(start), 0u) << *diagnosis;
  return diagnosis->substr(start.size(), diagnosis->find(". Restore the code") - start.size());
}

}  // namespace duroxide::testing
