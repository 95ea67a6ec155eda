#pragma once

// Several batches at a time, from one thread.

#include <vector>

#include "batch/provider.h"

namespace duroxide::internal {

// Applies each of the batches, not empty, as Provider::AtomicBatch does, in this order; they share
// flushes. Blocks until all are answered; the answers are in the order of the batches.
std::vector<tandem::Status> AtomicBatches(tandem::Provider& provider,
                                          std::vector<std::vector<tandem::Operation>> batches);

}  // namespace duroxide::internal
