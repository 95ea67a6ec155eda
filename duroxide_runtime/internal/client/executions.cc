#include "tandem/duroxide_runtime/internal/client/executions.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "tandem/base/check.h"
#include "tandem/duroxide_runtime/internal/client/client_checks.h"
#include "tandem/duroxide_runtime/internal/client/instance_lookup.h"
#include "tandem/duroxide_runtime/internal/engine/kv_state.h"
#include "tandem/duroxide_runtime/internal/records/status_record.h"

namespace duroxide::internal {

namespace {

constexpr std::uint64_t kPruneBatch = 1'000;

// How often others may prune or delete the same while this looks at it.
constexpr int kPruneConflictsMax = 16;

std::string NameExecution(std::string_view instance, std::uint64_t execution) {
  return "execution " + std::to_string(execution) + " of instance " + Quoted(instance);
}

ExecutionState StateAfter(const HistoryBody& last) {
  if (std::holds_alternative<OrchestrationCompleted>(last)) return ExecutionState::kCompleted;
  if (std::holds_alternative<OrchestrationContinuedAsNew>(last)) {
    return ExecutionState::kContinuedAsNew;
  }
  const auto* failed = std::get_if<OrchestrationFailed>(&last);
  if (failed == nullptr) return ExecutionState::kRunning;
  return failed->failure.category == FailureCategory::kCancelled ? ExecutionState::kCancelled
                                                                 : ExecutionState::kFailed;
}

Result<tandem::EventPage> ReadEnd(tandem::Provider& provider, const tandem::StreamId& stream,
                                  tandem::Direction direction) {
  tandem::ReadOptions options;
  options.direction = direction;
  options.max_events = 1;
  return provider.Read(stream, options);
}

// nullopt if it is not there.
Result<std::optional<ExecutionInfo>> ReadExecution(tandem::Provider& provider,
                                                   std::string_view instance,
                                                   std::uint64_t execution) {
  const tandem::StreamId stream = HistoryStream(instance, execution);
  const std::string where = NameExecution(instance, execution);
  TANDEM_ASSIGN_OR_RETURN(const tandem::EventPage first,
                          ReadEnd(provider, stream, tandem::Direction::kForward));
  TANDEM_ASSIGN_OR_RETURN(const tandem::EventPage last,
                          ReadEnd(provider, stream, tandem::Direction::kBackward));
  if (first.events.empty() || last.events.empty()) return std::nullopt;
  TANDEM_ASSIGN_OR_RETURN(const HistoryEvent begin,
                          DecodeHistoryEvent(first.events.front().payload, where));
  TANDEM_ASSIGN_OR_RETURN(const HistoryEvent end,
                          DecodeHistoryEvent(last.events.front().payload, where));
  const auto* started = std::get_if<Started>(&begin.body);
  if (started == nullptr) return Status::Corruption(where, "the history does not begin there");
  ExecutionInfo info;
  info.execution = execution;
  info.state = StateAfter(end.body);
  info.version = started->version;
  info.started_at = begin.time;
  info.updated_at = end.time;
  info.events = last.head;
  return info;
}

// The instance, which has to be there.
Result<InstancePlace> FindExisting(tandem::Provider& provider, std::string_view instance) {
  TANDEM_ASSIGN_OR_RETURN(const InstancePlace place, FindInstance(provider, instance));
  if (place.head == 0) TANDEM_RETURN_IF_ERROR(LookUp(provider, instance).status());
  return place;
}

}  // namespace

Result<std::uint64_t> OldestExecution(tandem::Provider& provider, std::string_view instance,
                                      const InstancePlace& place) {
  TANDEM_REQUIRE(place.head > 0, "the instance has a history");
  std::uint64_t low = place.first_execution;
  std::uint64_t high = place.execution;  // is there
  while (low < high) {
    const std::uint64_t middle = low + (high - low) / 2;
    TANDEM_ASSIGN_OR_RETURN(
        const tandem::EventPage page,
        ReadEnd(provider, HistoryStream(instance, middle), tandem::Direction::kForward));
    if (page.events.empty()) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

Result<ExecutionPage> ListExecutions(tandem::Provider& provider, std::string_view instance,
                                     std::uint64_t after, std::size_t limit) {
  ExecutionPage page;
  TANDEM_ASSIGN_OR_RETURN(const InstancePlace place, FindExisting(provider, instance));
  if (place.head == 0) return page;
  TANDEM_ASSIGN_OR_RETURN(const std::uint64_t oldest, OldestExecution(provider, instance, place));
  if (after >= place.execution) return page;
  for (std::uint64_t number = std::max(oldest, after + 1);; ++number) {
    if (page.executions.size() == limit) {
      page.more = true;
      return page;
    }
    TANDEM_ASSIGN_OR_RETURN(const std::optional<ExecutionInfo> info,
                            ReadExecution(provider, instance, number));
    if (info) page.executions.push_back(*info);
    if (number == place.execution) return page;  // which may be the largest number there is
  }
}

namespace {

// The map as an execution has left it that began with `before`.
Result<KvEntries> KvAfter(tandem::Provider& provider, std::string_view instance,
                          std::uint64_t execution, KvEntries before) {
  const std::string where = NameExecution(instance, execution);
  tandem::ReadOptions options;
  options.from = 1;
  while (true) {
    TANDEM_ASSIGN_OR_RETURN(const tandem::EventPage page,
                            provider.Read(HistoryStream(instance, execution), options));
    if (page.events.empty()) return before;
    History events;
    for (const tandem::Event& event : page.events) {
      TANDEM_ASSIGN_OR_RETURN(HistoryEvent decoded, DecodeHistoryEvent(event.payload, where));
      events.push_back(std::move(decoded));
    }
    before = ReplayKv(std::move(before), events).entries();
    options.from = page.next;
  }
}

// Records with which map the execution begins that becomes the oldest. Nothing, if that is unknown.
Result<tandem::UpdateMetadata> RecordKvBefore(tandem::Provider& provider, std::string_view instance,
                                              const InstancePlace& place, std::uint64_t oldest,
                                              std::uint64_t next_oldest) {
  tandem::UpdateMetadata update;
  update.stream = HistoryStream(instance, next_oldest);
  Result<KvEntries> kv = KvBefore(provider, instance, place, oldest);
  for (std::uint64_t number = oldest; kv.ok() && number < next_oldest; ++number) {
    kv = KvAfter(provider, instance, number, *std::move(kv));
  }
  if (!kv.ok()) {
    // An execution that can't be read has to go all the same.
    const StatusCode code = kv.status().code();
    const bool unreadable = code == StatusCode::kCorruption || code == StatusCode::kUnsupported;
    if (!unreadable) return kv.status();
    return update;
  }
  const std::string prefix(kKvBeforePrefix);
  update.set.emplace(prefix, EncodeKv(std::nullopt));
  for (const auto& [key, entry] : *kv) update.set.emplace(prefix + key, EncodeKv(entry));
  return update;
}

// Deletes the histories from `oldest` to `next_oldest`, which stays. The oldest go first, so that
// also a part of it leaves no hole. Errors: Conflict, if `oldest` was deleted meanwhile.
Result<PruneResult> PrunePortion(tandem::Provider& provider, std::string_view instance,
                                 const InstancePlace& place, std::uint64_t oldest,
                                 std::uint64_t next_oldest) {
  tandem::Batch batch;
  batch.Add(tandem::CheckVersion{HistoryStream(instance, oldest), tandem::Expected::Exists()});
  TANDEM_ASSIGN_OR_RETURN(tandem::UpdateMetadata before,
                          RecordKvBefore(provider, instance, place, oldest, next_oldest));
  if (!before.set.empty()) batch.Add(std::move(before));
  for (std::uint64_t number = oldest; number < next_oldest; ++number) {
    batch.Add(tandem::DeletePartition{HistoryStream(instance, number)});
  }
  TANDEM_ASSIGN_OR_RETURN(const tandem::BatchResult pruned, provider.AtomicBatch(std::move(batch)));
  PruneResult result;
  for (const tandem::OperationResult& operation : pruned.operations) {
    const auto* deleted = std::get_if<tandem::DeleteEventsResult>(&operation);
    if (deleted == nullptr || deleted->events == 0) continue;
    result.executions += 1;
    result.events += deleted->events;
  }
  return result;
}

}  // namespace

Result<KvEntries> KvBefore(tandem::Provider& provider, std::string_view instance,
                           const InstancePlace& place, std::uint64_t execution) {
  if (execution == place.first_execution) return KvEntries();
  TANDEM_ASSIGN_OR_RETURN(std::optional<KvEntries> before,
                          ReadKvBefore(provider, HistoryStream(instance, execution)));
  if (before) return *std::move(before);
  return Status::Unsupported("it is not known with which key-value map " +
                             NameExecution(instance, execution) +
                             " began: a history before it could not be read when it was pruned");
}

Result<PruneResult> PruneExecutions(tandem::Provider& provider, std::string_view instance,
                                    std::uint64_t keep_last) {
  PruneResult result;
  for (int conflicts = 0;;) {
    TANDEM_ASSIGN_OR_RETURN(const InstancePlace place, FindExisting(provider, instance));
    if (place.head == 0) return result;
    TANDEM_ASSIGN_OR_RETURN(const std::uint64_t oldest, OldestExecution(provider, instance, place));
    if (place.execution - oldest < keep_last) return result;
    const std::uint64_t next_oldest =
        std::min(place.execution - keep_last + 1, oldest + kPruneBatch);
    const Result<PruneResult> portion =
        PrunePortion(provider, instance, place, oldest, next_oldest);
    if (portion.ok()) {
      result.executions += portion->executions;
      result.events += portion->events;
    } else if (portion.status().code() != StatusCode::kConflict ||
               ++conflicts == kPruneConflictsMax) {
      return portion.status();
    }
  }
}

}  // namespace duroxide::internal
