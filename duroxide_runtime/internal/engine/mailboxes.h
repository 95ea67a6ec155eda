#pragma once

// The mailboxes of an execution: by name, messages that nobody has read and operations that wait
// for one, both oldest first. At most one of the two is not empty.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tandem/duroxide_runtime/history.h"

namespace duroxide::internal {

class Mailboxes {
 public:
  struct Message {
    std::uint64_t arrival = 0;  // in the execution, over all mailboxes
    std::string payload;
  };

  // The arrival number of the next message.
  std::uint64_t NextArrival() { return next_arrival_++; }

  // A message that has come, or that its reader did not want after all: it goes back to its place.
  void Put(const std::string& mailbox, Message message) {
    std::deque<Message>& unread = boxes_[mailbox].unread;
    const auto later = [](const Message& a, const Message& b) { return a.arrival < b.arrival; };
    unread.insert(std::upper_bound(unread.begin(), unread.end(), message, later),
                  std::move(message));
  }
  std::optional<Message> Take(const std::string& mailbox) {
    std::deque<Message>& unread = boxes_[mailbox].unread;
    if (unread.empty()) return std::nullopt;
    Message message = std::move(unread.front());
    unread.pop_front();
    return message;
  }

  void Wait(const std::string& mailbox, std::size_t operation) {
    boxes_[mailbox].waiting.push_back(operation);
  }
  std::optional<std::size_t> NextWaiting(const std::string& mailbox) {
    std::deque<std::size_t>& waiting = boxes_[mailbox].waiting;
    if (waiting.empty()) return std::nullopt;
    const std::size_t operation = waiting.front();
    waiting.pop_front();
    return operation;
  }
  void StopWaiting(const std::string& mailbox, std::size_t operation) {
    std::erase(boxes_[mailbox].waiting, operation);
  }

  // All that is unread, in order of arrival.
  std::vector<MailboxMessage> Unread() const {
    std::map<std::uint64_t, MailboxMessage> by_arrival;
    for (const auto& [name, box] : boxes_) {
      for (const Message& message : box.unread) {
        by_arrival.emplace(message.arrival, MailboxMessage{name, message.payload});
      }
    }
    std::vector<MailboxMessage> messages;
    messages.reserve(by_arrival.size());
    for (auto& [arrival, message] : by_arrival) messages.push_back(std::move(message));
    return messages;
  }

 private:
  struct Box {
    std::deque<Message> unread;
    std::deque<std::size_t> waiting;
  };
  std::map<std::string, Box> boxes_;
  std::uint64_t next_arrival_ = 0;
};

}  // namespace duroxide::internal
