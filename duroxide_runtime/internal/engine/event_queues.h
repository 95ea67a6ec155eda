#pragma once

// The events of an execution, by name: those that nobody has read, and the waits that no event has
// come for, both oldest first. At most one of the two is not empty for a name.
//
// A wait is known by a number of its owner's choice: to an OperationTable by its operation's index,
// to who only reads a history by the id of its EventSubscribed.

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "tandem/duroxide_runtime/history.h"

namespace duroxide::internal {

class EventQueues {
 public:
  struct Event {
    std::uint64_t arrival = 0;  // in the execution, over all names
    std::string payload;
  };
  // An event and the wait that gets it.
  struct Match {
    std::uint64_t wait = 0;
    Event event;
  };

  // A wait begins. The oldest unread event of that name, which it gets; without one it waits.
  std::optional<Event> Begin(const std::string& name, std::uint64_t wait);
  // A wait that no event has come for is over.
  void End(const std::string& name, std::uint64_t wait);

  // An event has come: for the oldest wait of its name; without one it is unread.
  std::optional<Match> Raise(const EventRaised& event);
  // The wait that got the event did not want it after all. It is for the oldest wait, or unread
  // again in its old place.
  std::optional<Match> Return(const std::string& name, Event event);

  // In order of arrival.
  std::vector<EventRaised> Unread() const;
  std::size_t unread() const { return unread_; }
  std::size_t unread_bytes() const { return unread_bytes_; }  // names and payloads

 private:
  struct Queue {
    std::deque<Event> unread;
    std::deque<std::uint64_t> waits;
  };
  void EraseIfEmpty(std::map<std::string, Queue>::iterator queue);

  std::map<std::string, Queue> queues_;  // none is empty
  std::uint64_t next_arrival_ = 0;
  std::size_t unread_ = 0;
  std::size_t unread_bytes_ = 0;
};

// What a history says of the events of its execution, without its code being run. An event that has
// found its wait counts as read, although the code may yet give it back.
std::vector<EventRaised> UnreadEvents(const History& history);

}  // namespace duroxide::internal
