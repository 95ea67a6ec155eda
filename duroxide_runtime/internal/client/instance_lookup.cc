#include "tandem/duroxide_runtime/internal/client/instance_lookup.h"

#include <utility>
#include <variant>

#include "tandem/duroxide_runtime/internal/client/client_checks.h"
#include "tandem/duroxide_runtime/internal/records/history.h"
#include "tandem/duroxide_runtime/internal/records/status_record.h"

namespace duroxide::internal {

namespace {

// Of what a turn has brought, which is read for its last event only.
constexpr std::size_t kEventsPerRead = 64;
constexpr std::size_t kBytesPerRead = std::size_t{64} << 10;

}  // namespace

Result<StoredStatus> LookUp(tandem::Provider& provider, std::string_view instance) {
  Result<std::optional<StoredStatus>> stored = ReadStatus(provider, instance);
  const bool unreadable = IsUnreadable(stored.status());
  if (!unreadable) {
    TANDEM_RETURN_IF_ERROR(stored.status());
    if (*stored) return **std::move(stored);
  }
  // The status is derived: without it the history still knows everything.
  TANDEM_ASSIGN_OR_RETURN(const StoredInstance loaded, LoadInstance(provider, instance));
  const auto& [place, history] = loaded;
  if (history.empty() || !std::holds_alternative<Started>(history.front().body)) {
    return unreadable ? stored.status() : NoInstance(instance);
  }
  StoredStatus derived;
  derived.status = StatusOfHistory(place.execution, history);
  if (unreadable) derived.status.diagnosis = stored.status().message();
  derived.first_execution = place.first_execution;
  return derived;
}

InstanceWatch::InstanceWatch(tandem::Provider& provider, std::string_view instance,
                             const WaitLimit& limit)
    : provider_(provider),
      instance_(instance),
      limit_(limit),
      deadline_(tandem::SaturatingAdd(provider.clock().Now(), limit.timeout())) {}

Result<InstanceStatus> InstanceWatch::Look() {
  TANDEM_ASSIGN_OR_RETURN(StoredStatus stored, LookUp(provider_, instance_));
  if (!life_) life_ = stored.first_execution;
  if (*life_ != stored.first_execution) {
    return Status::NotFound("instance " + Quoted(instance_) + " was deleted");
  }
  return std::move(stored.status);
}

Result<bool> InstanceWatch::AwaitChange() {
  const tandem::Timestamp now = provider_.clock().Now();
  if (now >= deadline_ || limit_.stop().stop_requested()) return false;
  if (!next_) {
    // A turn before this is seen by the Look after it, a later one brings the event.
    TANDEM_ASSIGN_OR_RETURN(next_, FindNext());
    return true;
  }
  tandem::ReadOptions options;
  options.from = next_->version;
  options.max_events = kEventsPerRead;
  options.max_bytes = kBytesPerRead;
  options.wait = std::chrono::ceil<std::chrono::milliseconds>(deadline_ - now);
  options.stop = limit_.stop();
  TANDEM_ASSIGN_OR_RETURN(const tandem::EventPage page, provider_.Read(next_->stream, options));
  TANDEM_ASSIGN_OR_RETURN(next_, Behind(*next_, page));
  return true;
}

Result<std::optional<InstanceWatch::NextEvent>> InstanceWatch::FindNext() const {
  TANDEM_ASSIGN_OR_RETURN(const InstancePlace place, FindInstance(provider_, instance_));
  const tandem::StreamId stream = HistoryStream(instance_, place.execution);
  if (place.head == 0) return NextEvent{stream, 1};
  const NextEvent last{stream, place.head};
  tandem::ReadOptions options;
  options.from = last.version;
  options.max_events = 1;
  TANDEM_ASSIGN_OR_RETURN(const tandem::EventPage page, provider_.Read(stream, options));
  return Behind(last, page);
}

Result<std::optional<InstanceWatch::NextEvent>> InstanceWatch::Behind(
    const NextEvent& at, const tandem::EventPage& page) const {
  if (page.deleted) return std::nullopt;
  if (page.events.empty()) return at;
  const tandem::Event& last = page.events.back();
  TANDEM_ASSIGN_OR_RETURN(
      const HistoryEvent event,
      DecodeHistoryEvent(last.payload, "history event " + std::to_string(last.version) +
                                           " of instance " + Quoted(instance_)));
  // Nothing comes behind an end: the next execution is left to the next turn.
  if (IsEnd(event.body)) {
    return NextEvent{HistoryStream(instance_, at.stream.partition + 1), 1};
  }
  return NextEvent{at.stream, last.version + 1};
}

Status InstanceWatch::TimeIsOver(const InstanceStatus& status) const {
  std::string message =
      "instance " + Quoted(instance_) + " is still " + std::string(InstanceStateName(status.state));
  message += limit_.stop().stop_requested()
                 ? "; its caller waits no longer"
                 : " after " + std::to_string(limit_.timeout().count()) + " ms";
  if (!status.diagnosis.empty()) message += "; " + status.diagnosis;
  return Status::DeadlineExceeded(std::move(message));
}

}  // namespace duroxide::internal
