#include "duroxide_runtime/history.h"

#include <string_view>

namespace duroxide {

namespace {

template <typename... F>
struct Overloaded : F... {
  using F::operator()...;
};
template <typename... F>
Overloaded(F...) -> Overloaded<F...>;

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

// ` with poison Internal "..."`; the application's own category goes without saying.
std::string With(const Failure& failure) {
  std::string text = " with ";
  if (failure.category != FailureCategory::kApplication) {
    text += std::string(FailureCategoryName(failure.category)) + " ";
  }
  return text + std::string(tandem::StatusCodeName(failure.code)) + " " + Quote(failure.message);
}

// `"order" 2.0.0 as "order-7"`
std::string Start(const std::string& name, const std::optional<OrchestrationVersion>& version,
                  const std::string& instance) {
  std::string text = Quote(name);
  if (version) text += " " + version->ToString();
  return text + " as " + Quote(instance);
}

std::string Unread(const std::vector<MailboxMessage>& mailbox) {
  if (mailbox.empty()) return {};
  return " with " + std::to_string(mailbox.size()) + " unread";
}

}  // namespace

std::string Describe(const HistoryBody& body) {
  return std::visit(
      Overloaded{
          [](const Started& e) {
            return "Started " + Quote(e.name) + " " + e.version.ToString() + " input " +
                   Quote(e.input) + Unread(e.mailbox);
          },
          [](const ActivityCompleted& e) {
            return Of("ActivityCompleted", e.scheduled_id) + " output " + Quote(e.output);
          },
          [](const ActivityFailed& e) {
            return Of("ActivityFailed", e.scheduled_id) + With(e.failure);
          },
          [](const TimerFired& e) { return Of("TimerFired", e.scheduled_id); },
          [](const EventRaised& e) {
            return "EventRaised " + Quote(e.name) + " payload " + Quote(e.payload);
          },
          [](const MessageReceived& e) {
            return "MessageReceived " + Quote(e.message.mailbox) + " payload " +
                   Quote(e.message.payload);
          },
          [](const ChildCompleted& e) {
            return Of("ChildCompleted", e.scheduled_id) + " output " + Quote(e.output);
          },
          [](const ChildFailed& e) { return Of("ChildFailed", e.scheduled_id) + With(e.failure); },
          [](const CancelRequested& e) { return "CancelRequested " + Quote(e.reason); },
          [](const ActivityScheduled& e) {
            std::string text = "ActivityScheduled " + Quote(e.name) + " input " + Quote(e.input);
            if (!e.tag.empty()) text += " tag " + Quote(e.tag);
            return text;
          },
          [](const ActivityCancelRequested& e) {
            return Of("ActivityCancelRequested", e.scheduled_id);
          },
          [](const TimerCreated& e) {
            return "TimerCreated for " + std::to_string(e.fire_at.time_since_epoch().count()) +
                   " us";
          },
          [](const TimerCancelled& e) { return Of("TimerCancelled", e.scheduled_id); },
          [](const EventSubscribed& e) { return "EventSubscribed " + Quote(e.name); },
          [](const EventUnsubscribed& e) { return Of("EventUnsubscribed", e.scheduled_id); },
          [](const MailboxSubscribed& e) { return "MailboxSubscribed " + Quote(e.name); },
          [](const MailboxUnsubscribed& e) { return Of("MailboxUnsubscribed", e.scheduled_id); },
          [](const ChildScheduled& e) {
            return "ChildScheduled " + Start(e.name, e.version, e.instance) + " input " +
                   Quote(e.input);
          },
          [](const ChildCancelRequested& e) { return Of("ChildCancelRequested", e.scheduled_id); },
          [](const DetachedStarted& e) {
            return "DetachedStarted " + Start(e.name, e.version, e.instance) + " input " +
                   Quote(e.input);
          },
          [](const StepRecorded& e) {
            std::string text = "StepRecorded " + Quote(e.name);
            if (e.failure) return text + " failed " + Quote(e.failure->message);
            return text + " output " + Quote(e.output);
          },
          [](const PatchRecorded& e) { return "PatchRecorded " + Quote(e.id); },
          [](const CustomStatusSet& e) {
            return e.status.value ? "CustomStatusSet " + Quote(*e.status.value)
                                  : std::string("CustomStatusSet to none");
          },
          [](const KvSet& e) { return "KvSet " + Quote(e.key) + " to " + Quote(e.value); },
          [](const KvErased& e) { return "KvErased " + Quote(e.key); },
          [](const OrchestrationCompleted& e) {
            return "OrchestrationCompleted output " + Quote(e.output);
          },
          [](const OrchestrationFailed& e) { return "OrchestrationFailed" + With(e.failure); },
          [](const OrchestrationContinuedAsNew& e) {
            return "OrchestrationContinuedAsNew input " + Quote(e.input) + Unread(e.mailbox);
          },
      },
      body);
}

}  // namespace duroxide
