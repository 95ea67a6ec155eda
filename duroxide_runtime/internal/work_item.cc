#include "duroxide_runtime/internal/work_item.h"

#include <optional>

#include "duroxide_runtime/internal/record_fields.h"
#include "duroxide_runtime/internal/work_item.capnp.h"

namespace duroxide::internal {

namespace {

using Record = WorkItemRecord;

void WriteId(const OperationId& id, Record::Id::Builder record) {
  record.setExecution(id.execution);
  record.setScheduledId(id.scheduled_id);
}

OperationId ReadId(Record::Id::Reader record) {
  return {record.getExecution(), record.getScheduledId()};
}

void Write(const StartItem& item, Record::Builder record) {
  auto start = record.initStart();
  start.setName(tandem::ToData(item.name));
  start.setInput(tandem::ToData(item.input));
}
void Write(const ActivityItem& item, Record::Builder record) {
  auto activity = record.initActivity();
  activity.setInstance(tandem::ToData(item.instance));
  WriteId(item.id, activity.initId());
  activity.setName(tandem::ToData(item.name));
  activity.setInput(tandem::ToData(item.input));
}
void Write(const ActivityCompletedItem& item, Record::Builder record) {
  auto completed = record.initActivityCompleted();
  WriteId(item.id, completed.initId());
  completed.setOutput(tandem::ToData(item.output));
}
void Write(const ActivityFailedItem& item, Record::Builder record) {
  auto failed = record.initActivityFailed();
  WriteId(item.id, failed.initId());
  WriteFailure(item.code, item.message, failed.initFailure());
}
void Write(const TimerFiredItem& item, Record::Builder record) {
  WriteId(item.id, record.initTimerFired());
}
void Write(const EventRaisedItem& item, Record::Builder record) {
  auto event = record.initEventRaised();
  event.setName(tandem::ToData(item.name));
  event.setPayload(tandem::ToData(item.payload));
}

// nullopt for a kind that this version does not know.
std::optional<WorkItem> Read(Record::Reader record) {
  switch (record.which()) {
    case Record::START: {
      const auto start = record.getStart();
      return StartItem{ReadBytes(start.getName()), ReadBytes(start.getInput())};
    }
    case Record::ACTIVITY: {
      const auto activity = record.getActivity();
      return ActivityItem{ReadBytes(activity.getInstance()), ReadId(activity.getId()),
                          ReadBytes(activity.getName()), ReadBytes(activity.getInput())};
    }
    case Record::ACTIVITY_COMPLETED: {
      const auto completed = record.getActivityCompleted();
      return ActivityCompletedItem{ReadId(completed.getId()), ReadBytes(completed.getOutput())};
    }
    case Record::ACTIVITY_FAILED: {
      const auto failed = record.getActivityFailed();
      return ActivityFailedItem{ReadId(failed.getId()), ReadCode(failed.getFailure().getCode()),
                                ReadBytes(failed.getFailure().getMessage())};
    }
    case Record::TIMER_FIRED:
      return TimerFiredItem{ReadId(record.getTimerFired())};
    case Record::EVENT_RAISED: {
      const auto event = record.getEventRaised();
      return EventRaisedItem{ReadBytes(event.getName()), ReadBytes(event.getPayload())};
    }
  }
  return std::nullopt;
}

}  // namespace

std::string EncodeWorkItem(const WorkItem& item) {
  return tandem::EncodeRecord<Record>([&](Record::Builder record) {
    std::visit([&](const auto& kind) { Write(kind, record); }, item);
  });
}

Result<WorkItem> DecodeWorkItem(std::string_view bytes, std::string_view where) {
  std::optional<WorkItem> item;
  TANDEM_RETURN_IF_ERROR(tandem::DecodeRecord<Record>(
      bytes, where, [&](Record::Reader record) { item = Read(record); }));
  if (!item) {
    return Status::Unsupported(std::string(where) +
                               ": written by a newer version of the runtime, which knows more "
                               "kinds of work items");
  }
  return *std::move(item);
}

}  // namespace duroxide::internal
