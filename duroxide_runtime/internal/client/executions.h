#pragma once

// The executions of an instance: those with a history. Pruning takes the oldest, so what is left
// has no hole.

#include <cstdint>
#include <string_view>

#include "tandem/batch/provider.h"
#include "tandem/duroxide_runtime/client_types.h"
#include "tandem/duroxide_runtime/internal/store/instance_reader.h"
#include "tandem/duroxide_runtime/status.h"

namespace duroxide::internal {

// The oldest that is left. REQUIRES: place.head > 0.
Result<std::uint64_t> OldestExecution(tandem::Provider& provider, std::string_view instance,
                                      const InstancePlace& place);

Result<ExecutionPage> ListExecutions(tandem::Provider& provider, std::string_view instance,
                                     std::uint64_t after, std::size_t limit);

// The key-value map with which the oldest execution that is left began. Errors: Unsupported, if
// that is not known.
Result<KvEntries> KvBefore(tandem::Provider& provider, std::string_view instance,
                           const InstancePlace& place, std::uint64_t execution);

// Deletes all but the latest `keep_last` >= 1, and records with which map the oldest of these
// began, so that they can still be replayed.
Result<PruneResult> PruneExecutions(tandem::Provider& provider, std::string_view instance,
                                    std::uint64_t keep_last);

}  // namespace duroxide::internal
