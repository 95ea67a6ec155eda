#pragma once

#include <string>
#include <vector>

#include "batch/operation.h"

namespace tandem::internal {

// Equal for equal lists of operations, in practice different for others. The same in every build
// and on every machine: it is stored beside the batch id.
std::string BatchDigest(const std::vector<Operation>& operations);

}  // namespace tandem::internal
