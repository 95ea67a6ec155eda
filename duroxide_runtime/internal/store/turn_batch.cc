#include "tandem/duroxide_runtime/internal/store/turn_batch.h"

#include <algorithm>
#include <set>
#include <utility>

#include "tandem/base/check.h"
#include "tandem/duroxide_runtime/internal/engine/names.h"
#include "tandem/duroxide_runtime/internal/records/history.h"
#include "tandem/duroxide_runtime/internal/records/status_record.h"
#include "tandem/duroxide_runtime/internal/records/work_item.h"
#include "tandem/duroxide_runtime/internal/store/instance_index.h"
#include "tandem/duroxide_runtime/internal/store/instance_operations.h"
#include "tandem/duroxide_runtime/internal/store/layout.h"

namespace duroxide::internal {

namespace {

class BatchBuilder {
 public:
  BatchBuilder(const TurnInput& turn, const TurnOutcome& outcome, const IdClaims& claims)
      : turn_(turn), outcome_(outcome), claims_(claims) {}

  // Starts the instance as well.
  tandem::Batch BuildStart() {
    starts_ = true;
    batch_.Add(tandem::CheckMetadata{
        HomeStream(turn_.instance, std::get<StartItem>(turn_.items.front()).first_execution),
        std::string(kStatusKey), std::nullopt});
    return Build({});
  }

  tandem::Batch Build(tandem::Batch lease_ends) {
    // First of all: a due timer that this turn cancels is among the messages it acknowledges.
    batch_.Add(std::move(lease_ends));
    const bool continues =
        !outcome_.empty() && outcome_.deltas.front().execution == outcome_.execution;
    if (!continues) {
      batch_.Add(tandem::CheckVersion{HistoryStream(turn_.instance, outcome_.execution),
                                      tandem::Expected::Exactly(outcome_.head)});
    }
    for (const ExecutionDelta& delta : outcome_.deltas) AddDelta(delta);
    if (!outcome_.empty()) AddStatus();
    for (const Reply& reply : outcome_.replies) Tell(reply.instance, reply.item);
    if (outcome_.go_on) {
      batch_.Add(AnnounceExecution(turn_.instance, outcome_.deltas.back().execution + 1));
      if (!outcome_.keeps_items) Tell(turn_.instance, GoOnItem{});  // else it is among them
    }
    return std::move(batch_);
  }

 private:
  void Tell(const std::string& instance, const WorkItem& item) {
    batch_.Add(ToInstance(instance, item));
  }

  void AddDelta(const ExecutionDelta& delta) {
    delta_ = &delta;
    not_started_.clear();
    std::vector<std::string> payloads;
    payloads.reserve(delta.events.size());
    for (const HistoryEvent& event : delta.events) payloads.push_back(EncodeHistoryEvent(event));
    const tandem::StreamId stream = HistoryStream(turn_.instance, delta.execution);
    batch_.Add(tandem::AppendEvents{stream, std::move(payloads),
                                    tandem::Expected::Exactly(delta.events_before)});
    tandem::UpdateMetadata kv;
    kv.stream = stream;
    tandem::UpdateMetadata progress;  // of cancelled activities
    progress.stream = stream;
    EventId id = delta.events_before;
    for (const HistoryEvent& event : delta.events) {
      ++id;
      if (const auto* cancel = std::get_if<ActivityCancelRequested>(&event.body)) {
        progress.erase.push_back(ProgressKey(cancel->scheduled_id));
      }
      event_time_ = event.time;
      std::visit([&](const auto& body) { AddEffect(id, body); }, event.body);
      if (const auto* set = std::get_if<KvSet>(&event.body)) {
        kv.set.insert_or_assign(KvKey(set->key), EncodeKv(KvEntry{set->value, event.time}));
      } else if (const auto* erased = std::get_if<KvErased>(&event.body)) {
        kv.set.insert_or_assign(KvKey(erased->key), EncodeKv(std::nullopt));
      }
    }
    for (const std::string& key : delta.kv_undone) {
      kv.set.erase(KvKey(key));
      kv.erase.push_back(KvKey(key));
    }
    if (IsEnd(delta.events.back().body)) MergeKv(delta, kv);
    if (!kv.set.empty() || !kv.erase.empty()) batch_.Add(std::move(kv));
    if (!progress.erase.empty()) batch_.Add(std::move(progress));
  }

  // What the execution has changed becomes the instance's; nothing of it is left in its `own`.
  void MergeKv(const ExecutionDelta& delta, tandem::UpdateMetadata& own) {
    own.set.clear();
    if (delta.kv_changes.empty()) return;
    tandem::UpdateMetadata home;
    home.stream = HomeStream(turn_.instance, delta.started.first_execution);
    for (const auto& [key, entry] : delta.kv_changes) {
      own.erase.push_back(KvKey(key));
      if (entry) {
        home.set.insert_or_assign(KvKey(key), EncodeKv(entry));
      } else {
        home.erase.push_back(KvKey(key));
      }
    }
    batch_.Add(std::move(home));
  }

  OperationId IdOf(EventId id) const { return {delta_->execution, id}; }

  template <typename Body>
  void AddEffect(EventId /*id*/, const Body& /*body*/) {}  // most are records only

  void AddEffect(EventId id, const ActivityScheduled& call) {
    tandem::Enqueue enqueue;
    enqueue.queue = WorkQueue(call.tag);
    enqueue.payload = EncodeWorkItem(ActivityItem{{turn_.instance, delta_->execution, id},
                                                  call.name,
                                                  call.input,
                                                  call.tag,
                                                  delta_->started.name,
                                                  delta_->started.version});
    enqueue.options.key = OperationKey(turn_.instance, IdOf(id));
    batch_.Add(std::move(enqueue));
  }
  // When the clock shows it: after a clock was set back, the time of the instance is ahead of it.
  Timestamp ByTheClock(Timestamp time) const {
    return time == tandem::kNever ? time : tandem::SaturatingAdd(time, turn_.now - event_time_);
  }
  void AddEffect(EventId id, const TimerCreated& timer) {
    tandem::Enqueue enqueue = ToInstance(turn_.instance, TimerFiredItem{IdOf(id)});
    enqueue.options.visible_at = ByTheClock(timer.fire_at);
    enqueue.options.key = OperationKey(turn_.instance, IdOf(id));
    batch_.Add(std::move(enqueue));
  }
  void AddEffect(EventId /*id*/, const ActivityCancelRequested& cancel) {
    Cancel(WorkQueue(cancel.tag), cancel.scheduled_id);
  }
  void AddEffect(EventId /*id*/, const TimerCancelled& cancel) {
    Cancel(std::string(kTurnQueue), cancel.scheduled_id);
  }
  void Cancel(std::string queue, EventId scheduled_id) {
    batch_.Add(
        tandem::CancelMessage{std::move(queue), OperationKey(turn_.instance, IdOf(scheduled_id))});
  }

  void AddEffect(EventId id, const ChildScheduled& child) {
    StartItem start{child.name, child.input, child.version,
                    OperationAddress{turn_.instance, delta_->execution, id}, kFirstExecution};
    if (Start(child.instance, std::move(start))) return;
    not_started_.insert(id);
    if (IsRefused(id)) return;
    Tell(turn_.instance, ChildFailedItem{IdOf(id), IdIsTaken(child.instance)});
  }
  void AddEffect(EventId /*id*/, const DetachedStarted& detached) {
    Start(detached.instance, StartItem{detached.name, detached.input, detached.version,
                                       std::nullopt, kFirstExecution});
  }
  // False if the id is taken, by what the turn has started itself too.
  bool Start(const std::string& instance, StartItem start) {
    if (instance == turn_.instance || claims_.taken.contains(instance)) return false;
    if (!started_.insert(instance).second) return false;
    const auto claim = claims_.first_executions.find(instance);
    if (claim != claims_.first_executions.end()) start.first_execution = claim->second;
    AddStart({instance, std::move(start)}, turn_.now, batch_);
    return true;
  }
  // The turn has told the code, or the code no longer waits.
  bool IsRefused(EventId id) const {
    return std::any_of(delta_->events.begin(), delta_->events.end(),
                       [&](const HistoryEvent& event) {
                         const auto* failed = std::get_if<ChildFailed>(&event.body);
                         const auto* cancelled = std::get_if<ChildCancelRequested>(&event.body);
                         return (failed != nullptr && failed->scheduled_id == id) ||
                                (cancelled != nullptr && cancelled->scheduled_id == id);
                       });
  }
  void AddEffect(EventId /*id*/, const ChildCancelRequested& cancel) {
    if (not_started_.contains(cancel.scheduled_id)) return;
    Tell(cancel.instance,
         CancelItem{"the parent no longer waits",
                    OperationAddress{turn_.instance, delta_->execution, cancel.scheduled_id}});
  }

  void AddEffect(EventId /*id*/, const OrchestrationCompleted& end) {
    if (const auto& parent = delta_->started.parent) {
      Tell(parent->instance,
           ChildCompletedItem{{parent->execution, parent->scheduled_id}, end.output});
    }
  }
  void AddEffect(EventId /*id*/, const OrchestrationFailed& end) {
    if (const auto& parent = delta_->started.parent) {
      Tell(parent->instance,
           ChildFailedItem{{parent->execution, parent->scheduled_id}, end.failure});
    }
  }

  void AddStatus() {
    const ExecutionDelta& last = outcome_.deltas.back();
    const InstanceStatus status =
        StatusOf(last.started, last.execution, last.events.back(), outcome_.custom_status);
    batch_.Add(SetStatus(turn_.instance, last.started.first_execution, status));
    if (starts_) {
      const auto& parent = last.started.parent;
      batch_.Add(AddToIndex(turn_.instance, last.started.name,
                            parent ? parent->instance : std::string(), status.state));
      return;
    }
    const InstanceState before =
        outcome_.head == 0 ? InstanceState::kPending : InstanceState::kRunning;
    if (status.state != before) {
      batch_.Add(MoveInIndex(turn_.instance, before, status.state));
    }
  }

  const TurnInput& turn_;
  const TurnOutcome& outcome_;
  const IdClaims& claims_;
  bool starts_ = false;                    // the instance is in no list yet
  const ExecutionDelta* delta_ = nullptr;  // the one whose effects are added
  Timestamp event_time_;                   // of the event whose effect is added
  std::set<EventId> not_started_;          // children of that one
  std::set<std::string> started_;          // by the batch
  tandem::Batch batch_;
};

}  // namespace

std::vector<std::string> IdsToClaim(const TurnOutcome& outcome) {
  std::set<std::string> ids;
  for (const ExecutionDelta& delta : outcome.deltas) {
    for (const HistoryEvent& event : delta.events) {
      if (const auto* child = std::get_if<ChildScheduled>(&event.body)) ids.insert(child->instance);
      const auto* detached = std::get_if<DetachedStarted>(&event.body);
      if (detached != nullptr) ids.insert(detached->instance);
    }
  }
  std::erase_if(ids, [](const std::string& id) { return !MayBeTaken(id); });
  return {ids.begin(), ids.end()};
}

tandem::Batch TurnBatch(const TurnInput& input, const TurnOutcome& outcome, const IdClaims& claims,
                        tandem::Batch lease_ends) {
  TANDEM_REQUIRE(!outcome.diagnosis.has_value(), "a turn that is stuck is not stored");
  return BatchBuilder(input, outcome, claims).Build(std::move(lease_ends));
}

tandem::Batch StartBatch(const TurnInput& input, const TurnOutcome& outcome) {
  TANDEM_REQUIRE(input.items.size() == 1, "the one item is the start");
  const IdClaims none;
  return BatchBuilder(input, outcome, none).BuildStart();
}

}  // namespace duroxide::internal
