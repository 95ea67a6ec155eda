#pragma once

// The history of an execution: the list of events that replay is fed from, and nothing else. The
// version of an event in its stream is its id. Three kinds of events:
//
//   inputs     what came from outside: Started, ActivityCompleted, ActivityFailed, TimerFired,
//              EventRaised, ChildCompleted, ChildFailed, CancelRequested
//   the end    OrchestrationCompleted, OrchestrationFailed or OrchestrationContinuedAsNew
//   commands   all others: what the code asked for, each right behind the input that made it ask;
//              the end stands behind the last of them

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "tandem/base/timestamp.h"
#include "tandem/duroxide_runtime/failure.h"
#include "tandem/duroxide_runtime/orchestration_version.h"

namespace duroxide {

using tandem::Timestamp;

// The id of a history event within its execution: 1, 2, 3, ...
using EventId = std::uint64_t;

// Names a scheduled operation in the whole store, as where a result has to go.
struct OperationAddress {
  std::string instance = {};
  std::uint64_t execution = 0;
  EventId scheduled_id = 0;
  bool operator==(const OperationAddress&) const = default;
};

struct CustomStatus {
  std::optional<std::string> value = {};
  std::uint64_t version = 0;  // grows whenever it is set or reset
  bool operator==(const CustomStatus&) const = default;
};

// --- Inputs -------------------------------------------------------------------------------------

struct EventRaised {
  std::string name = {};
  std::string payload = {};
  bool operator==(const EventRaised&) const = default;
};
struct Started {
  std::string name = {};
  OrchestrationVersion version = {};
  std::string input = {};
  std::uint64_t seed = 0;  // of everything random that the code may ask for
  std::optional<OperationAddress> parent = {};
  // The execution with which this life of the instance began: an id may be used again after its
  // instance was deleted.
  std::uint64_t first_execution = 1;
  Timestamp created_at = {};  // when that one started
  // From the execution before:
  std::vector<EventRaised> unread = {};  // in order of arrival
  CustomStatus custom_status = {};
  bool operator==(const Started&) const = default;
};
struct ActivityCompleted {
  EventId scheduled_id = 0;
  std::string output = {};
  bool operator==(const ActivityCompleted&) const = default;
};
struct ActivityFailed {
  EventId scheduled_id = 0;
  Failure failure = {};
  bool operator==(const ActivityFailed&) const = default;
};
struct TimerFired {
  EventId scheduled_id = 0;
  bool operator==(const TimerFired&) const = default;
};
struct ChildCompleted {
  EventId scheduled_id = 0;
  std::string output = {};
  bool operator==(const ChildCompleted&) const = default;
};
struct ChildFailed {
  EventId scheduled_id = 0;
  Failure failure = {};
  bool operator==(const ChildFailed&) const = default;
};
struct CancelRequested {
  std::string reason = {};
  bool operator==(const CancelRequested&) const = default;
};

// --- Commands -----------------------------------------------------------------------------------

struct ActivityScheduled {
  std::string name = {};
  std::string input = {};
  std::string tag = {};  // of the queue of activities; empty: the default one
  bool operator==(const ActivityScheduled&) const = default;
};
struct ActivityCancelRequested {
  EventId scheduled_id = 0;
  std::string tag = {};  // of the activity
  bool operator==(const ActivityCancelRequested&) const = default;
};
struct TimerCreated {
  Timestamp fire_at = {};
  bool operator==(const TimerCreated&) const = default;
};
struct TimerCancelled {
  EventId scheduled_id = 0;
  bool operator==(const TimerCancelled&) const = default;
};
// A wait for an event has begun. It gets the oldest unread event of that name, or else the next one
// that comes while no older wait for the name is open.
struct EventSubscribed {
  std::string name = {};
  bool operator==(const EventSubscribed&) const = default;
};
// The wait has ended without an event. One that it had got but that the code has not taken is
// unread again, in its old place.
struct EventUnsubscribed {
  EventId scheduled_id = 0;
  bool operator==(const EventUnsubscribed&) const = default;
};
struct ChildScheduled {
  std::string name = {};
  std::optional<OrchestrationVersion> version = {};  // nullopt: by the policy where it starts
  std::string instance = {};
  std::string input = {};
  bool operator==(const ChildScheduled&) const = default;
};
struct ChildCancelRequested {
  EventId scheduled_id = 0;
  std::string instance = {};  // of the child
  bool operator==(const ChildCancelRequested&) const = default;
};
struct DetachedStarted {
  std::string name = {};
  std::optional<OrchestrationVersion> version = {};
  std::string instance = {};
  std::string input = {};
  bool operator==(const DetachedStarted&) const = default;
};
// A step that the code has run itself, with what came of it.
struct StepRecorded {
  std::string name = {};
  std::string output = {};
  std::optional<Failure> failure = {};
  bool operator==(const StepRecorded&) const = default;
};
// The execution has gone the way that the patch `id` has opened.
struct PatchRecorded {
  std::string id = {};
  bool operator==(const PatchRecorded&) const = default;
};
struct CustomStatusSet {
  CustomStatus status = {};
  bool operator==(const CustomStatusSet&) const = default;
};
struct KvSet {
  std::string key = {};
  std::string value = {};
  bool operator==(const KvSet&) const = default;
};
struct KvErased {
  std::string key = {};
  bool operator==(const KvErased&) const = default;
};

// --- Ends ---------------------------------------------------------------------------------------

struct OrchestrationCompleted {
  std::string output = {};
  bool operator==(const OrchestrationCompleted&) const = default;
};
struct OrchestrationFailed {
  Failure failure = {};
  bool operator==(const OrchestrationFailed&) const = default;
};
// The next execution of the instance starts with this.
struct OrchestrationContinuedAsNew {
  std::string input = {};
  std::optional<OrchestrationVersion> version = {};  // nullopt: by the policy where it goes on
  std::vector<EventRaised> unread = {};              // in order of arrival
  bool operator==(const OrchestrationContinuedAsNew&) const = default;
};

// In the order of the union in history.capnp.
using HistoryBody =
    std::variant<Started, ActivityCompleted, ActivityFailed, TimerFired, EventRaised,
                 ChildCompleted, ChildFailed, CancelRequested, ActivityScheduled,
                 ActivityCancelRequested, TimerCreated, TimerCancelled, EventSubscribed,
                 EventUnsubscribed, ChildScheduled, ChildCancelRequested, DetachedStarted,
                 StepRecorded, PatchRecorded, CustomStatusSet, KvSet, KvErased,
                 OrchestrationCompleted, OrchestrationFailed, OrchestrationContinuedAsNew>;

struct HistoryEvent {
  Timestamp time = {};
  HistoryBody body = {};
  bool operator==(const HistoryEvent&) const = default;
};

using History = std::vector<HistoryEvent>;

// One line for people: `ActivityScheduled "hash" input "/usr/incl"... (120 bytes)`.
std::string Describe(const HistoryBody& body);

}  // namespace duroxide
