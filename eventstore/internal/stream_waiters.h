#pragma once

// Who waits for new events: signals by stream, and one list for the global feed. Thread-safe.

#include <atomic>
#include <map>
#include <string>

#include "base/clock.h"
#include "base/guarded.h"
#include "eventstore/event_store.h"

namespace tandem::internal {

class StreamWaiters {
 public:
  // Waits for a stream, or for any event at all where `stream` is null, for as long as it lives.
  class Registration {
   public:
    Registration(StreamWaiters& waiters, const StreamId* stream, Signal& signal);
    ~Registration();
    Registration(const Registration&) = delete;
    Registration& operator=(const Registration&) = delete;

   private:
    StreamWaiters& waiters_;
    std::multimap<StreamId, Signal*>::iterator self_;
  };

  // Wakes those who wait for `stream`, and those who wait for anything.
  void Notify(const StreamId& stream);

 private:
  std::atomic<int> count_ = 0;  // lets Notify pass without the lock when nobody waits
  Guarded<std::multimap<StreamId, Signal*>> signals_;
};

}  // namespace tandem::internal
