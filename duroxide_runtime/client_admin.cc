#include "tandem/duroxide_runtime/client_admin.h"

#include <utility>

#include "tandem/duroxide_runtime/internal/client/client_checks.h"
#include "tandem/duroxide_runtime/internal/client/executions.h"
#include "tandem/duroxide_runtime/internal/client/instance_deletion.h"
#include "tandem/duroxide_runtime/internal/client/instance_list.h"
#include "tandem/duroxide_runtime/internal/client/instance_lookup.h"
#include "tandem/duroxide_runtime/internal/client/instance_tree.h"
#include "tandem/duroxide_runtime/internal/client/kv_reader.h"
#include "tandem/duroxide_runtime/internal/engine/names.h"
#include "tandem/duroxide_runtime/internal/store/instance_reader.h"
#include "tandem/duroxide_runtime/limits.h"

namespace duroxide {

Result<ExecutionPage> ClientAdmin::ListExecutions(std::string_view instance, std::uint64_t after,
                                                  std::size_t limit) const {
  TANDEM_RETURN_IF_ERROR(internal::CheckInstance(instance));
  if (limit == 0) return Status::InvalidArgument("the limit is 0");
  return internal::ListExecutions(*provider_, instance, after, limit);
}

Result<InstancePage> ClientAdmin::ListInstances(const InstanceFilter& filter,
                                                const ListOptions& options) const {
  if (!filter.orchestration.empty()) {
    TANDEM_RETURN_IF_ERROR(internal::CheckName("orchestration name", filter.orchestration));
  }
  TANDEM_RETURN_IF_ERROR(
      internal::CheckSize("id prefix", filter.id_prefix.size(), kInstanceIdBytesMax));
  TANDEM_RETURN_IF_ERROR(internal::CheckSize("id", options.after.size(), kInstanceIdBytesMax));
  if (options.limit == 0) return Status::InvalidArgument("the limit is 0");
  return internal::ListInstances(*provider_, filter, options);
}

Result<InstancePage> ClientAdmin::ListChildren(std::string_view instance,
                                               const ListOptions& options) const {
  TANDEM_RETURN_IF_ERROR(internal::CheckInstance(instance));
  TANDEM_RETURN_IF_ERROR(internal::CheckSize("id", options.after.size(), kInstanceIdBytesMax));
  if (options.limit == 0) return Status::InvalidArgument("the limit is 0");
  return internal::ListChildren(*provider_, instance, options);
}

Result<InstanceStats> ClientAdmin::GetStats(std::string_view instance) const {
  TANDEM_RETURN_IF_ERROR(internal::CheckInstance(instance));
  // One read after the other, while the instance goes on: the figures need not be of one moment.
  InstanceStats stats;
  TANDEM_ASSIGN_OR_RETURN(const KvEntries kv, internal::ReadVisibleKv(*provider_, instance, {}));
  for (const auto& [key, entry] : kv) {
    stats.kv_keys += 1;
    stats.kv_bytes += entry.value.size();
  }
  TANDEM_ASSIGN_OR_RETURN(const internal::InstancePlace place,
                          internal::FindInstance(*provider_, instance));
  if (place.head == 0) return stats;
  TANDEM_ASSIGN_OR_RETURN(const std::uint64_t oldest,
                          internal::OldestExecution(*provider_, instance, place));
  stats.executions = place.execution - oldest + 1;
  stats.history_events = place.head;
  return stats;
}

Result<std::vector<TreeEntry>> ClientAdmin::GetTree(std::string_view instance) const {
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

Result<DeleteResult> ClientAdmin::Delete(std::string_view instance,
                                         const DeleteOptions& options) const {
  TANDEM_RETURN_IF_ERROR(internal::CheckInstance(instance));
  return internal::DeleteTree(*provider_, instance, options.force);
}

Result<PruneResult> ClientAdmin::PruneExecutions(std::string_view instance,
                                                 std::uint64_t keep_last) const {
  TANDEM_RETURN_IF_ERROR(internal::CheckInstance(instance));
  if (keep_last == 0) {
    return Status::InvalidArgument("the latest execution is never pruned: keep_last is at least 1");
  }
  return internal::PruneExecutions(*provider_, instance, keep_last);
}

}  // namespace duroxide
