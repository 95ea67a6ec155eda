#pragma once

// Reads where an instance is, its status, its history and its key-value map. Nothing here is one
// snapshot: an instance may go on, or be deleted, between two reads.

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "tandem/batch/provider.h"
#include "tandem/duroxide_runtime/history.h"
#include "tandem/duroxide_runtime/instance_status.h"
#include "tandem/duroxide_runtime/internal/records/kv_changes.h"
#include "tandem/duroxide_runtime/internal/store/layout.h"

namespace duroxide::internal {

// An instance as it is; first_execution also says where one of that id would begin.
struct InstancePlace {
  std::uint64_t first_execution = kFirstExecution;
  std::uint64_t execution = kFirstExecution;  // the latest
  tandem::Version head = 0;                   // of its history; 0: no turn has run yet
};
Result<InstancePlace> FindInstance(tandem::Provider& provider, std::string_view instance);

struct StoredStatus {
  std::string bytes;  // as stored, to guard a change of it
  InstanceStatus status;
  std::uint64_t first_execution = kFirstExecution;
};

// nullopt when the instance has none.
Result<std::optional<StoredStatus>> ReadStatus(tandem::Provider& provider,
                                               std::string_view instance);

// Errors: Corruption, also when it is not there; Unsupported (of the events), and those of the
// store.
Result<History> LoadHistory(tandem::Provider& provider, std::string_view instance,
                            std::uint64_t execution, tandem::Version head);

// An instance with the history of its latest execution. Looked up again when that was deleted or
// pruned meanwhile. Errors: those of LoadHistory.
struct StoredInstance {
  InstancePlace place;
  History history;
};
Result<StoredInstance> LoadInstance(tandem::Provider& provider, std::string_view instance);

// The key-value entries in one stream's metadata.
Result<KvChanges> ReadKv(tandem::Provider& provider, const tandem::StreamId& stream,
                         std::string_view key_prefix);
// The same of what stands under kKvBeforePrefix; nullopt if nothing does.
Result<std::optional<KvEntries>> ReadKvBefore(tandem::Provider& provider,
                                              const tandem::StreamId& stream);

// Where ids that are about to be used would begin, and which of them are taken.
struct IdClaims {
  std::map<std::string, std::uint64_t> first_executions;
  std::set<std::string> taken;
};
Result<IdClaims> ClaimIds(tandem::Provider& provider, const std::vector<std::string>& ids);

}  // namespace duroxide::internal
