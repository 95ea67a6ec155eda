#include "duroxide_runtime/client.h"

#include <optional>
#include <utility>
#include <vector>

#include "duroxide_runtime/internal/instance_store.h"
#include "duroxide_runtime/internal/names.h"
#include "duroxide_runtime/internal/work_item.h"
#include "duroxide_runtime/limits.h"
#include "duroxide_runtime/registry.h"

namespace duroxide {

namespace {

Status CheckValue(std::string_view what, std::size_t bytes) {
  if (bytes <= kValueBytesMax) return Status::Ok();
  return Status::TooLarge("the " + std::string(what) + " has " + std::to_string(bytes) +
                          " bytes, the limit is " + std::to_string(kValueBytesMax));
}

std::string Quoted(std::string_view name) { return std::string(1, '\'').append(name).append("'"); }

Status CheckRegistered(const Registry& registry, std::string_view orchestration) {
  if (registry.FindOrchestration(orchestration, std::nullopt)) return Status::Ok();
  std::string known;
  for (const std::string& name : registry.OrchestrationNames()) {
    if (!known.empty()) known += ", ";
    known += Quoted(name);
  }
  if (known.empty()) known = "none";
  return Status::NotFound("orchestration " + Quoted(orchestration) +
                          " is not registered in this runtime; registered: " + known);
}

std::string Millis(std::chrono::milliseconds duration) {
  return std::to_string(duration.count()) + " ms";
}

}  // namespace

Status Client::StartEncoded(std::string_view orchestration, std::string_view instance,
                            std::string input) const {
  TANDEM_RETURN_IF_ERROR(internal::CheckNewInstance(instance));
  TANDEM_RETURN_IF_ERROR(internal::CheckName("orchestration name", orchestration));
  TANDEM_RETURN_IF_ERROR(CheckValue("input", input.size()));
  if (registry_ != nullptr) TANDEM_RETURN_IF_ERROR(CheckRegistered(*registry_, orchestration));

  TANDEM_ASSIGN_OR_RETURN(const internal::InstancePlace place,
                          internal::FindInstance(*provider_, instance));
  std::vector<tandem::Operation> batch;
  internal::AddStart({std::string(instance),
                      internal::StartItem{std::string(orchestration), std::move(input),
                                          std::nullopt, std::nullopt, place.first_execution}},
                     provider_->clock().Now(), batch);
  const Status result = provider_->AtomicBatch(std::move(batch)).status();
  if (result.code() == tandem::StatusCode::kConflict) {
    return Status::AlreadyExists("instance " + Quoted(instance) + " already exists");
  }
  return result;
}

Status Client::RaiseEncoded(std::string_view instance, std::string_view name,
                            std::string payload) const {
  TANDEM_RETURN_IF_ERROR(internal::CheckInstance(instance));
  TANDEM_RETURN_IF_ERROR(internal::CheckName("event name", name));
  TANDEM_RETURN_IF_ERROR(CheckValue("payload", payload.size()));
  // Reading first, then sending without a guard, is enough: the instance may finish between the
  // event's arrival and its turn anyway, and the event is then dropped and counted. A guard on the
  // status would only make senders and turns of a busy instance fail each other.
  TANDEM_ASSIGN_OR_RETURN(const InstanceStatus status, GetStatus(instance));
  if (status.finished()) {
    return Status::InvalidArgument("instance " + Quoted(instance) + " has finished (" +
                                   std::string(InstanceStateName(status.state)) + ")");
  }
  std::vector<tandem::Operation> batch;
  batch.emplace_back(internal::ToInstance(
      instance, internal::EventRaisedItem{std::string(name), std::move(payload)}));
  return provider_->AtomicBatch(std::move(batch)).status();
}

Result<InstanceStatus> Client::GetStatus(std::string_view instance) const {
  TANDEM_RETURN_IF_ERROR(internal::CheckInstance(instance));
  TANDEM_ASSIGN_OR_RETURN(std::optional<internal::StoredStatus> stored,
                          internal::ReadStatus(*provider_, instance));
  if (stored) return std::move(stored->status);
  // The status is derived: without it the history still knows everything.
  TANDEM_ASSIGN_OR_RETURN(const internal::InstancePlace place,
                          internal::FindInstance(*provider_, instance));
  TANDEM_ASSIGN_OR_RETURN(const History history,
                          internal::LoadHistory(*provider_, instance, place.execution, place.head));
  if (!history.empty() && std::holds_alternative<Started>(history.front().body)) {
    return internal::StatusOfHistory(place.execution, history);
  }
  return Status::NotFound("there is no instance " + Quoted(instance));
}

Result<HistoryPage> Client::ReadHistory(std::string_view instance,
                                        const HistoryOptions& options) const {
  TANDEM_RETURN_IF_ERROR(internal::CheckInstance(instance));
  TANDEM_ASSIGN_OR_RETURN(const internal::InstancePlace place,
                          internal::FindInstance(*provider_, instance));
  HistoryPage history;
  history.execution = place.execution;
  history.first = options.from;
  tandem::ReadOptions read;
  read.from = options.from;
  read.max_events = options.max_events;
  read.wait = options.wait;
  read.stop = options.stop;
  TANDEM_ASSIGN_OR_RETURN(
      const tandem::EventPage page,
      provider_->Read(internal::HistoryStream(instance, history.execution), read));
  for (const tandem::Event& event : page.events) {
    const std::string where =
        "history event " + std::to_string(event.version) + " of instance " + Quoted(instance);
    TANDEM_ASSIGN_OR_RETURN(HistoryEvent decoded,
                            internal::DecodeHistoryEvent(event.payload, where));
    history.events.push_back(std::move(decoded));
  }
  history.next = page.next;
  return history;
}

Result<InstanceStatus> Client::WaitUntilFinished(std::string_view instance,
                                                 std::chrono::milliseconds timeout) const {
  TANDEM_RETURN_IF_ERROR(internal::CheckInstance(instance));
  tandem::Clock& clock = provider_->clock();
  const tandem::Timestamp deadline = tandem::SaturatingAdd(clock.Now(), timeout);
  while (true) {
    // The head before the status: a turn in between is then found by the read below at once.
    TANDEM_ASSIGN_OR_RETURN(const internal::InstancePlace place,
                            internal::FindInstance(*provider_, instance));
    TANDEM_ASSIGN_OR_RETURN(InstanceStatus status, GetStatus(instance));
    if (status.finished()) return status;

    const tandem::Timestamp now = clock.Now();
    if (now >= deadline) {
      std::string message = "instance " + Quoted(instance) + " is still " +
                            std::string(InstanceStateName(status.state)) + " after " +
                            Millis(timeout);
      if (!status.diagnosis.empty()) message += "; " + status.diagnosis;
      return Status::Unavailable(std::move(message));
    }
    tandem::ReadOptions options;
    options.from = place.head + 1;
    options.max_events = 1;
    options.wait = std::chrono::ceil<std::chrono::milliseconds>(deadline - now);
    TANDEM_RETURN_IF_ERROR(
        provider_->Read(internal::HistoryStream(instance, place.execution), options).status());
  }
}

Result<std::string> Client::WaitForOutput(std::string_view orchestration, std::string_view instance,
                                          std::chrono::milliseconds timeout) const {
  TANDEM_ASSIGN_OR_RETURN(InstanceStatus status, WaitUntilFinished(instance, timeout));
  if (status.orchestration != orchestration) {
    return Status::InvalidArgument("instance " + Quoted(instance) + " runs orchestration " +
                                   Quoted(status.orchestration) + ", not " + Quoted(orchestration));
  }
  if (status.failure) return status.failure->ToStatus();
  return std::move(status.output);
}

}  // namespace duroxide
