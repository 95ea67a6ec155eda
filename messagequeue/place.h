#pragma once

// Where a message stands in its queue: the order of delivery.

#include <compare>

#include "tandem/base/timestamp.h"
#include "tandem/messagequeue/message_queue.h"

namespace tandem {

// Oldest visible first, then as enqueued. `visible_at` is by the queue's own time, which a clock
// that is set back does not set back.
struct Place {
  Timestamp visible_at;
  MessageId id = 0;

  auto operator<=>(const Place&) const = default;
};

}  // namespace tandem
