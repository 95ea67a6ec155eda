#pragma once

// What a lack of memory is to a caller: a status, made beforehand, since making one takes memory.

#include "tandem/base/status.h"

namespace tandem {

// Unavailable: nothing was done.
const Status& OutOfMemory();

// The exception that is being handled, as a status: OutOfMemory for std::bad_alloc, Unavailable
// where a thread or another resource of the system is missing, else Internal with its text.
// REQUIRES: called in a catch clause.
Status StatusOfException() noexcept;

}  // namespace tandem
