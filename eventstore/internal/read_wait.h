#pragma once

// The blocking wait for a page with events.

#include <chrono>
#include <stop_token>

#include "tandem/base/clock.h"
#include "tandem/base/result.h"
#include "tandem/eventstore/event_store.h"
#include "tandem/eventstore/internal/stream_waiters.h"

namespace tandem::internal {

inline bool EndsWait(const EventPage& page) { return !page.events.empty() || page.deleted; }
inline bool EndsWait(const FeedPage& page) { return !page.events.empty(); }

// Calls `read` until its page is worth waiting for, the wait is over, or a stop is requested.
// `stream` is what is waited for; null for any.
template <typename Page, typename Read>
Result<Page> ReadOrWait(Clock& clock, StreamWaiters& waiters, const StreamId* stream,
                        std::chrono::milliseconds wait, const std::stop_token& stop, Read read) {
  Result<Page> page = read();
  const auto done = [&page] { return !page.ok() || EndsWait(*page); };
  if (done() || wait <= std::chrono::milliseconds::zero()) return page;
  const Timestamp deadline = SaturatingAdd(clock.Now(), wait);
  Signal signal;
  const NotifyOnStop notify(stop, signal);
  const StreamWaiters::Registration registration(waiters, stream, signal);
  while (true) {
    page = read();  // after the registration, so that no append between the two is missed
    if (done() || stop.stop_requested()) return page;
    if (!clock.WaitUntil(signal, deadline)) return read();
  }
}

}  // namespace tandem::internal
