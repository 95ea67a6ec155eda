#pragma once

// Lists of instances, read from the index.

#include <string_view>

#include "tandem/base/result.h"
#include "tandem/batch/provider.h"
#include "tandem/duroxide_runtime/client_types.h"

namespace duroxide::internal {

tandem::Result<InstancePage> ListInstances(tandem::Provider& provider, const InstanceFilter& filter,
                                           const ListOptions& options);

tandem::Result<InstancePage> ListChildren(tandem::Provider& provider, std::string_view parent,
                                          const ListOptions& options);

}  // namespace duroxide::internal
