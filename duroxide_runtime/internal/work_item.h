#pragma once

// Work items: what the queues of the runtime carry. Each says all that is needed to act on it
// later.
//
//   queue "orchestrator", group = instance: everything but ActivityItem
//   queue "worker": ActivityItem

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "base/result.h"
#include "duroxide_runtime/internal/history.h"

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
  bool operator==(const StartItem&) const = default;
};
struct ActivityItem {
  std::string instance;
  OperationId id;
  std::string name;
  std::string input;
  bool operator==(const ActivityItem&) const = default;
};
struct ActivityCompletedItem {
  OperationId id;
  std::string output;
  bool operator==(const ActivityCompletedItem&) const = default;
};
struct ActivityFailedItem {
  OperationId id;
  StatusCode code = StatusCode::kInternal;
  std::string message;
  bool operator==(const ActivityFailedItem&) const = default;
};
struct TimerFiredItem {
  OperationId id;
  bool operator==(const TimerFiredItem&) const = default;
};
struct EventRaisedItem {
  std::string name;
  std::string payload;
  bool operator==(const EventRaisedItem&) const = default;
};

// In the order of the union in work_item.capnp.
using WorkItem = std::variant<StartItem, ActivityItem, ActivityCompletedItem, ActivityFailedItem,
                              TimerFiredItem, EventRaisedItem>;

std::string EncodeWorkItem(const WorkItem& item);

// `where` names the message in an error. Errors: Corruption; Unsupported (a kind of item that this
// version does not know).
Result<WorkItem> DecodeWorkItem(std::string_view bytes, std::string_view where);

}  // namespace duroxide::internal
