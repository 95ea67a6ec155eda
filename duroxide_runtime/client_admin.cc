// What a client does to whole instances: trees, deleting, pruning.

#include <utility>

#include "tandem/duroxide_runtime/client.h"
#include "tandem/duroxide_runtime/internal/client/executions.h"
#include "tandem/duroxide_runtime/internal/client/instance_deletion.h"
#include "tandem/duroxide_runtime/internal/client/instance_tree.h"
#include "tandem/duroxide_runtime/internal/engine/names.h"

namespace duroxide {

std::string_view ExecutionStateName(ExecutionState state) {
  switch (state) {
    case ExecutionState::kRunning:
      return "Running";
    case ExecutionState::kCompleted:
      return "Completed";
    case ExecutionState::kFailed:
      return "Failed";
    case ExecutionState::kCancelled:
      return "Cancelled";
    case ExecutionState::kContinuedAsNew:
      return "ContinuedAsNew";
  }
  return "Unknown";
}

Result<std::vector<TreeEntry>> Client::GetTree(std::string_view instance) const {
  TANDEM_RETURN_IF_ERROR(internal::CheckInstance(instance));
  TANDEM_ASSIGN_OR_RETURN(std::vector<internal::TreeMember> members,
                          internal::WalkTree(*provider_, instance));
  std::vector<TreeEntry> tree;
  tree.reserve(members.size());
  for (internal::TreeMember& member : members) {
    InstanceStatus& status = member.stored.status;
    tree.push_back({std::move(member.instance), std::move(member.parent), member.depth,
                    status.state, std::move(status.orchestration)});
  }
  return tree;
}

Result<DeleteResult> Client::Delete(std::string_view instance, const DeleteOptions& options) const {
  TANDEM_RETURN_IF_ERROR(internal::CheckInstance(instance));
  return internal::DeleteTree(*provider_, instance, options.force);
}

Result<PruneResult> Client::PruneExecutions(std::string_view instance,
                                            std::uint64_t keep_last) const {
  TANDEM_RETURN_IF_ERROR(internal::CheckInstance(instance));
  if (keep_last == 0) {
    return Status::InvalidArgument("the latest execution is never pruned: keep_last is at least 1");
  }
  return internal::PruneExecutions(*provider_, instance, keep_last);
}

}  // namespace duroxide
