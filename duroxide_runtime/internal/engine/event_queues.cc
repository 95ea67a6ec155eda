#include "tandem/duroxide_runtime/internal/engine/event_queues.h"

#include <algorithm>
#include <utility>
#include <variant>

namespace duroxide::internal {

std::optional<EventQueues::Event> EventQueues::Begin(const std::string& name, std::uint64_t wait) {
  const auto queue = queues_.try_emplace(name).first;
  std::deque<Event>& unread = queue->second.unread;
  if (unread.empty()) {
    queue->second.waits.push_back(wait);
    return std::nullopt;
  }
  Event event = std::move(unread.front());
  unread.pop_front();
  --unread_;
  unread_bytes_ -= name.size() + event.payload.size();
  EraseIfEmpty(queue);
  return event;
}

void EventQueues::End(const std::string& name, std::uint64_t wait) {
  const auto queue = queues_.find(name);
  if (queue == queues_.end()) return;
  std::erase(queue->second.waits, wait);
  EraseIfEmpty(queue);
}

std::optional<EventQueues::Match> EventQueues::Raise(const EventRaised& event) {
  return Return(event.name, Event{next_arrival_++, event.payload});
}

std::optional<EventQueues::Match> EventQueues::Return(const std::string& name, Event event) {
  const auto queue = queues_.try_emplace(name).first;
  std::deque<std::uint64_t>& waits = queue->second.waits;
  if (!waits.empty()) {
    const std::uint64_t oldest = waits.front();
    waits.pop_front();
    EraseIfEmpty(queue);
    return Match{oldest, std::move(event)};
  }
  ++unread_;
  unread_bytes_ += name.size() + event.payload.size();
  std::deque<Event>& unread = queue->second.unread;
  const auto later = [](const Event& a, const Event& b) { return a.arrival < b.arrival; };
  unread.insert(std::upper_bound(unread.begin(), unread.end(), event, later), std::move(event));
  return std::nullopt;
}

std::vector<EventRaised> EventQueues::Unread() const {
  std::map<std::uint64_t, EventRaised> by_arrival;
  for (const auto& [name, queue] : queues_) {
    for (const Event& event : queue.unread) {
      by_arrival.emplace(event.arrival, EventRaised{name, event.payload});
    }
  }
  std::vector<EventRaised> events;
  events.reserve(by_arrival.size());
  for (auto& [arrival, event] : by_arrival) events.push_back(std::move(event));
  return events;
}

void EventQueues::EraseIfEmpty(std::map<std::string, Queue>::iterator queue) {
  if (queue->second.unread.empty() && queue->second.waits.empty()) queues_.erase(queue);
}

std::vector<EventRaised> UnreadEvents(const History& history) {
  struct Wait {
    std::string name;
    std::optional<EventQueues::Event> event;
  };
  EventQueues queues;
  std::map<EventId, Wait> waits;
  const auto give = [&waits](std::optional<EventQueues::Match> match) {
    if (match) waits[match->wait].event = std::move(match->event);
  };
  EventId id = 0;
  for (const HistoryEvent& event : history) {
    ++id;
    if (const auto* started = std::get_if<Started>(&event.body)) {
      for (const EventRaised& unread : started->unread) give(queues.Raise(unread));
    } else if (const auto* raised = std::get_if<EventRaised>(&event.body)) {
      give(queues.Raise(*raised));
    } else if (const auto* begun = std::get_if<EventSubscribed>(&event.body)) {
      waits[id] = Wait{begun->name, queues.Begin(begun->name, id)};
    } else if (const auto* ended = std::get_if<EventUnsubscribed>(&event.body)) {
      auto wait = waits.extract(ended->scheduled_id);
      if (wait.empty()) continue;  // damaged
      if (wait.mapped().event) {
        give(queues.Return(wait.mapped().name, *std::move(wait.mapped().event)));
      } else {
        queues.End(wait.mapped().name, wait.key());
      }
    }
  }
  return queues.Unread();
}

}  // namespace duroxide::internal
