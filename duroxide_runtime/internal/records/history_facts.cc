#include "tandem/duroxide_runtime/internal/records/history_facts.h"

#include <variant>

namespace duroxide::internal {

namespace {

class OpenOperations {
 public:
  // An event that names an operation is its result, or says that it was cancelled: it is open no
  // more. All others open none.
  template <typename Body>
  void Note(EventId /*id*/, const Body& body) {
    if constexpr (requires { body.scheduled_id; }) cancellations_.erase(body.scheduled_id);
  }
  void Note(EventId id, const ActivityScheduled& call) {
    cancellations_.emplace(id, ActivityCancelRequested{id, call.tag});
  }
  void Note(EventId id, const TimerCreated& /*timer*/) {
    cancellations_.emplace(id, TimerCancelled{id});
  }
  void Note(EventId id, const ChildScheduled& child) {
    cancellations_.emplace(id, ChildCancelRequested{id, child.instance});
  }

  std::map<EventId, HistoryBody> TakeCancellations() { return std::move(cancellations_); }

 private:
  std::map<EventId, HistoryBody> cancellations_;
};

}  // namespace

Started StartedOf(const StartItem& start, const OrchestrationVersion& version, std::uint64_t seed,
                  Timestamp now) {
  Started started;
  started.name = start.name;
  started.version = version;
  started.input = start.input;
  started.seed = seed;
  started.parent = start.parent;
  started.first_execution = start.first_execution;
  started.created_at = now;
  return started;
}

CustomStatus CustomStatusOf(const Started& started, const History& history) {
  CustomStatus status = started.custom_status;
  for (const HistoryEvent& event : history) {
    if (const auto* set = std::get_if<CustomStatusSet>(&event.body)) status = set->status;
  }
  return status;
}

std::map<EventId, HistoryBody> CancellationsOfOpen(const History& history) {
  OpenOperations open;
  EventId id = 0;  // events have no id of their own: it is their place in history, from 1
  for (const HistoryEvent& event : history) {
    ++id;
    std::visit([&](const auto& body) { open.Note(id, body); }, event.body);
  }
  return open.TakeCancellations();
}

}  // namespace duroxide::internal
