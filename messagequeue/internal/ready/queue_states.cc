#include "tandem/messagequeue/internal/ready/queue_states.h"

#include <algorithm>
#include <functional>

#include "tandem/base/check.h"
#include "tandem/base/key_encoding.h"
#include "tandem/base/rocks/bounded_walk.h"
#include "tandem/messagequeue/internal/rows/snapshot_reader.h"

namespace tandem::internal {

namespace {

// How many queues are known to have had no record, at most.
constexpr std::size_t kNamesMax = 4096;

constexpr std::size_t kRemovalsPerFloor = 256;

// Forgets what nobody uses of a queue without messages.
void LetGo(QueueMemory& memory, std::string_view queue) {
  QueueState& state = memory.Existing(queue);
  const bool is_empty = state.messages == 0 && state.proposals == 0 && state.unpublished.empty() &&
                        !memory.leases.FirstReady(queue).has_value();
  if (!is_empty) return;
  if (state.calls == 0) {
    memory.queues.erase(memory.queues.find(queue));
    return;
  }
  // Somebody waits. With its next message the queue begins anew, as if nobody did.
  state.time = QueueTime();
  state.latest = Timestamp::min();
}

void EndCallOf(QueueMemory& memory, std::string_view queue) {
  QueueState& state = memory.Existing(queue);
  TANDEM_REQUIRE(state.calls > 0, "a call ends that has begun");
  --state.calls;
  LetGo(memory, queue);
}

}  // namespace

Result<QueueState*> QueueStates::Of(QueueMemory& memory, std::string_view queue) const {
  if (const auto it = memory.queues.find(queue); it != memory.queues.end()) return &it->second;
  TANDEM_ASSIGN_OR_RETURN(const StoredQueue stored, Load(memory, queue));
  if (stored.messages == 0) {
    return &memory.queues.try_emplace(std::string(queue)).first->second;
  }
  return &memory.queues.try_emplace(std::string(queue), stored, opened_).first->second;
}

Result<StoredQueue> QueueStates::Load(QueueMemory& memory, std::string_view queue) const {
  const std::string key = QueueKey(queue);
  TANDEM_ASSIGN_OR_RETURN(const auto record, rows_.GetWritten(queue, key));
  const SnapshotReader reader = SnapshotReader::OfNow(rows_.db(), rows_.family());
  if (record.has_value()) {
    const Result<StoredQueue> stored = DecodeQueue(key, *record);
    return stored.ok() ? stored : reader.Recount(queue);
  }
  // A lost record would hide all that the queue has. One look for each name: that of a queue that
  // is emptied again and again is asked for often.
  const std::size_t name = std::hash<std::string_view>()(queue);
  if (memory.without_record.contains(name)) return StoredQueue();
  if (memory.without_record.size() == kNamesMax) memory.without_record.clear();
  memory.without_record.insert(name);
  const std::string prefix = ReadyPrefix(queue);
  const BoundedWalk look(rows_.db(), rows_.family(), prefix, PrefixEnd(prefix));
  if (!look.Valid()) return StoredQueue();
  return reader.Recount(queue);
}

void QueueStates::Use(std::string_view queue, QueueState& state, QueueEffects& effects) {
  if (effects.used.emplace(queue).second) ++state.proposals;
}

Status QueueStates::Use(std::string_view queue, QueueEffects& effects) {
  const auto memory = Lock();
  TANDEM_ASSIGN_OR_RETURN(QueueState* const state, Of(*memory, queue));
  Use(queue, *state, effects);
  return Status::Ok();
}

void QueueStates::EndUse(QueueMemory& memory, const QueueEffects& effects) {
  for (const std::string& queue : effects.used) {
    QueueState& state = memory.Existing(queue);
    TANDEM_REQUIRE(state.proposals > 0, "a proposal lets go what it uses");
    --state.proposals;
    LetGo(memory, queue);
  }
}

Status QueueStates::BeginCall(std::span<const std::string> queues) {
  const auto memory = Lock();
  for (std::size_t i = 0; i < queues.size(); ++i) {
    const Result<QueueState*> state = Of(*memory, queues[i]);
    if (state.ok()) {
      ++(*state)->calls;
      continue;
    }
    for (const std::string& begun : queues.first(i)) EndCallOf(*memory, begun);
    return state.status();
  }
  return Status::Ok();
}

void QueueStates::EndCall(std::span<const std::string> queues) {
  const auto memory = Lock();
  for (const std::string& queue : queues) EndCallOf(*memory, queue);
}

Result<QueueTime> QueueStates::TimeOf(std::string_view queue) {
  const auto memory = Lock();
  TANDEM_ASSIGN_OR_RETURN(const QueueState* const state, Of(*memory, queue));
  return state->time;
}

QueueTime QueueStates::TimeOf(std::string_view queue, const StoredQueue& stored) const {
  const auto memory = Lock();
  const auto state = memory->queues.find(queue);
  return state == memory->queues.end() ? QueueTime(opened_, stored.latest) : state->second.time;
}

void QueueStates::Touch(std::string_view queue, QueueState& state, Timestamp now,
                        QueueEffects& effects) {
  TANDEM_REQUIRE(Staging::IsOnThisThread(), "the commit latch is held");
  Use(queue, state, effects);
  state.latest = state.time.Of(now);
  effects.touched.emplace(queue);
}

Status QueueStates::Touch(std::string_view queue, const StagingContext& context) {
  const auto memory = Lock();
  TANDEM_ASSIGN_OR_RETURN(QueueState* const state, Of(*memory, queue));
  Touch(queue, *state, context.now, context.effects);
  return Status::Ok();
}

Status QueueStates::CountAdded(std::string_view queue, const StagingContext& context) {
  const auto memory = Lock();
  TANDEM_ASSIGN_OR_RETURN(QueueState* const state, Of(*memory, queue));
  // Of the first message. Later ones that come behind it in time may yet stand before it.
  if (state->messages == 0) {
    state->floor = std::min(state->floor, Place{state->time.Of(context.now), 0});
  }
  ++state->messages;
  Touch(queue, *state, context.now, context.effects);
  return Status::Ok();
}

Status QueueStates::CountRemoved(std::string_view queue, std::uint64_t messages,
                                 const StagingContext& context) {
  const auto memory = Lock();
  TANDEM_ASSIGN_OR_RETURN(QueueState* const state, Of(*memory, queue));
  if (state->messages < messages) state->count_is_wrong = true;
  state->messages -= std::min(state->messages, messages);
  Touch(queue, *state, context.now, context.effects);
  state->removals += messages;
  if (state->removals >= kRemovalsPerFloor) RaiseFloor(queue, *state, memory->leases, context.now);
  return Status::Ok();
}

Status QueueStates::Miscounted(std::string_view queue, const StagingContext& context) {
  const auto memory = Lock();
  TANDEM_ASSIGN_OR_RETURN(QueueState* const state, Of(*memory, queue));
  state->count_is_wrong = true;
  Touch(queue, *state, context.now, context.effects);
  return Status::Ok();
}

void QueueStates::RaiseFloor(std::string_view queue, QueueState& state, const LeaseTable& leases,
                             Timestamp now) const {
  state.removals = 0;
  // Every entry is in the window, on disk from the cursor on, leased, not yet published, or set
  // aside.
  Place floor{state.time.Of(now), next_id_};
  if (const auto* front = state.window.front()) floor = std::min(floor, *front);
  if (const auto& cursor = state.window.cursor()) floor = std::min(floor, *cursor);
  if (const auto leased = leases.FirstReady(queue)) floor = std::min(floor, *leased);
  if (!state.unpublished.empty()) floor = std::min(floor, *state.unpublished.begin());
  if (!state.damaged.empty()) floor = std::min(floor, state.damaged.begin()->first);
  state.floor = std::max(floor, state.floor);
}

void QueueStates::StageRecords(const QueueEffects& effects, Staging& staging) {
  for (const std::string& queue : effects.touched) {
    StoredQueue record;
    bool count_is_wrong = false;
    {
      const auto memory = Lock();
      const QueueState& state = memory->Existing(queue);
      record = {state.floor, state.messages, state.latest};
      count_is_wrong = state.count_is_wrong;
    }
    if (count_is_wrong) {
      const std::optional<std::uint64_t> counted = rows_.CountMessages(queue, staging);
      if (counted.has_value()) {
        const auto memory = Lock();
        QueueState& state = memory->Existing(queue);
        state.count_is_wrong = false;
        record.messages = state.messages = *counted;
      }
    }
    const std::string key = QueueKey(queue);
    // A queue without messages has no record: there is nothing to list, nor to scan.
    if (record.messages == 0) {
      staging.Delete(rows_.family(), key);
    } else {
      staging.Put(rows_.family(), key, EncodeQueue(key, record));
    }
  }
}

}  // namespace tandem::internal
