#pragma once

// Parking: work that can't be done with the code at hand goes back to its queue for a while, and
// the instance's status says why. Nothing is lost, and the right runtime picks it up.
//
// Work whose code is not registered here may be what another runtime on the store has the code for.
// So it is handed over first: given back for a moment, without a word, in which it goes to whoever
// waits for work. Only work that has come back each time is parked; and when it is due, it is
// handed over again.
//
// Being parked is an answer: it is not counted as a delivery, so that what is parked never becomes
// poison (internal/engine/poison.h). How often something was parked in a row is therefore
// remembered in memory (Backoffs); a runtime that starts anew begins with the shortest delay again.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>

#include "tandem/base/guarded.h"
#include "tandem/batch/provider.h"
#include "tandem/duroxide_runtime/instance_status.h"
#include "tandem/duroxide_runtime/status.h"

namespace duroxide::internal {

// "message 7 of queue 'dx/work'"
inline std::string WhereOf(const tandem::Delivery& delivery) {
  return "message " + std::to_string(delivery.id) + " of queue '" + delivery.queue + "'";
}

// kParkDelayFirst after the first attempt, doubling up to kParkDelayMax (tuning.h).
std::chrono::milliseconds ParkDelay(std::uint32_t attempt);

// What to do at one attempt, in a row, at work whose code is not registered here.
struct UnregisteredStep {
  bool hand_over = false;     // else it is parked
  std::uint32_t parking = 0;  // the first, the second, ...
};
UnregisteredStep StepOfUnregistered(std::uint32_t attempt);

// How often in a row something could not be done, by name. What somebody else has done, or what has
// gone, does not come back, and is forgotten after a while; so is the oldest of too many names
// (tuning.h). Thread-safe.
class Backoffs {
 public:
  // 1 the first time, 2 the second, ... `message` is the first that waits under this name: when it
  // is another than before, somebody has got on, and it is the first time again.
  std::uint32_t Next(const std::string& name, std::uint64_t message, tandem::Timestamp now);
  void Forget(const std::string& name);

  std::size_t size() const { return state_.Lock()->entries.size(); }

 private:
  struct Entry {
    std::string name;
    std::uint64_t message = 0;
    std::uint32_t attempts = 0;
    tandem::Timestamp last{};
  };
  using Order = std::list<Entry>;  // by `last`
  struct State {
    Order order;
    std::unordered_map<std::string, Order::iterator> entries;  // looked up only
  };
  mutable tandem::Guarded<State> state_;
};

struct ParkOrder {
  tandem::LockToken token;
  std::uint32_t attempt = 1;  // of doing it, in a row: makes the delay
  bool count = false;         // whether this delivery counts
  std::string instance;
  std::string diagnosis;
  InstanceStatus fallback;  // what the status starts from if there is none
  bool starts = false;      // the instance's start is among what is parked
};

// Ends the lease and writes the diagnosis, in one batch. The status of a finished instance stays as
// it is, and an instance that never was gets none (a foreign message may name any). Errors:
// LeaseLost, and those of the store.
Status Park(tandem::Provider& provider, const ParkOrder& order);

}  // namespace duroxide::internal
