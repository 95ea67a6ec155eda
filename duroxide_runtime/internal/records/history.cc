#include "tandem/duroxide_runtime/internal/records/history.h"

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <optional>
#include <type_traits>
#include <variant>

#include "tandem/duroxide_runtime/internal/records/record_fields.h"

namespace duroxide::internal {

namespace {

using Record = HistoryEventRecord;

void WriteStatus(const CustomStatus& status, Record::CustomStatus::Builder record) {
  if (status.value) record.setValue(tandem::ToData(*status.value));
  record.setVersion(status.version);
}
CustomStatus ReadStatus(Record::CustomStatus::Reader record) {
  CustomStatus status;
  if (record.hasValue()) status.value = ReadBytes(record.getValue());
  status.version = record.getVersion();
  return status;
}

void Write(const Started& event, Record::Builder record) {
  auto started = record.initStarted();
  started.setName(tandem::ToData(event.name));
  WriteVersion(event.version, started.initVersion());
  started.setInput(tandem::ToData(event.input));
  started.setSeed(event.seed);
  WriteParent(event.parent, started);
  started.setFirstExecution(event.first_execution);
  started.setCreatedAt(ToMicros(event.created_at));
  WriteUnread(event.unread, started);
  WriteStatus(event.custom_status, started.initCustomStatus());
}
Started ReadBody(Record::Started::Reader record) {
  Started event;
  event.name = ReadBytes(record.getName());
  event.version = ReadVersion(record.getVersion());
  event.input = ReadBytes(record.getInput());
  event.seed = record.getSeed();
  event.parent = ReadParent(record);
  event.first_execution = record.getFirstExecution();
  event.created_at = FromMicros(record.getCreatedAt());
  event.unread = ReadUnread(record);
  event.custom_status = ReadStatus(record.getCustomStatus());
  return event;
}

template <typename Event>
void WriteCompletion(const Event& event, Record::Completion::Builder record) {
  record.setScheduledId(event.scheduled_id);
  record.setOutput(tandem::ToData(event.output));
}
template <typename Event>
Event ReadCompletion(Record::Completion::Reader record) {
  return Event{record.getScheduledId(), ReadBytes(record.getOutput())};
}
void Write(const ActivityCompleted& event, Record::Builder record) {
  WriteCompletion(event, record.initActivityCompleted());
}
void Write(const ChildCompleted& event, Record::Builder record) {
  WriteCompletion(event, record.initChildCompleted());
}

template <typename Event>
void WriteFailed(const Event& event, Record::Failed::Builder record) {
  record.setScheduledId(event.scheduled_id);
  WriteFailure(event.failure, record.initFailure());
}
template <typename Event>
Event ReadFailed(Record::Failed::Reader record) {
  return Event{record.getScheduledId(), ReadFailure(record.getFailure())};
}
void Write(const ActivityFailed& event, Record::Builder record) {
  WriteFailed(event, record.initActivityFailed());
}
void Write(const ChildFailed& event, Record::Builder record) {
  WriteFailed(event, record.initChildFailed());
}

void Write(const TimerFired& event, Record::Builder record) {
  record.setTimerFired(event.scheduled_id);
}
void Write(const EventRaised& event, Record::Builder record) {
  WriteEvent(event, record.initEventRaised());
}
void Write(const CancelRequested& event, Record::Builder record) {
  record.setCancelRequested(tandem::ToData(event.reason));
}

void Write(const ActivityScheduled& event, Record::Builder record) {
  auto call = record.initActivityScheduled();
  call.setName(tandem::ToData(event.name));
  call.setInput(tandem::ToData(event.input));
  call.setTag(tandem::ToData(event.tag));
}
void Write(const ActivityCancelRequested& event, Record::Builder record) {
  auto cancel = record.initActivityCancelRequested();
  cancel.setScheduledId(event.scheduled_id);
  cancel.setTarget(tandem::ToData(event.tag));
}
void Write(const TimerCreated& event, Record::Builder record) {
  record.setTimerCreated(ToMicros(event.fire_at));
}
void Write(const TimerCancelled& event, Record::Builder record) {
  record.setTimerCancelled(event.scheduled_id);
}
void Write(const EventSubscribed& event, Record::Builder record) {
  record.setEventSubscribed(tandem::ToData(event.name));
}
void Write(const EventUnsubscribed& event, Record::Builder record) {
  record.setEventUnsubscribed(event.scheduled_id);
}

template <typename Event>
void WriteStart(const Event& event, Record::Start::Builder record) {
  record.setName(tandem::ToData(event.name));
  WriteOptionalVersion(event.version, record);
  record.setInstance(tandem::ToData(event.instance));
  record.setInput(tandem::ToData(event.input));
}
template <typename Event>
Event ReadStart(Record::Start::Reader record) {
  return Event{ReadBytes(record.getName()), ReadOptionalVersion(record),
               ReadBytes(record.getInstance()), ReadBytes(record.getInput())};
}
void Write(const ChildScheduled& event, Record::Builder record) {
  WriteStart(event, record.initChildScheduled());
}
void Write(const ChildCancelRequested& event, Record::Builder record) {
  auto cancel = record.initChildCancelRequested();
  cancel.setScheduledId(event.scheduled_id);
  cancel.setTarget(tandem::ToData(event.instance));
}
void Write(const DetachedStarted& event, Record::Builder record) {
  WriteStart(event, record.initDetachedStarted());
}

void Write(const StepRecorded& event, Record::Builder record) {
  auto step = record.initStepRecorded();
  step.setName(tandem::ToData(event.name));
  step.setOutput(tandem::ToData(event.output));
  if (event.failure) WriteFailure(*event.failure, step.initFailure());
}
StepRecorded ReadBody(Record::Step::Reader record) {
  StepRecorded event{ReadBytes(record.getName()), ReadBytes(record.getOutput()), std::nullopt};
  if (record.hasFailure()) event.failure = ReadFailure(record.getFailure());
  return event;
}
void Write(const PatchRecorded& event, Record::Builder record) {
  record.setPatchRecorded(tandem::ToData(event.id));
}
void Write(const CustomStatusSet& event, Record::Builder record) {
  WriteStatus(event.status, record.initCustomStatusSet());
}
void Write(const KvSet& event, Record::Builder record) {
  auto entry = record.initKvSet();
  entry.setName(tandem::ToData(event.key));
  entry.setBytes(tandem::ToData(event.value));
}
void Write(const KvErased& event, Record::Builder record) {
  record.setKvErased(tandem::ToData(event.key));
}

void Write(const OrchestrationCompleted& event, Record::Builder record) {
  record.setOrchestrationCompleted(tandem::ToData(event.output));
}
void Write(const OrchestrationFailed& event, Record::Builder record) {
  WriteFailure(event.failure, record.initOrchestrationFailed());
}
void Write(const OrchestrationContinuedAsNew& event, Record::Builder record) {
  auto next = record.initOrchestrationContinuedAsNew();
  next.setInput(tandem::ToData(event.input));
  WriteOptionalVersion(event.version, next);
  WriteUnread(event.unread, next);
}

// nullopt for a kind that this version does not know.
std::optional<HistoryBody> Read(Record::Reader record) {  // NOLINT(readability-function-size)
  switch (record.which()) {
    case Record::STARTED:
      return ReadBody(record.getStarted());
    case Record::ACTIVITY_COMPLETED:
      return ReadCompletion<ActivityCompleted>(record.getActivityCompleted());
    case Record::ACTIVITY_FAILED:
      return ReadFailed<ActivityFailed>(record.getActivityFailed());
    case Record::TIMER_FIRED:
      return TimerFired{record.getTimerFired()};
    case Record::EVENT_RAISED:
      return ReadEvent(record.getEventRaised());
    case Record::CHILD_COMPLETED:
      return ReadCompletion<ChildCompleted>(record.getChildCompleted());
    case Record::CHILD_FAILED:
      return ReadFailed<ChildFailed>(record.getChildFailed());
    case Record::CANCEL_REQUESTED:
      return CancelRequested{ReadBytes(record.getCancelRequested())};
    case Record::ACTIVITY_SCHEDULED: {
      const auto call = record.getActivityScheduled();
      return ActivityScheduled{ReadBytes(call.getName()), ReadBytes(call.getInput()),
                               ReadBytes(call.getTag())};
    }
    case Record::ACTIVITY_CANCEL_REQUESTED: {
      const auto cancel = record.getActivityCancelRequested();
      return ActivityCancelRequested{cancel.getScheduledId(), ReadBytes(cancel.getTarget())};
    }
    case Record::TIMER_CREATED:
      return TimerCreated{FromMicros(record.getTimerCreated())};
    case Record::TIMER_CANCELLED:
      return TimerCancelled{record.getTimerCancelled()};
    case Record::EVENT_SUBSCRIBED:
      return EventSubscribed{ReadBytes(record.getEventSubscribed())};
    case Record::EVENT_UNSUBSCRIBED:
      return EventUnsubscribed{record.getEventUnsubscribed()};
    case Record::CHILD_SCHEDULED:
      return ReadStart<ChildScheduled>(record.getChildScheduled());
    case Record::CHILD_CANCEL_REQUESTED: {
      const auto cancel = record.getChildCancelRequested();
      return ChildCancelRequested{cancel.getScheduledId(), ReadBytes(cancel.getTarget())};
    }
    case Record::DETACHED_STARTED:
      return ReadStart<DetachedStarted>(record.getDetachedStarted());
    case Record::STEP_RECORDED:
      return ReadBody(record.getStepRecorded());
    case Record::PATCH_RECORDED:
      return PatchRecorded{ReadBytes(record.getPatchRecorded())};
    case Record::CUSTOM_STATUS_SET:
      return CustomStatusSet{ReadStatus(record.getCustomStatusSet())};
    case Record::KV_SET: {
      const auto entry = record.getKvSet();
      return KvSet{ReadBytes(entry.getName()), ReadBytes(entry.getBytes())};
    }
    case Record::KV_ERASED:
      return KvErased{ReadBytes(record.getKvErased())};
    case Record::ORCHESTRATION_COMPLETED:
      return OrchestrationCompleted{ReadBytes(record.getOrchestrationCompleted())};
    case Record::ORCHESTRATION_FAILED:
      return OrchestrationFailed{ReadFailure(record.getOrchestrationFailed())};
    case Record::ORCHESTRATION_CONTINUED_AS_NEW: {
      const auto next = record.getOrchestrationContinuedAsNew();
      return OrchestrationContinuedAsNew{ReadBytes(next.getInput()), ReadOptionalVersion(next),
                                         ReadUnread(next)};
    }
  }
  return std::nullopt;
}

template <typename T, typename Variant>
struct IndexIn;
template <typename T, typename... Ts>
struct IndexIn<T, std::variant<Ts...>> {
  static constexpr std::size_t kValue = [] {
    constexpr bool kSame[] = {std::is_same_v<T, Ts>...};
    return static_cast<std::size_t>(std::find(std::begin(kSame), std::end(kSame), true) -
                                    std::begin(kSame));
  }();
};
// HistoryBody lists the inputs first, then the commands, then the ends.
constexpr std::size_t kFirstCommand = IndexIn<ActivityScheduled, HistoryBody>::kValue;
constexpr std::size_t kFirstEnd = IndexIn<OrchestrationCompleted, HistoryBody>::kValue;

std::size_t WeightOf(const Failure& failure) {
  std::size_t bytes = failure.message.size();
  for (const Failure::Cause& cause : failure.causes) bytes += cause.message.size();
  return bytes;
}

// An overload for each kind, so that a new one does not compile before it is weighed.
struct Weigher {
  // What it has of an execution before was weighed there.
  std::size_t operator()(const Started& started) const {
    return started.name.size() + started.input.size() + ContentBytes(started.unread);
  }
  std::size_t operator()(const ActivityCompleted& end) const { return end.output.size(); }
  std::size_t operator()(const ActivityFailed& end) const { return WeightOf(end.failure); }
  std::size_t operator()(const TimerFired& /*end*/) const { return 0; }
  std::size_t operator()(const EventRaised& event) const {
    return event.name.size() + event.payload.size();
  }
  std::size_t operator()(const ChildCompleted& end) const { return end.output.size(); }
  std::size_t operator()(const ChildFailed& end) const { return WeightOf(end.failure); }
  std::size_t operator()(const CancelRequested& request) const { return request.reason.size(); }
  std::size_t operator()(const ActivityScheduled& command) const {
    return command.name.size() + command.input.size() + command.tag.size();
  }
  std::size_t operator()(const ActivityCancelRequested& command) const {
    return command.tag.size();
  }
  std::size_t operator()(const TimerCreated& /*command*/) const { return 0; }
  std::size_t operator()(const TimerCancelled& /*command*/) const { return 0; }
  std::size_t operator()(const EventSubscribed& command) const { return command.name.size(); }
  std::size_t operator()(const EventUnsubscribed& /*command*/) const { return 0; }
  std::size_t operator()(const ChildScheduled& command) const {
    return command.name.size() + command.instance.size() + command.input.size();
  }
  std::size_t operator()(const ChildCancelRequested& command) const {
    return command.instance.size();
  }
  std::size_t operator()(const DetachedStarted& command) const {
    return command.name.size() + command.instance.size() + command.input.size();
  }
  std::size_t operator()(const StepRecorded& step) const {
    return step.name.size() + step.output.size() + (step.failure ? WeightOf(*step.failure) : 0);
  }
  std::size_t operator()(const PatchRecorded& patch) const { return patch.id.size(); }
  std::size_t operator()(const CustomStatusSet& set) const {
    return set.status.value ? set.status.value->size() : 0;
  }
  std::size_t operator()(const KvSet& set) const { return set.key.size() + set.value.size(); }
  std::size_t operator()(const KvErased& erased) const { return erased.key.size(); }
  std::size_t operator()(const OrchestrationCompleted& end) const { return end.output.size(); }
  std::size_t operator()(const OrchestrationFailed& end) const { return WeightOf(end.failure); }
  std::size_t operator()(const OrchestrationContinuedAsNew& end) const {
    return end.input.size() + ContentBytes(end.unread);
  }
};

}  // namespace

bool IsInput(const HistoryBody& body) { return body.index() < kFirstCommand; }

bool IsEnd(const HistoryBody& body) { return body.index() >= kFirstEnd; }

bool SameOutput(const HistoryBody& recorded, const HistoryBody& asked) {
  if (recorded.index() != asked.index()) return false;
  if (std::holds_alternative<TimerCreated>(recorded)) return true;
  if (std::holds_alternative<OrchestrationFailed>(recorded)) return true;
  if (std::holds_alternative<CustomStatusSet>(recorded)) return true;
  if (const auto* step = std::get_if<StepRecorded>(&recorded)) {
    return step->name == std::get<StepRecorded>(asked).name;
  }
  return recorded == asked;
}

std::size_t ContentBytes(const std::vector<EventRaised>& events) {
  std::size_t bytes = 0;
  for (const EventRaised& event : events) bytes += event.name.size() + event.payload.size();
  return bytes;
}

std::size_t ContentBytes(const HistoryBody& body) { return std::visit(Weigher(), body); }

std::string EncodeHistoryEvent(const HistoryEvent& event) {
  return tandem::EncodeRecord<Record>([&](Record::Builder record) {
    record.setTime(ToMicros(event.time));
    std::visit([&](const auto& body) { Write(body, record); }, event.body);
  });
}

Result<HistoryEvent> DecodeHistoryEvent(std::string_view bytes, std::string_view where) {
  HistoryEvent event;
  bool known = false;
  TANDEM_RETURN_IF_ERROR(tandem::DecodeRecord<Record>(bytes, where, [&](Record::Reader record) {
    event.time = FromMicros(record.getTime());
    if (auto body = Read(record)) {
      event.body = *std::move(body);
      known = true;
    }
  }));
  if (!known) {
    return Status::Unsupported(std::string(where) +
                               ": written by a newer version of the runtime, which knows more "
                               "kinds of history events");
  }
  return event;
}

}  // namespace duroxide::internal
