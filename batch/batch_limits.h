#pragma once

#include <chrono>
#include <vector>

#include "tandem/base/status.h"
#include "tandem/batch/batch.h"

namespace tandem {

// Refuses a batch for reasons that do not depend on what the store holds, before anything is done:
// limits and impossible combinations. Every operation at fault is reported. The same for every
// provider.
Status ValidateBatch(const Batch& batch, const BatchOptions& options);

// Of batch ids: as an option of the store.
Status ValidateRetention(std::chrono::milliseconds retention);

}  // namespace tandem
