#include "tandem/duroxide_runtime/internal/client/instance_tree.h"

#include <utility>

#include "tandem/duroxide_runtime/internal/client/client_checks.h"
#include "tandem/duroxide_runtime/internal/client/instance_lookup.h"
#include "tandem/duroxide_runtime/internal/store/instance_index.h"
#include "tandem/duroxide_runtime/limits.h"

namespace duroxide::internal {

Result<TreeMember> ReadMember(tandem::Provider& provider, std::string_view instance) {
  TreeMember member;
  member.instance = instance;
  TANDEM_ASSIGN_OR_RETURN(member.place, FindInstance(provider, instance));
  TANDEM_ASSIGN_OR_RETURN(member.stored, LookUp(provider, instance));
  // What may be large, times kTreeInstancesMax.
  member.stored.status.output.clear();
  member.stored.status.custom_status = CustomStatus();
  if (member.place.head > 0) member.stored.bytes = std::string();
  return member;
}

namespace {

// Appends the children of members[index].
Status AddChildren(tandem::Provider& provider, std::size_t index,
                   std::vector<TreeMember>& members) {
  const std::string parent = members[index].instance;
  const std::size_t depth = members[index].depth + 1;
  tandem::MetadataOptions options;
  options.prefix = IndexChildrenPrefix(parent);
  for (bool more = true; more;) {
    TANDEM_ASSIGN_OR_RETURN(const tandem::MetadataPage page,
                            provider.ReadMetadata(IndexStream(), options));
    for (const auto& [key, value] : page.entries) {
      if (members.size() == kTreeInstancesMax) {
        return Status::TooLarge("instance " + Quoted(members.front().instance) + " has more than " +
                                std::to_string(kTreeInstancesMax) + " descendants");
      }
      const std::string id = key.substr(options.prefix.size());
      Result<TreeMember> child = ReadMember(provider, id);
      if (child.status().code() == StatusCode::kNotFound) continue;  // deleted meanwhile
      if (IsUnreadable(child.status())) {
        TreeMember unreadable;
        unreadable.instance = id;
        unreadable.trouble = child.status();
        child = std::move(unreadable);
      }
      TANDEM_RETURN_IF_ERROR(child.status());
      child->parent = parent;
      child->depth = depth;
      members.push_back(*std::move(child));
    }
    more = page.more;
    options.after = page.next;
  }
  return Status::Ok();
}

}  // namespace

Result<std::vector<TreeMember>> WalkTree(tandem::Provider& provider, std::string_view root,
                                         const MemberVisitor& visit) {
  std::vector<TreeMember> members;
  TANDEM_ASSIGN_OR_RETURN(TreeMember first, ReadMember(provider, root));
  members.push_back(std::move(first));
  for (std::size_t i = 0; i < members.size(); ++i) {
    if (visit) TANDEM_RETURN_IF_ERROR(visit(members[i]));
    TANDEM_RETURN_IF_ERROR(AddChildren(provider, i, members));
  }
  return members;
}

}  // namespace duroxide::internal
