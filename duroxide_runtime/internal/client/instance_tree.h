#pragma once

// An instance with all that descends from it, by the parents that are recorded in the index.

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "tandem/batch/provider.h"
#include "tandem/duroxide_runtime/internal/store/instance_reader.h"
#include "tandem/duroxide_runtime/status.h"

namespace duroxide::internal {

struct TreeMember {
  std::string instance;
  std::string parent;  // in the tree; empty for the root
  std::size_t depth = 0;
  InstancePlace place;  // read before the status, so at most as new
  StoredStatus stored;  // without output and custom status; bytes only where no turn has run
  Status trouble;       // not Ok: neither place nor status can be read
};

// Errors: NotFound, Corruption, Unsupported.
Result<TreeMember> ReadMember(tandem::Provider& provider, std::string_view instance);

// Called for each member before its children are looked for; an error ends the walk.
using MemberVisitor = std::function<Status(const TreeMember&)>;

// Parents before their children; unreadable ones too, but for the root. Not a snapshot: who needs
// one checks the places again. Errors: NotFound (no such root), TooLarge (more than
// kTreeInstancesMax).
Result<std::vector<TreeMember>> WalkTree(tandem::Provider& provider, std::string_view root,
                                         const MemberVisitor& visit = {});

}  // namespace duroxide::internal
