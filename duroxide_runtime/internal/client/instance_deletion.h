#pragma once

// Deletes an instance with all that descends from it.
//
// Exact by its batch, which checks that nothing has happened to any member since the tree was
// walked: no turn, so no new child and no new activity. Nothing lives on: the group of each member
// and its open activities go too, so whoever holds one of them under a lease has lost it, and can
// store nothing any more.
//
// A tree whose members go on while it is walked is stopped first, parents before their children:
// the history of each gets an end, so that no turn of it can be stored any more. It starts no
// further child then, and the tree is walked and deleted at rest: work for each member once,
// however fast they are.
//
// A tree that does not fit into one batch is deleted from the leaves up, the root last: at any
// moment the rest is a tree of the same root, and deleting it again goes on.

#include <cstddef>
#include <string_view>

#include "tandem/batch/provider.h"
#include "tandem/duroxide_runtime/client_types.h"
#include "tandem/duroxide_runtime/status.h"

namespace duroxide::internal {

// Operations of a batch that takes no further member. Far below the limit of a batch, since one
// member may have as many activities as kOpenOperationsMax, and for its bytes' sake.
inline constexpr std::size_t kDeleteBatchOperations = 20'000;

Result<DeleteResult> DeleteTree(tandem::Provider& provider, std::string_view root, bool force,
                                std::size_t batch_operations = kDeleteBatchOperations);

}  // namespace duroxide::internal
