#pragma once

// Parking: work that can't be done with the code at hand goes back to its queue for a while, and
// the instance's status says why. Nothing is lost, and the right runtime picks it up.

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "batch/provider.h"
#include "duroxide_runtime/instance_status.h"

namespace duroxide::internal {

// 1 s after the first delivery, doubling up to 60 s.
std::chrono::milliseconds ParkDelay(std::uint32_t delivery_count);

struct ParkOrder {
  tandem::LockToken token;
  std::uint32_t delivery_count = 1;
  std::string instance;
  std::string diagnosis;
  InstanceStatus fallback;  // what the status starts from if there is none
};

// Ends the lease and writes the diagnosis, in one batch. The status of a finished instance stays as
// it is. Errors: LeaseLost, and those of the store.
tandem::Status Park(tandem::Provider& provider, const ParkOrder& order);

}  // namespace duroxide::internal
