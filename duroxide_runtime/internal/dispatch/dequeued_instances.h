#pragma once

// What one Dequeue has returned: the messages of one instance or more. The thread that has asked
// takes one after the other, and others help when it does not get on. Thread-safe.

#include <algorithm>
#include <cstddef>
#include <span>
#include <utility>
#include <vector>

#include "tandem/base/guarded.h"
#include "tandem/messagequeue/message_queue.h"

namespace duroxide::internal {

class DequeuedInstances {
 public:
  using Deliveries = std::span<const tandem::Delivery>;

  explicit DequeuedInstances(std::vector<tandem::Delivery> deliveries)
      : deliveries_(std::move(deliveries)) {}

  // The messages of the next instance, which stay here; none when all are taken.
  Deliveries Take() {
    const auto taken = taken_.Lock();
    const Deliveries left = Deliveries(deliveries_).subspan(*taken);
    const auto next = std::ranges::find_if(left, [&](const tandem::Delivery& delivery) {
      return delivery.lock_token != left.front().lock_token;
    });
    const auto size = static_cast<std::size_t>(next - left.begin());
    *taken += size;
    return left.first(size);
  }

  bool empty() const { return *taken_.Lock() == deliveries_.size(); }

 private:
  const std::vector<tandem::Delivery> deliveries_;
  tandem::Guarded<std::size_t> taken_;
};

}  // namespace duroxide::internal
