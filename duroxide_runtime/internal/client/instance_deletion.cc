#include "tandem/duroxide_runtime/internal/client/instance_deletion.h"

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "tandem/base/limits.h"
#include "tandem/duroxide_runtime/internal/client/client_checks.h"
#include "tandem/duroxide_runtime/internal/client/instance_lookup.h"
#include "tandem/duroxide_runtime/internal/client/instance_tree.h"
#include "tandem/duroxide_runtime/internal/records/history.h"
#include "tandem/duroxide_runtime/internal/records/history_facts.h"
#include "tandem/duroxide_runtime/internal/store/instance_index.h"
#include "tandem/duroxide_runtime/internal/store/instance_reader.h"
#include "tandem/duroxide_runtime/internal/store/layout.h"
#include "tandem/duroxide_runtime/limits.h"

namespace duroxide::internal {

namespace {

// Something may happen to a member between the look at it and the batch; then it is looked at
// again.
constexpr int kDeletionAttemptsMax = 64;

// The activities without a result, with their tags.
std::map<EventId, std::string> OpenActivities(const History& history) {
  std::map<EventId, std::string> open;
  for (const auto& [id, cancellation] : CancellationsOfOpen(history)) {
    const auto* activity = std::get_if<ActivityCancelRequested>(&cancellation);
    if (activity != nullptr) open.emplace(id, activity->tag);
  }
  return open;
}

class Deletion {
 public:
  Deletion(tandem::Provider& provider, std::string_view root, bool force,
           std::size_t batch_operations)
      : provider_(provider), root_(root), force_(force), batch_operations_(batch_operations) {}

  Result<DeleteResult> Run() {
    for (int attempt = 0; attempt < kDeletionAttemptsMax; ++attempt) {
      const Result<std::vector<TreeMember>> tree = WalkTree(provider_, root_);
      if (IsGone(tree.status()) && result_.instances > 0) return result_;
      TANDEM_RETURN_IF_ERROR(tree.status());
      for (const TreeMember& member : *tree) TANDEM_RETURN_IF_ERROR(member.trouble);
      Status status = CheckRoot(tree->front());
      if (status.ok() && !force_) status = CheckFinished(*tree);
      if (status.ok()) status = DeleteAll(*tree);
      if (status.ok()) return result_;
      const bool large = status.code() == StatusCode::kTooLarge && !empty_groups_;
      if (status.code() != StatusCode::kConflict && !large) return status;
      empty_groups_ = empty_groups_ || large;
      if (force_) TANDEM_RETURN_IF_ERROR(StopAll());
    }
    return Status::Unavailable("instance " + Quoted(root_) +
                               " changes all the time; cancel it first, or try again");
  }

 private:
  Status CheckRoot(const TreeMember& root) const {
    const std::optional<OperationAddress>& parent = root.stored.status.parent;
    if (!parent) return Status::Ok();
    // Its result is in its parent's queue, and a request to end that still comes names who asks.
    if (root.stored.status.finished()) return Status::Ok();
    const Status found = LookUp(provider_, parent->instance).status();
    if (found.code() == StatusCode::kNotFound) return Status::Ok();
    TANDEM_RETURN_IF_ERROR(found);
    return Status::InvalidArgument("instance " + Quoted(root_) + " is a child of " +
                                   Quoted(parent->instance) + ", and is deleted with it");
  }

  static Status CheckFinished(const std::vector<TreeMember>& tree) {
    constexpr std::size_t kNamedMax = 5;
    std::size_t running = 0;
    std::string names;
    for (const TreeMember& member : tree) {
      const InstanceStatus& status = member.stored.status;
      if (status.finished()) continue;
      if (++running > kNamedMax) continue;
      if (!names.empty()) names += ", ";
      names += Quoted(member.instance) + " (" + std::string(InstanceStateName(status.state)) + ")";
    }
    if (running == 0) return Status::Ok();
    if (running > kNamedMax) names += " and " + std::to_string(running - kNamedMax) + " more";
    return Status::InvalidArgument("not finished: " + names +
                                   "; cancel first, or delete with force");
  }

  static bool IsGone(const Status& status) { return status.code() == StatusCode::kNotFound; }

  Status StopAll() {
    const Status status = WalkTree(provider_, root_, [this](const TreeMember& member) {
                            return Stop(member);
                          }).status();
    return IsGone(status) ? Status::Ok() : status;
  }

  // Afterwards the instance starts nothing any more.
  Status Stop(TreeMember member) {
    for (int attempt = 0; attempt < kDeletionAttemptsMax; ++attempt) {
      TANDEM_RETURN_IF_ERROR(member.trouble);
      if (member.stored.status.finished()) return Status::Ok();
      const Status status = TryStop(member);
      if (status.code() != StatusCode::kConflict) return status;
      Result<TreeMember> now = ReadMember(provider_, member.instance);
      if (IsGone(now.status())) return Status::Ok();
      TANDEM_ASSIGN_OR_RETURN(member, std::move(now));
    }
    return Status::Unavailable("instance " + Quoted(member.instance) +
                               " changes all the time; cancel it first, or try again");
  }

  Status TryStop(const TreeMember& member) {
    batch_ = {};
    members_ = 0;
    if (member.place.head == 0) {  // has no history that could get an end, nor any child
      TANDEM_RETURN_IF_ERROR(AddMember(member));
      return Commit();
    }
    // An end at whatever version: however many turns come in between, it is stored. Not of the
    // code's making, so a replay takes it as it is (internal/engine/poison.h).
    HistoryEvent end;
    end.time = provider_.clock().Now();
    end.body = OrchestrationFailed{
        Failure::Of(Status::Cancelled("the instance is being deleted"), FailureCategory::kPoison)};
    const std::uint64_t execution = member.place.execution;
    batch_.Add(tandem::AppendEvents{HistoryStream(member.instance, execution),
                                    {EncodeHistoryEvent(end)},
                                    tandem::Expected::Exists()});
    batch_.Add(tandem::CheckVersion{HistoryStream(member.instance, execution + 1),
                                    tandem::Expected::NoStream()});
    return Commit();
  }

  // Children before their parents, in as few batches as it takes.
  Status DeleteAll(const std::vector<TreeMember>& tree) {
    batch_ = {};
    members_ = 0;
    for (std::size_t i = tree.size(); i-- > 0;) {
      TANDEM_RETURN_IF_ERROR(AddMember(tree[i]));
      if (batch_.size() >= batch_operations_) TANDEM_RETURN_IF_ERROR(Commit());
    }
    return Commit();
  }

  Status Commit() {
    if (batch_.empty()) return Status::Ok();
    if (empty_groups_) TANDEM_RETURN_IF_ERROR(EmptyGroups());
    TANDEM_ASSIGN_OR_RETURN(const tandem::BatchResult committed,
                            provider_.AtomicBatch(std::exchange(batch_, {})));
    result_.instances += std::exchange(members_, 0);
    for (const tandem::OperationResult& operation : committed.operations) {
      const auto* deleted = std::get_if<tandem::DeleteEventsResult>(&operation);
      if (deleted != nullptr) result_.events += deleted->events;
    }
    return Status::Ok();
  }

  // Removes the messages of the batch's instances, so that the batch itself, which frees their ids,
  // finds few. Guarded as the batch is. A process that ends before that batch leaves instances that
  // lack their messages and keep their ids: Delete is called again.
  Status EmptyGroups() {
    tandem::Batch portion;
    for (const tandem::Operation& operation : batch_.operations()) {
      if (std::holds_alternative<tandem::CheckVersion>(operation) ||
          std::holds_alternative<tandem::CheckMetadata>(operation)) {
        portion.Add(operation);
      } else if (const auto* group = std::get_if<tandem::DeleteGroup>(&operation)) {
        portion.Add(tandem::DeleteGroup{group->queue, group->group, tandem::kDeletedAtOnceMax});
      }
    }
    for (bool more = true; more;) {
      TANDEM_ASSIGN_OR_RETURN(const tandem::BatchResult done, provider_.AtomicBatch(portion));
      more = std::ranges::any_of(done.operations, [](const tandem::OperationResult& result) {
        const auto* group = std::get_if<tandem::DeleteGroupResult>(&result);
        return group != nullptr && group->more;
      });
    }
    return Status::Ok();
  }

  Status AddMember(const TreeMember& member) {
    const InstanceStatus& status = member.stored.status;
    AddGuards(member);
    if (!status.finished() && member.place.head > 0) {
      TANDEM_RETURN_IF_ERROR(CancelActivities(member));
    }
    batch_.Add(tandem::DeleteGroup{std::string(kTurnQueue), member.instance});
    batch_.Add(tandem::DeleteEntity{InstanceEntity(member.instance)});
    batch_.Add(RemoveFromIndex(member.instance, status.orchestration,
                               status.parent ? status.parent->instance : std::string(),
                               status.state));
    ++members_;
    return Status::Ok();
  }

  // It is the same life, and no turn has come in between.
  void AddGuards(const TreeMember& member) {
    const InstancePlace& place = member.place;
    if (place.head == 0) {
      batch_.Add(tandem::CheckMetadata{HomeStream(member.instance, member.stored.first_execution),
                                       std::string(kStatusKey), member.stored.bytes});
    }
    batch_.Add(tandem::CheckVersion{HistoryStream(member.instance, place.execution),
                                    tandem::Expected::Exactly(place.head)});
    // A turn may also begin an execution and leave the one before as it is.
    batch_.Add(tandem::CheckVersion{HistoryStream(member.instance, place.execution + 1),
                                    tandem::Expected::NoStream()});
  }

  // Activities that a damaged history has called run to their end, and nobody takes their results.
  Status CancelActivities(const TreeMember& member) {
    const InstancePlace& place = member.place;
    const Result<History> loaded = LoadAt(member.instance, place);
    if (loaded.status().code() == StatusCode::kCorruption) return Status::Ok();
    TANDEM_ASSIGN_OR_RETURN(const History history, loaded);
    for (const auto& [id, tag] : OpenActivities(history)) {
      batch_.Add(tandem::CancelMessage{WorkQueue(tag),
                                       OperationKey(member.instance, {place.execution, id})});
    }
    return Status::Ok();
  }

  // Conflict, if somebody else has deleted it meanwhile.
  Result<History> LoadAt(const std::string& instance, const InstancePlace& place) const {
    Result<History> history = LoadHistory(provider_, instance, place.execution, place.head);
    if (history.ok()) return history;
    TANDEM_ASSIGN_OR_RETURN(const InstancePlace now, FindInstance(provider_, instance));
    if (now.execution == place.execution) return history;
    return Status::Conflict("execution " + std::to_string(place.execution), now.execution);
  }

  tandem::Provider& provider_;
  const std::string root_;
  const bool force_;
  const std::size_t batch_operations_;
  tandem::Batch batch_;
  std::uint64_t members_ = 0;  // in batch_
  bool empty_groups_ = false;  // some are too large for the batch that deletes their instance
  DeleteResult result_;        // of what is committed
};

}  // namespace

Result<DeleteResult> DeleteTree(tandem::Provider& provider, std::string_view root, bool force,
                                std::size_t batch_operations) {
  return Deletion(provider, root, force, batch_operations).Run();
}

}  // namespace duroxide::internal
