#pragma once

// Parking: work that can't be done with the code at hand goes back to its queue for a while, and
// the instance's status says why. Nothing is lost, and the right runtime picks it up.
//
// Being parked is an answer: it is not counted as a delivery, so that what is parked never becomes
// poison (internal/poison.h). How often something was parked in a row is therefore remembered in
// memory (Backoffs); a runtime that starts anew begins with the shortest delay again.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "base/guarded.h"
#include "batch/provider.h"
#include "duroxide_runtime/instance_status.h"
#include "duroxide_runtime/internal/lease_keeper.h"

namespace duroxide::internal {

// 1 s after the first attempt, doubling up to 60 s.
std::chrono::milliseconds ParkDelay(std::uint32_t attempt);

// How often in a row something was parked, by name. Thread-safe. Holds kBackoffsMax names; one more
// makes it forget one of them.
class Backoffs {
 public:
  static constexpr std::size_t kBackoffsMax = 10'000;

  // 1 the first time, 2 the second, ...
  std::uint32_t Next(const std::string& name);
  void Forget(const std::string& name);

 private:
  tandem::Guarded<std::map<std::string, std::uint32_t>> attempts_;
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
tandem::Status Park(tandem::Provider& provider, const ParkOrder& order);

// Calls `end`, which ends the lease, again while the store is Unavailable, a few times and as long
// as the lease holds. False if the lease was lost, which is no error. Errors: of the store; the
// lease then ends by itself.
tandem::Result<bool> EndLease(tandem::Clock& clock, const LeaseKeeper::Held& lease,
                              const std::function<tandem::Status()>& end);

// Gives back what is leased, at once and without counting it.
tandem::Result<bool> GiveBack(tandem::Provider& provider, const LeaseKeeper::Held& lease,
                              const tandem::LockToken& token);

}  // namespace duroxide::internal
