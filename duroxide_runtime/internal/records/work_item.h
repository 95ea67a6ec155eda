#pragma once

// Work items: what the queues of the runtime carry. Each says all that is needed to act on it
// later.
//
//   queue "dx/turns", group = instance: everything but ActivityItem
//   queue "dx/work": ActivityItem

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "tandem/duroxide_runtime/internal/records/history.h"
#include "tandem/duroxide_runtime/status.h"

namespace duroxide::internal {

// Names a scheduled operation within its instance.
struct OperationId {
  std::uint64_t execution = 0;
  EventId scheduled_id = 0;
  bool operator==(const OperationId&) const = default;
};

struct StartItem {
  std::string name;
  std::string input;
  std::optional<OrchestrationVersion> version;  // nullopt: by the policy where it starts
  std::optional<OperationAddress> parent;
  std::uint64_t first_execution = 1;
  bool operator==(const StartItem&) const = default;
};
// Says all that an activity's context tells: nothing is looked up to run it.
struct ActivityItem {
  OperationAddress operation;
  std::string name;
  std::string input;
  std::string tag;
  std::string orchestration;
  OrchestrationVersion version;  // of the orchestration
  bool operator==(const ActivityItem&) const = default;
};
struct ActivityCompletedItem {
  OperationId id;
  std::string output;
  bool operator==(const ActivityCompletedItem&) const = default;
};
struct ActivityFailedItem {
  OperationId id;
  Failure failure;
  bool operator==(const ActivityFailedItem&) const = default;
};
struct TimerFiredItem {
  OperationId id;
  bool operator==(const TimerFiredItem&) const = default;
};
struct EventRaisedItem {
  EventRaised event;
  bool operator==(const EventRaisedItem&) const = default;
};
struct ChildCompletedItem {
  OperationId id;
  std::string output;
  bool operator==(const ChildCompletedItem&) const = default;
};
struct ChildFailedItem {
  OperationId id;
  Failure failure;
  bool operator==(const ChildFailedItem&) const = default;
};
struct CancelItem {
  std::string reason;
  // The operation that the child was started by, where its parent asks: the id may be in use by
  // somebody else, who is not meant.
  std::optional<OperationAddress> parent;
  bool operator==(const CancelItem&) const = default;
};
// Says nothing but that the instance has something to do by itself: to start its next execution.
struct GoOnItem {
  bool operator==(const GoOnItem&) const = default;
};

// In the order of the union in work_item.capnp.
using WorkItem =
    std::variant<StartItem, ActivityItem, ActivityCompletedItem, ActivityFailedItem, TimerFiredItem,
                 EventRaisedItem, ChildCompletedItem, ChildFailedItem, CancelItem, GoOnItem>;

std::string EncodeWorkItem(const WorkItem& item);

// `where` names the message in an error. Errors: Corruption; Unsupported (a kind of item that this
// version does not know).
Result<WorkItem> DecodeWorkItem(std::string_view bytes, std::string_view where);

}  // namespace duroxide::internal
