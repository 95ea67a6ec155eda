#pragma once

// The ClientAdmin is what operators need of a client, and programs seldom do: lists of instances
// and of their executions, counts, trees, deleting and pruning. Client::admin() makes one. Like a
// client it needs only the provider, is thread-safe, and cheap to copy.

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "tandem/batch/provider.h"
#include "tandem/duroxide_runtime/client_types.h"
#include "tandem/duroxide_runtime/codec.h"
#include "tandem/duroxide_runtime/status.h"

namespace duroxide {

// Errors common to all calls: those of Client.
class ClientAdmin {
 public:
  // `provider` outlives this.
  explicit ClientAdmin(tandem::Provider& provider) : provider_(&provider) {}

  // --- Lists -------------------------------------------------------------------------------------

  // A page of the instances that match. It may have fewer than `limit`, or none, and yet `more`.
  // Pages are not a snapshot, but: what matches all the time while the list is read is in it
  // exactly once; what is in it had that status when its page was read.
  Result<InstancePage> ListInstances(const InstanceFilter& filter,
                                     const ListOptions& options = ListOptions()) const;

  // The children that an instance has started and that are still there, finished or not; detached
  // ones are none. Of an unknown instance: none.
  Result<InstancePage> ListChildren(std::string_view instance,
                                    const ListOptions& options = ListOptions()) const;

  // The instance and all that descends from it, parents before children. Errors: NotFound, TooLarge
  // (more than kTreeInstancesMax).
  Result<std::vector<TreeEntry>> GetTree(std::string_view instance) const;

  // --- One instance ------------------------------------------------------------------------------

  // Errors: NotFound.
  Result<InstanceStats> GetStats(std::string_view instance) const;

  // Those that have a history and are not pruned, behind `after`. Errors: NotFound;
  // InvalidArgument (limit is 0).
  Result<ExecutionPage> ListExecutions(std::string_view instance, std::uint64_t after = 0,
                                       std::size_t limit = 1000) const;

  // --- Deleting ----------------------------------------------------------------------------------

  // Deletes an instance and all that descends from it: histories, status, key-value map, messages,
  // activities. In one batch, unless the tree is too large for one: then the descendants first, and
  // after a failure in between, deleting again goes on. Activities and turns that are running can
  // store nothing any more. An instance that is busy is ended first: for a moment it is Failed. The
  // id may be used again afterwards. Errors: NotFound; InvalidArgument (a child that has not
  // finished, which is deleted with its parent; or, without `force`, something has not finished);
  // Unavailable (busy: it had a turn whenever this looked); Corruption (status and history of a
  // member are both damaged; with one of them it can be deleted).
  //
  // A child that has finished may be deleted by itself: its parent has its result, or gets it. So
  // an instance with more than kTreeInstancesMax descendants is deleted after some of them
  // (ListChildren).
  Result<DeleteResult> Delete(std::string_view instance,
                              const DeleteOptions& options = DeleteOptions()) const;

  // Deletes the histories of all executions but the latest `keep_last`; never that of the latest.
  // Nothing else changes. Errors: NotFound; InvalidArgument (keep_last is 0).
  Result<PruneResult> PruneExecutions(std::string_view instance, std::uint64_t keep_last) const;

 private:
  tandem::Provider* provider_;
};

}  // namespace duroxide
