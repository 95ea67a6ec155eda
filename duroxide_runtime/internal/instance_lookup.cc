#include "duroxide_runtime/internal/instance_lookup.h"

#include <utility>
#include <variant>

#include "duroxide_runtime/internal/client_checks.h"

namespace duroxide::internal {

Result<StoredStatus> LookUp(tandem::Provider& provider, std::string_view instance) {
  TANDEM_ASSIGN_OR_RETURN(std::optional<StoredStatus> stored, ReadStatus(provider, instance));
  if (stored) return *std::move(stored);
  // The status is derived: without it the history still knows everything.
  TANDEM_ASSIGN_OR_RETURN(const StoredInstance loaded, LoadInstance(provider, instance));
  const auto& [place, history] = loaded;
  if (history.empty() || !std::holds_alternative<Started>(history.front().body)) {
    return NoInstance(instance);
  }
  StoredStatus derived;
  derived.status = StatusOfHistory(place.execution, history);
  derived.first_execution = place.first_execution;
  return derived;
}

InstanceWatch::InstanceWatch(tandem::Provider& provider, std::string_view instance,
                             std::chrono::milliseconds timeout)
    : provider_(provider),
      instance_(instance),
      timeout_(timeout),
      deadline_(tandem::SaturatingAdd(provider.clock().Now(), timeout)) {}

Result<InstanceStatus> InstanceWatch::Look() {
  // The head before the status: a turn in between is then found by the next wait at once.
  TANDEM_ASSIGN_OR_RETURN(place_, FindInstance(provider_, instance_));
  TANDEM_ASSIGN_OR_RETURN(StoredStatus stored, LookUp(provider_, instance_));
  if (!life_) life_ = stored.first_execution;
  if (*life_ != stored.first_execution) {
    return Status::NotFound("instance " + Quoted(instance_) + " was deleted");
  }
  return std::move(stored.status);
}

Result<bool> InstanceWatch::AwaitChange() {
  const tandem::Timestamp now = provider_.clock().Now();
  if (now >= deadline_) return false;
  TANDEM_ASSIGN_OR_RETURN(const auto next, Next());
  tandem::ReadOptions options;
  options.from = next.second;
  options.max_events = 1;
  options.wait = std::chrono::ceil<std::chrono::milliseconds>(deadline_ - now);
  TANDEM_RETURN_IF_ERROR(provider_.Read(next.first, options).status());
  return true;
}

Result<std::pair<tandem::StreamId, tandem::Version>> InstanceWatch::Next() const {
  using Place = std::pair<tandem::StreamId, tandem::Version>;
  const tandem::StreamId latest = HistoryStream(instance_, place_.execution);
  Place next(latest, place_.head + 1);
  if (place_.head == 0) return next;
  tandem::ReadOptions options;
  options.from = place_.head;
  options.max_events = 1;
  TANDEM_ASSIGN_OR_RETURN(const tandem::EventPage page, provider_.Read(latest, options));
  if (page.events.empty()) return next;  // deleted meanwhile
  TANDEM_ASSIGN_OR_RETURN(
      const HistoryEvent last,
      DecodeHistoryEvent(page.events.front().payload,
                         "the last history event of instance " + Quoted(instance_)));
  // Nothing comes behind an end: the next execution is left to the next turn.
  if (IsEnd(last.body)) next = Place(HistoryStream(instance_, place_.execution + 1), 1);
  return next;
}

Status InstanceWatch::TimeIsOver(const InstanceStatus& status) const {
  std::string message = "instance " + Quoted(instance_) + " is still " +
                        std::string(InstanceStateName(status.state)) + " after " +
                        std::to_string(timeout_.count()) + " ms";
  if (!status.diagnosis.empty()) message += "; " + status.diagnosis;
  return Status::Unavailable(std::move(message));
}

}  // namespace duroxide::internal
