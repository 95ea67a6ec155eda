#pragma once

// Where an instance lives in the generic store, and every name that the runtime uses there. All of
// these begin with "dx/", so that they never meet the names of an application that keeps its own
// streams and queues in the same store.
//
//   "dx/i/<id>"    entity of the instance of that id
//   partition n>0  the history of execution n; an event's version is its id
//   home           the partition before the first execution: 0, or, if the id was used before and
//                  deleted, the one behind the tombstone. Metadata only:
//                    "status" -> StatusRecord, for queries; no turn reads it
//                    "kv/..." -> KvRecord: the key-value map as ended executions have left it
//   execution      metadata "kv/..." -> KvRecord: what the running execution has changed, for
//                  clients; a turn knows it from history. "begins", from before its first event:
//                  so a deletion before it deletes this stream too, for those who wait here.
//                  "before/..." -> KvRecord, of the oldest that pruning has left: the map with
//                  which it began, and an entry with an empty key that is no key of the map
//   "dx/index"     entity of the index of all instances (internal/instance_index.h)
//   "dx/turns"     queue of what concerns an instance, grouped by instance
//   "dx/work", "dx/work/<tag>"  queues of activities to run
//
// message key := 'O' instance:escaped execution:u64be scheduled_id:u64be
//   of an activity in "dx/work" and of a timer in "dx/turns": the operation that it serves

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "batch/provider.h"
#include "duroxide_runtime/instance_status.h"
#include "duroxide_runtime/internal/records/history.h"
#include "duroxide_runtime/internal/records/kv_entry.h"
#include "duroxide_runtime/internal/records/status_record.h"
#include "duroxide_runtime/internal/records/work_item.h"

namespace duroxide::internal {

inline constexpr std::string_view kInstanceEntityPrefix = "dx/i/";
inline constexpr std::string_view kIndexEntity = "dx/index";
inline constexpr std::string_view kTurnQueue = "dx/turns";
inline constexpr std::string_view kWorkQueue = "dx/work";
inline constexpr std::string_view kStatusKey = "status";
inline constexpr std::string_view kBeginsKey = "begins";
inline constexpr std::string_view kKvPrefix = "kv/";
inline constexpr std::string_view kKvBeforePrefix = "before/";

// Of an id that is used for the first time.
inline constexpr std::uint64_t kFirstExecution = 1;

std::string InstanceEntity(std::string_view instance);
// The instance that lives there; nullopt if the entity is none of an instance.
std::optional<std::string_view> InstanceOf(std::string_view entity);
tandem::StreamId HomeStream(std::string_view instance, std::uint64_t first_execution);
tandem::StreamId HistoryStream(std::string_view instance, std::uint64_t execution);
std::string OperationKey(std::string_view instance, const OperationId& id);
std::string WorkQueue(std::string_view tag);
std::string KvKey(std::string_view key);

tandem::Enqueue ToInstance(std::string_view instance, const WorkItem& item);

// --- Reading ------------------------------------------------------------------------------------

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

// --- Starting -----------------------------------------------------------------------------------

struct NewInstance {
  std::string instance;
  StartItem start;
  std::optional<tandem::Timestamp> start_at = std::nullopt;  // nullopt: at once
};

// The operations that start an instance, unless there is one of that id: then the batch is a
// Conflict. Whoever starts it has found out `start.first_execution` (FindInstance).
void AddStart(const NewInstance& instance, tandem::Timestamp now,
              std::vector<tandem::Operation>& batch);

// Announces an execution that is left to a later turn.
tandem::UpdateMetadata AnnounceExecution(std::string_view instance, std::uint64_t execution);

// Where ids that are about to be used would begin, and which of them are taken.
struct IdClaims {
  std::map<std::string, std::uint64_t> first_executions;
  std::set<std::string> taken;
};
Result<IdClaims> ClaimIds(tandem::Provider& provider, const std::vector<std::string>& ids);

// Sets the instance's status. To be used as an operation of a batch.
tandem::UpdateMetadata SetStatus(std::string_view instance, std::uint64_t first_execution,
                                 const InstanceStatus& status);

}  // namespace duroxide::internal
