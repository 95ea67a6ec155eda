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

}  // namespace

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
            return "TimerCreated for " + std::to_string(e.fire_at.time_since_epoch().count()) +
                   " us";
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

}  // namespace duroxide
