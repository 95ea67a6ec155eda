#include "tandem/duroxide_runtime/history.h"

#include <string_view>

namespace duroxide {

namespace {

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

std::string Unread(const std::vector<EventRaised>& events) {
  if (events.empty()) return {};
  return " with " + std::to_string(events.size()) + " unread";
}

// One function for each kind.
struct Describer {
  std::string operator()(const Started& e) const {
    return "Started " + Quote(e.name) + " " + e.version.ToString() + " input " + Quote(e.input) +
           Unread(e.unread);
  }
  std::string operator()(const ActivityCompleted& e) const {
    return Of("ActivityCompleted", e.scheduled_id) + " output " + Quote(e.output);
  }
  std::string operator()(const ActivityFailed& e) const {
    return Of("ActivityFailed", e.scheduled_id) + With(e.failure);
  }
  std::string operator()(const TimerFired& e) const { return Of("TimerFired", e.scheduled_id); }
  std::string operator()(const EventRaised& e) const {
    return "EventRaised " + Quote(e.name) + " payload " + Quote(e.payload);
  }
  std::string operator()(const ChildCompleted& e) const {
    return Of("ChildCompleted", e.scheduled_id) + " output " + Quote(e.output);
  }
  std::string operator()(const ChildFailed& e) const {
    return Of("ChildFailed", e.scheduled_id) + With(e.failure);
  }
  std::string operator()(const CancelRequested& e) const {
    return "CancelRequested " + Quote(e.reason);
  }
  std::string operator()(const ActivityScheduled& e) const {
    std::string text = "ActivityScheduled " + Quote(e.name) + " input " + Quote(e.input);
    if (!e.tag.empty()) text += " tag " + Quote(e.tag);
    return text;
  }
  std::string operator()(const ActivityCancelRequested& e) const {
    return Of("ActivityCancelRequested", e.scheduled_id);
  }
  std::string operator()(const TimerCreated& e) const {
    return "TimerCreated for " + std::to_string(e.fire_at.time_since_epoch().count()) + " us";
  }
  std::string operator()(const TimerCancelled& e) const {
    return Of("TimerCancelled", e.scheduled_id);
  }
  std::string operator()(const EventSubscribed& e) const {
    return "EventSubscribed " + Quote(e.name);
  }
  std::string operator()(const EventUnsubscribed& e) const {
    return Of("EventUnsubscribed", e.scheduled_id);
  }
  std::string operator()(const ChildScheduled& e) const {
    return "ChildScheduled " + Start(e.name, e.version, e.instance) + " input " + Quote(e.input);
  }
  std::string operator()(const ChildCancelRequested& e) const {
    return Of("ChildCancelRequested", e.scheduled_id);
  }
  std::string operator()(const DetachedStarted& e) const {
    return "DetachedStarted " + Start(e.name, e.version, e.instance) + " input " + Quote(e.input);
  }
  std::string operator()(const StepRecorded& e) const {
    std::string text = "StepRecorded " + Quote(e.name);
    if (e.failure) return text + " failed " + Quote(e.failure->message);
    return text + " output " + Quote(e.output);
  }
  std::string operator()(const PatchRecorded& e) const { return "PatchRecorded " + Quote(e.id); }
  std::string operator()(const CustomStatusSet& e) const {
    return e.status.value ? "CustomStatusSet " + Quote(*e.status.value)
                          : std::string("CustomStatusSet to none");
  }
  std::string operator()(const KvSet& e) const {
    return "KvSet " + Quote(e.key) + " to " + Quote(e.value);
  }
  std::string operator()(const KvErased& e) const { return "KvErased " + Quote(e.key); }
  std::string operator()(const OrchestrationCompleted& e) const {
    return "OrchestrationCompleted output " + Quote(e.output);
  }
  std::string operator()(const OrchestrationFailed& e) const {
    return "OrchestrationFailed" + With(e.failure);
  }
  std::string operator()(const OrchestrationContinuedAsNew& e) const {
    return "OrchestrationContinuedAsNew input " + Quote(e.input) + Unread(e.unread);
  }
};

}  // namespace

std::string Describe(const HistoryBody& body) { return std::visit(Describer(), body); }

}  // namespace duroxide
