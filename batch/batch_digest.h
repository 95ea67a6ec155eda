#pragma once

// What tells one batch from another: 128 bits over every field of its operations, in order. The
// same on every machine and for every provider; XXH3 (libxxhash), which is no defence against a
// caller who wants two batches to look alike.

#include <string>
#include <vector>

#include "tandem/batch/batch.h"

namespace tandem {

std::string BatchDigest(const Batch& batch);

}  // namespace tandem
