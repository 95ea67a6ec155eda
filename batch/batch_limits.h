#pragma once

#include <chrono>
#include <vector>

#include "tandem/base/status.h"
#include "tandem/batch/batch.h"

namespace tandem {

// What a batch is refused for by itself, before anything is done, whatever the store holds: limits
// and impossible combinations. Every operation at fault is reported. The same for every provider.
Status ValidateBatch(const Batch& batch, const BatchOptions& options);

// Of batch ids: as an option of the store.
Status ValidateRetention(std::chrono::milliseconds retention);

}  // namespace tandem
