#pragma once

// Who waits for new events: signals by stream, and one list for the global feed. Thread-safe.

#include <atomic>
#include <map>
#include <string>
#include <string_view>

#include "tandem/base/clock.h"
#include "tandem/base/guarded.h"
#include "tandem/eventstore/event_store.h"

namespace tandem::internal {

class StreamWaiters {
 public:
  // Waits for a stream, or for any event at all where `stream` is null, for as long as it lives.
  class Registration {
   public:
    Registration(StreamWaiters& waiters, const StreamId* stream, Notifiable& waiter);
    ~Registration();
    Registration(const Registration&) = delete;
    Registration& operator=(const Registration&) = delete;

   private:
    StreamWaiters& waiters_;
    std::multimap<StreamId, Notifiable*>::iterator self_;
  };

  // Wakes those who wait for `stream`, and those who wait for anything.
  void Notify(const StreamId& stream);

  // Wakes those who wait for any stream of the entity.
  void NotifyEntity(std::string_view entity);

 private:
  std::atomic<int> count_ = 0;  // lets Notify pass without the lock when nobody waits
  Guarded<std::multimap<StreamId, Notifiable*>> signals_;
};

}  // namespace tandem::internal
