#pragma once

// The history of an execution: the list of events that replay is fed from, and nothing else. The
// version of an event in its stream is its id. Three kinds of events:
//
//   inputs     what came from outside: Started, ActivityCompleted, ActivityFailed, TimerFired,
//              EventRaised
//   commands   what the code asked for, each right behind the input that made it ask
//   the end    OrchestrationCompleted or OrchestrationFailed, behind the last commands

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace duroxide::internal {

using tandem::Result;
using tandem::Status;
using tandem::StatusCode;
using tandem::Timestamp;

// The id of a history event within its execution: 1, 2, 3, ...
using EventId = std::uint64_t;

struct Started {
  std::string name;
  std::string input;
  std::uint64_t seed = 0;  // of everything random that the code may ask for
  bool operator==(const Started&) const = default;
};
struct ActivityScheduled {
  std::string name;
  std::string input;
  bool operator==(const ActivityScheduled&) const = default;
};
struct ActivityCompleted {
  EventId scheduled_id = 0;
  std::string output;
  bool operator==(const ActivityCompleted&) const = default;
};
struct ActivityFailed {
  EventId scheduled_id = 0;
  StatusCode code = StatusCode::kInternal;
  std::string message;
  bool operator==(const ActivityFailed&) const = default;
};
struct ActivityCancelRequested {
  EventId scheduled_id = 0;
  bool operator==(const ActivityCancelRequested&) const = default;
};
struct TimerCreated {
  Timestamp fire_at;
  bool operator==(const TimerCreated&) const = default;
};
struct TimerFired {
  EventId scheduled_id = 0;
  bool operator==(const TimerFired&) const = default;
};
struct TimerCancelled {
  EventId scheduled_id = 0;
  bool operator==(const TimerCancelled&) const = default;
};
struct EventSubscribed {
  std::string name;
  bool operator==(const EventSubscribed&) const = default;
};
struct EventRaised {
  std::string name;
  std::string payload;
  bool operator==(const EventRaised&) const = default;
};
struct EventUnsubscribed {
  EventId scheduled_id = 0;
  bool operator==(const EventUnsubscribed&) const = default;
};
struct OrchestrationCompleted {
  std::string output;
  bool operator==(const OrchestrationCompleted&) const = default;
};
struct OrchestrationFailed {
  StatusCode code = StatusCode::kInternal;
  std::string message;
  bool operator==(const OrchestrationFailed&) const = default;
};

// In the order of the union in history.capnp.
using HistoryBody =
    std::variant<Started, ActivityScheduled, ActivityCompleted, ActivityFailed,
                 ActivityCancelRequested, TimerCreated, TimerFired, TimerCancelled, EventSubscribed,
                 EventRaised, EventUnsubscribed, OrchestrationCompleted, OrchestrationFailed>;

struct HistoryEvent {
  Timestamp time;
  HistoryBody body;
  bool operator==(const HistoryEvent&) const = default;
};

using History = std::vector<HistoryEvent>;

bool IsInput(const HistoryBody& body);
bool IsEnd(const HistoryBody& body);

// True when the code, asked again, asked for the same: equal, but timers by kind only (their time
// is the recorded one), and a failure by kind only (its text may name an address).
bool SameOutput(const HistoryBody& recorded, const HistoryBody& asked);

// One line for people: `ActivityScheduled "hash" input "/usr/incl"... (120 bytes)`.
std::string Describe(const HistoryBody& body);

std::string EncodeHistoryEvent(const HistoryEvent& event);

// `where` names the event in an error. Errors: Corruption; Unsupported (a kind of event that this
// version does not know).
Result<HistoryEvent> DecodeHistoryEvent(std::string_view bytes, std::string_view where);

}  // namespace duroxide::internal
