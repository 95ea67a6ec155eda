#pragma once

// What Runtime::Shutdown is asked for, and how it went.

#include <chrono>

#include "tandem/duroxide_runtime/timeout.h"

namespace duroxide {

// How long a shutdown takes at most, on the provider's clock.
struct ShutdownOptions {
  ShutdownOptions() {}
  explicit ShutdownOptions(Timeout the_timeout) : timeout(the_timeout) {}

  // Running work may come to its end by itself for so long; then activities are asked to stop...
  Timeout timeout = std::chrono::seconds(10);
  // ...and have so long to return.
  Timeout grace = std::chrono::seconds(5);
};

// How it went. Nothing is lost in any case: what has no stored result is run again, here or
// elsewhere.
enum class ShutdownResult {
  kDrained,  // all that ran came to its end by itself, and is stored
  kForced,   // activities were asked to stop; all have returned, and are stored or given back
  // Something still runs after the grace: it can't be stopped, and is waited for by the destructor.
  // Or the store was in trouble: something that ran could not be stored.
  kFailed,
};

}  // namespace duroxide
