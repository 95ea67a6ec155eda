#pragma once

// Lists of instances, read from the index.

#include <string_view>

#include "tandem/batch/provider.h"
#include "tandem/duroxide_runtime/client_types.h"
#include "tandem/duroxide_runtime/status.h"

namespace duroxide::internal {

Result<InstancePage> ListInstances(tandem::Provider& provider, const InstanceFilter& filter,
                                   const ListOptions& options);

Result<InstancePage> ListChildren(tandem::Provider& provider, std::string_view parent,
                                  const ListOptions& options);

}  // namespace duroxide::internal
