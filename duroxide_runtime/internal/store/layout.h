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
//                  which it began, and an entry with an empty key that is no key of the map.
//                  "progress/..." of running activities: see ProgressKey
//   "dx/index"     entity of the index of all instances (internal/store/instance_index.h)
//   "dx/turns"     queue of what concerns an instance, grouped by instance
//   "dx/work", "dx/work/<tag>"  queues of activities to run
//
// message key := 'O' instance:escaped execution:u64be scheduled_id:u64be
//   of an activity in "dx/work" and of a timer in "dx/turns": the operation that it serves

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "tandem/batch/batch.h"
#include "tandem/duroxide_runtime/internal/records/work_item.h"

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

// progress := "progress/" scheduled_id:decimal -> the bytes that the activity gave
//   Metadata of the execution that has called the activity (dispatch/stored_progress.h).
std::string ProgressKey(std::uint64_t scheduled_id);

}  // namespace duroxide::internal
