#include "tandem/duroxide_runtime/internal/records/work_item.h"

#include <optional>

#include "tandem/duroxide_runtime/internal/records/record_fields.h"
#include "tandem/duroxide_runtime/internal/records/work_item.capnp.h"

namespace duroxide::internal {

namespace {

void WriteId(const OperationId& id, WorkItemRecord::Id::Builder record) {
  record.setExecution(id.execution);
  record.setScheduledId(id.scheduled_id);
}

OperationId ReadId(WorkItemRecord::Id::Reader record) {
  return {record.getExecution(), record.getScheduledId()};
}

void Write(const StartItem& item, WorkItemRecord::Builder record) {
  auto start = record.initStart();
  start.setName(tandem::ToData(item.name));
  WriteOptionalVersion(item.version, start);
  start.setInput(tandem::ToData(item.input));
  WriteParent(item.parent, start);
  start.setFirstExecution(item.first_execution);
}
StartItem ReadItem(WorkItemRecord::Start::Reader record) {
  return {ReadBytes(record.getName()), ReadBytes(record.getInput()), ReadOptionalVersion(record),
          ReadParent(record), record.getFirstExecution()};
}

void Write(const ActivityItem& item, WorkItemRecord::Builder record) {
  auto activity = record.initActivity();
  WriteOperation(item.operation, activity.initOperation());
  activity.setName(tandem::ToData(item.name));
  activity.setInput(tandem::ToData(item.input));
  activity.setTag(tandem::ToData(item.tag));
  activity.setOrchestration(tandem::ToData(item.orchestration));
  WriteVersion(item.version, activity.initVersion());
}
ActivityItem ReadItem(WorkItemRecord::Activity::Reader record) {
  return {ReadOperation(record.getOperation()), ReadBytes(record.getName()),
          ReadBytes(record.getInput()),         ReadBytes(record.getTag()),
          ReadBytes(record.getOrchestration()), ReadVersion(record.getVersion())};
}

template <typename Item>
void WriteCompleted(const Item& item, WorkItemRecord::Completed::Builder record) {
  WriteId(item.id, record.initId());
  record.setOutput(tandem::ToData(item.output));
}
template <typename Item>
Item ReadCompleted(WorkItemRecord::Completed::Reader record) {
  return Item{ReadId(record.getId()), ReadBytes(record.getOutput())};
}
void Write(const ActivityCompletedItem& item, WorkItemRecord::Builder record) {
  WriteCompleted(item, record.initActivityCompleted());
}
void Write(const ChildCompletedItem& item, WorkItemRecord::Builder record) {
  WriteCompleted(item, record.initChildCompleted());
}

template <typename Item>
void WriteFailed(const Item& item, WorkItemRecord::Failed::Builder record) {
  WriteId(item.id, record.initId());
  WriteFailure(item.failure, record.initFailure());
}
template <typename Item>
Item ReadFailed(WorkItemRecord::Failed::Reader record) {
  return Item{ReadId(record.getId()), ReadFailure(record.getFailure())};
}
void Write(const ActivityFailedItem& item, WorkItemRecord::Builder record) {
  WriteFailed(item, record.initActivityFailed());
}
void Write(const ChildFailedItem& item, WorkItemRecord::Builder record) {
  WriteFailed(item, record.initChildFailed());
}

void Write(const TimerFiredItem& item, WorkItemRecord::Builder record) {
  WriteId(item.id, record.initTimerFired());
}
void Write(const EventRaisedItem& item, WorkItemRecord::Builder record) {
  WriteEvent(item.event, record.initEventRaised());
}
void Write(const CancelItem& item, WorkItemRecord::Builder record) {
  auto cancel = record.initCancel();
  cancel.setReason(tandem::ToData(item.reason));
  WriteParent(item.parent, cancel);
}
CancelItem ReadItem(WorkItemRecord::Cancel::Reader record) {
  return {ReadBytes(record.getReason()), ReadParent(record)};
}
void Write(const GoOnItem& /*item*/, WorkItemRecord::Builder record) { record.setGoOn(); }

// nullopt for a kind that this version does not know.
std::optional<WorkItem> Read(WorkItemRecord::Reader record) {
  switch (record.which()) {
    case WorkItemRecord::START:
      return ReadItem(record.getStart());
    case WorkItemRecord::ACTIVITY:
      return ReadItem(record.getActivity());
    case WorkItemRecord::ACTIVITY_COMPLETED:
      return ReadCompleted<ActivityCompletedItem>(record.getActivityCompleted());
    case WorkItemRecord::ACTIVITY_FAILED:
      return ReadFailed<ActivityFailedItem>(record.getActivityFailed());
    case WorkItemRecord::TIMER_FIRED:
      return TimerFiredItem{ReadId(record.getTimerFired())};
    case WorkItemRecord::EVENT_RAISED:
      return EventRaisedItem{ReadEvent(record.getEventRaised())};
    case WorkItemRecord::CHILD_COMPLETED:
      return ReadCompleted<ChildCompletedItem>(record.getChildCompleted());
    case WorkItemRecord::CHILD_FAILED:
      return ReadFailed<ChildFailedItem>(record.getChildFailed());
    case WorkItemRecord::CANCEL:
      return ReadItem(record.getCancel());
    case WorkItemRecord::GO_ON:
      return GoOnItem{};
  }
  return std::nullopt;
}

}  // namespace

std::string EncodeWorkItem(const WorkItem& item) {
  return tandem::EncodeRecord<WorkItemRecord>([&](WorkItemRecord::Builder record) {
    std::visit([&](const auto& kind) { Write(kind, record); }, item);
  });
}

Result<WorkItem> DecodeWorkItem(std::string_view bytes, std::string_view where) {
  std::optional<WorkItem> item;
  TANDEM_RETURN_IF_ERROR(tandem::DecodeRecord<WorkItemRecord>(
      bytes, where, [&](WorkItemRecord::Reader record) { item = Read(record); }));
  if (!item) {
    return Status::Unsupported(std::string(where) +
                               ": written by a newer version of the runtime, which knows more "
                               "kinds of work items");
  }
  return *std::move(item);
}

}  // namespace duroxide::internal
