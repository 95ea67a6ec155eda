#pragma once

// How long a call of a client, or a shutdown, waits at most.

#include <chrono>

#include "tandem/base/timestamp.h"

namespace duroxide {

// In any unit from milliseconds up; hours::max() is forever.
using Timeout = tandem::Saturated<std::chrono::milliseconds>;

}  // namespace duroxide
