#include "duroxide_runtime/internal/history.h"

#include <optional>

#include "duroxide_runtime/internal/record_fields.h"

namespace duroxide::internal {

namespace {

using Record = HistoryEventRecord;

template <typename... F>
struct Overloaded : F... {
  using F::operator()...;
};
template <typename... F>
Overloaded(F...) -> Overloaded<F...>;

void Write(const Started& event, Record::Builder record) {
  auto started = record.initStarted();
  started.setName(tandem::ToData(event.name));
  started.setInput(tandem::ToData(event.input));
  started.setSeed(event.seed);
}
void Write(const ActivityScheduled& event, Record::Builder record) {
  auto call = record.initActivityScheduled();
  call.setName(tandem::ToData(event.name));
  call.setInput(tandem::ToData(event.input));
}
void Write(const ActivityCompleted& event, Record::Builder record) {
  auto completion = record.initActivityCompleted();
  completion.setScheduledId(event.scheduled_id);
  completion.setOutput(tandem::ToData(event.output));
}
void Write(const ActivityFailed& event, Record::Builder record) {
  auto failed = record.initActivityFailed();
  failed.setScheduledId(event.scheduled_id);
  WriteFailure(event.code, event.message, failed.initFailure());
}
void Write(const ActivityCancelRequested& event, Record::Builder record) {
  record.setActivityCancelRequested(event.scheduled_id);
}
void Write(const TimerCreated& event, Record::Builder record) {
  record.setTimerCreated(ToMicros(event.fire_at));
}
void Write(const TimerFired& event, Record::Builder record) {
  record.setTimerFired(event.scheduled_id);
}
void Write(const TimerCancelled& event, Record::Builder record) {
  record.setTimerCancelled(event.scheduled_id);
}
void Write(const EventSubscribed& event, Record::Builder record) {
  record.setEventSubscribed(tandem::ToData(event.name));
}
void Write(const EventRaised& event, Record::Builder record) {
  auto raised = record.initEventRaised();
  raised.setName(tandem::ToData(event.name));
  raised.setInput(tandem::ToData(event.payload));
}
void Write(const EventUnsubscribed& event, Record::Builder record) {
  record.setEventUnsubscribed(event.scheduled_id);
}
void Write(const OrchestrationCompleted& event, Record::Builder record) {
  record.setOrchestrationCompleted(tandem::ToData(event.output));
}
void Write(const OrchestrationFailed& event, Record::Builder record) {
  WriteFailure(event.code, event.message, record.initOrchestrationFailed());
}

HistoryBody ReadActivityFailed(Record::Failure::Reader record) {
  const auto failure = record.getFailure();
  return ActivityFailed{record.getScheduledId(), ReadCode(failure.getCode()),
                        ReadBytes(failure.getMessage())};
}

// nullopt for a kind that this version does not know.
std::optional<HistoryBody> Read(Record::Reader record) {
  switch (record.which()) {
    case Record::STARTED: {
      const auto started = record.getStarted();
      return Started{ReadBytes(started.getName()), ReadBytes(started.getInput()),
                     started.getSeed()};
    }
    case Record::ACTIVITY_SCHEDULED: {
      const auto call = record.getActivityScheduled();
      return ActivityScheduled{ReadBytes(call.getName()), ReadBytes(call.getInput())};
    }
    case Record::ACTIVITY_COMPLETED: {
      const auto completion = record.getActivityCompleted();
      return ActivityCompleted{completion.getScheduledId(), ReadBytes(completion.getOutput())};
    }
    case Record::ACTIVITY_FAILED:
      return ReadActivityFailed(record.getActivityFailed());
    case Record::ACTIVITY_CANCEL_REQUESTED:
      return ActivityCancelRequested{record.getActivityCancelRequested()};
    case Record::TIMER_CREATED:
      return TimerCreated{FromMicros(record.getTimerCreated())};
    case Record::TIMER_FIRED:
      return TimerFired{record.getTimerFired()};
    case Record::TIMER_CANCELLED:
      return TimerCancelled{record.getTimerCancelled()};
    case Record::EVENT_SUBSCRIBED:
      return EventSubscribed{ReadBytes(record.getEventSubscribed())};
    case Record::EVENT_RAISED: {
      const auto raised = record.getEventRaised();
      return EventRaised{ReadBytes(raised.getName()), ReadBytes(raised.getInput())};
    }
    case Record::EVENT_UNSUBSCRIBED:
      return EventUnsubscribed{record.getEventUnsubscribed()};
    case Record::ORCHESTRATION_COMPLETED:
      return OrchestrationCompleted{ReadBytes(record.getOrchestrationCompleted())};
    case Record::ORCHESTRATION_FAILED: {
      const auto failure = record.getOrchestrationFailed();
      return OrchestrationFailed{ReadCode(failure.getCode()), ReadBytes(failure.getMessage())};
    }
  }
  return std::nullopt;
}

// The bytes in quotes, cut and with everything unprintable as \xNN.
std::string Quote(std::string_view bytes) {
  constexpr std::size_t kShownMax = 60;
  constexpr char kHex[] = "0123456789abcdef";
  std::string text = "\"";
  for (const char c : bytes.substr(0, kShownMax)) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      text += '\\';
      text += c;
    } else if (byte >= 0x20 && byte < 0x7f) {
      text += c;
    } else {
      text += "\\x";
      text += kHex[byte >> 4];
      text += kHex[byte & 15];
    }
  }
  text += '"';
  if (bytes.size() > kShownMax) text += "... (" + std::to_string(bytes.size()) + " bytes)";
  return text;
}

std::string Of(std::string_view kind, EventId id) {
  return std::string(kind) + " of event " + std::to_string(id);
}

}  // namespace

bool IsInput(const HistoryBody& body) {
  return std::holds_alternative<Started>(body) || std::holds_alternative<ActivityCompleted>(body) ||
         std::holds_alternative<ActivityFailed>(body) || std::holds_alternative<TimerFired>(body) ||
         std::holds_alternative<EventRaised>(body);
}

bool IsEnd(const HistoryBody& body) {
  return std::holds_alternative<OrchestrationCompleted>(body) ||
         std::holds_alternative<OrchestrationFailed>(body);
}

bool SameOutput(const HistoryBody& recorded, const HistoryBody& asked) {
  if (recorded.index() != asked.index()) return false;
  if (std::holds_alternative<TimerCreated>(recorded)) return true;
  if (std::holds_alternative<OrchestrationFailed>(recorded)) return true;
  return recorded == asked;
}

std::string Describe(const HistoryBody& body) {
  const auto failure = [](StatusCode code, const std::string& message) {
    return std::string(tandem::StatusCodeName(code)) + " " + Quote(message);
  };
  return std::visit(
      Overloaded{
          [](const Started& e) { return "Started " + Quote(e.name) + " input " + Quote(e.input); },
          [](const ActivityScheduled& e) {
            return "ActivityScheduled " + Quote(e.name) + " input " + Quote(e.input);
          },
          [](const ActivityCompleted& e) {
            return Of("ActivityCompleted", e.scheduled_id) + " output " + Quote(e.output);
          },
          [&](const ActivityFailed& e) {
            return Of("ActivityFailed", e.scheduled_id) + " with " + failure(e.code, e.message);
          },
          [](const ActivityCancelRequested& e) {
            return Of("ActivityCancelRequested", e.scheduled_id);
          },
          [](const TimerCreated& e) {
            return "TimerCreated for " + std::to_string(ToMicros(e.fire_at)) + " us";
          },
          [](const TimerFired& e) { return Of("TimerFired", e.scheduled_id); },
          [](const TimerCancelled& e) { return Of("TimerCancelled", e.scheduled_id); },
          [](const EventSubscribed& e) { return "EventSubscribed " + Quote(e.name); },
          [](const EventRaised& e) {
            return "EventRaised " + Quote(e.name) + " payload " + Quote(e.payload);
          },
          [](const EventUnsubscribed& e) { return Of("EventUnsubscribed", e.scheduled_id); },
          [](const OrchestrationCompleted& e) {
            return "OrchestrationCompleted output " + Quote(e.output);
          },
          [&](const OrchestrationFailed& e) {
            return "OrchestrationFailed with " + failure(e.code, e.message);
          },
      },
      body);
}

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
