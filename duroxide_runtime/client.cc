// Starting orchestrations, and messages to them.

#include "tandem/duroxide_runtime/client.h"

#include <optional>
#include <utility>
#include <vector>

#include "tandem/duroxide_runtime/internal/client/client_checks.h"
#include "tandem/duroxide_runtime/internal/client/instance_messages.h"
#include "tandem/duroxide_runtime/internal/engine/names.h"
#include "tandem/duroxide_runtime/internal/records/work_item.h"
#include "tandem/duroxide_runtime/internal/store/fused_starts.h"
#include "tandem/duroxide_runtime/internal/store/instance_operations.h"
#include "tandem/duroxide_runtime/internal/store/instance_reader.h"
#include "tandem/duroxide_runtime/internal/store/layout.h"
#include "tandem/duroxide_runtime/limits.h"
#include "tandem/duroxide_runtime/registry.h"

namespace duroxide {

namespace {

using internal::Quoted;

// An id that is started and deleted again between two looks is looked at once more.
constexpr int kStartAttemptsMax = 16;

Status CheckVersionRegistered(const Registry& registry, std::string_view orchestration,
                              const OrchestrationVersion& version) {
  if (registry.FindOrchestration(orchestration, version)) return Status::Ok();
  std::string known;
  for (const OrchestrationVersion& other : registry.VersionsOf(orchestration)) {
    known += (known.empty() ? "" : ", ") + other.ToString();
  }
  return Status::NotFound("orchestration " + Quoted(orchestration) + " " + version.ToString() +
                          " is not registered in this runtime; registered: " + known);
}

Status CheckRegistered(const Registry& registry, std::string_view orchestration,
                       const std::optional<OrchestrationVersion>& version) {
  if (registry.FindOrchestration(orchestration, std::nullopt)) {
    if (!version) return Status::Ok();
    return CheckVersionRegistered(registry, orchestration, *version);
  }
  std::string known;
  for (const std::string& name : registry.OrchestrationNames()) {
    if (!known.empty()) known += ", ";
    known += Quoted(name);
  }
  if (known.empty()) known = "none";
  return Status::NotFound("orchestration " + Quoted(orchestration) +
                          " is not registered in this runtime; registered: " + known);
}

Status CheckEvent(std::string_view instance, std::string_view name, const std::string& payload) {
  TANDEM_RETURN_IF_ERROR(internal::CheckInstance(instance));
  TANDEM_RETURN_IF_ERROR(internal::CheckName("event name", name));
  return internal::CheckSize("payload", payload.size(), kValueBytesMax);
}

// When a start is due; nullopt: at once.
std::optional<tandem::Timestamp> StartAt(const StartOptions& options, tandem::Timestamp now) {
  tandem::Timestamp at = options.at().value_or(tandem::SaturatingAdd(now, options.delay()));
  if (at <= now) return std::nullopt;
  return at;
}

}  // namespace

Result<internal::NewInstance> Client::PrepareStart(std::string_view orchestration,
                                                   std::string_view instance, std::string input,
                                                   const StartOptions& options) const {
  TANDEM_RETURN_IF_ERROR(internal::CheckNewInstance(instance));
  TANDEM_RETURN_IF_ERROR(internal::CheckName("orchestration name", orchestration));
  TANDEM_RETURN_IF_ERROR(internal::CheckSize("input", input.size(), kValueBytesMax));
  if (options.delay() < std::chrono::milliseconds::zero()) {
    return Status::InvalidArgument("the delay is negative");
  }
  if (registry_ != nullptr) {
    TANDEM_RETURN_IF_ERROR(CheckRegistered(*registry_, orchestration, options.version()));
  }
  return internal::NewInstance{
      std::string(instance),
      internal::StartItem{std::string(orchestration), std::move(input), options.version(),
                          std::nullopt, internal::kFirstExecution},
      StartAt(options, provider_->clock().Now())};
}

Status Client::FindPlace(internal::NewInstance& start) const {
  TANDEM_ASSIGN_OR_RETURN(const internal::IdClaims claims,
                          internal::ClaimIds(*provider_, {start.instance}));
  if (claims.taken.contains(start.instance)) return internal::InstanceExists(start.instance);
  start.start.first_execution = claims.first_executions.at(start.instance);
  return Status::Ok();
}

Status Client::StartEncoded(std::string_view orchestration, std::string_view instance,
                            std::string input, const StartOptions& options) const {
  TANDEM_ASSIGN_OR_RETURN(internal::NewInstance start,
                          PrepareStart(orchestration, instance, std::move(input), options));
  for (int attempt = 0; attempt < kStartAttemptsMax; ++attempt) {
    TANDEM_RETURN_IF_ERROR(FindPlace(start));
    std::optional<Status> done;
    if (fused_starts_ != nullptr && !start.start_at) done = fused_starts_->Start(start);
    if (!done) {
      tandem::Batch batch;
      internal::AddStart(start, provider_->clock().Now(), batch);
      done = provider_->AtomicBatch(std::move(batch)).status();
    }
    const Status result = *std::move(done);
    if (result.code() == StatusCode::kAlreadyExists) return internal::InstanceExists(instance);
    // The place that was found was deleted, and there is a new one.
    if (result.code() != StatusCode::kConflict) return result;
  }
  return Status::Unavailable("instance " + Quoted(instance) +
                             " is started and deleted all the time; try again");
}

Result<tandem::Batch> Client::StartEncodedOperations(std::string_view orchestration,
                                                     std::string_view instance, std::string input,
                                                     const StartOptions& options) const {
  TANDEM_ASSIGN_OR_RETURN(internal::NewInstance start,
                          PrepareStart(orchestration, instance, std::move(input), options));
  TANDEM_RETURN_IF_ERROR(FindPlace(start));
  tandem::Batch batch;
  internal::AddStart(start, provider_->clock().Now(), batch);
  return batch;
}

Status Client::RaiseEncoded(std::string_view instance, std::string_view name,
                            std::string payload) const {
  TANDEM_RETURN_IF_ERROR(CheckEvent(instance, name, payload));
  const internal::EventRaisedItem event{{std::string(name), std::move(payload)}};
  TANDEM_ASSIGN_OR_RETURN(const InstanceState state,
                          internal::SendToInstance(*provider_, instance, event));
  return IsFinished(state) ? internal::HasFinished(instance, state) : Status::Ok();
}

Result<bool> Client::StartOrRaiseEncoded(std::string_view orchestration, std::string_view instance,
                                         std::string input, std::string_view event,
                                         std::string payload, const StartOptions& options) const {
  TANDEM_RETURN_IF_ERROR(CheckEvent(instance, event, payload));
  TANDEM_ASSIGN_OR_RETURN(internal::NewInstance start,
                          PrepareStart(orchestration, instance, std::move(input), options));
  const internal::EventRaisedItem item{{std::string(event), std::move(payload)}};
  for (int attempt = 0; attempt < kStartAttemptsMax; ++attempt) {
    const Result<InstanceState> sent = internal::SendToInstance(*provider_, instance, item);
    if (sent.ok() && IsFinished(*sent)) return internal::HasFinished(instance, *sent);
    if (sent.ok()) return false;
    if (sent.status().code() != StatusCode::kNotFound) return sent.status();
    const Status place = FindPlace(start);
    if (place.code() == StatusCode::kAlreadyExists) continue;  // started meanwhile
    TANDEM_RETURN_IF_ERROR(place);
    tandem::Batch batch;
    internal::AddStart(start, provider_->clock().Now(), batch);
    tandem::Enqueue enqueue = internal::ToInstance(instance, item);
    enqueue.options.visible_at = start.start_at;  // behind the start
    batch.Add(std::move(enqueue));
    const Status started = provider_->AtomicBatch(std::move(batch)).status();
    if (started.ok()) return true;
    const bool overtaken =
        started.code() == StatusCode::kAlreadyExists || started.code() == StatusCode::kConflict;
    if (!overtaken) return started;
  }
  return Status::Unavailable("instance " + Quoted(instance) +
                             " is started and deleted all the time; try again");
}

Result<tandem::Batch> Client::RaiseEncodedOperations(std::string_view instance,
                                                     std::string_view name,
                                                     std::string payload) const {
  TANDEM_RETURN_IF_ERROR(CheckEvent(instance, name, payload));
  const internal::EventRaisedItem event{{std::string(name), std::move(payload)}};
  return internal::SendOperations(*provider_, instance, event);
}

Status Client::Cancel(std::string_view instance, std::string_view reason) const {
  TANDEM_RETURN_IF_ERROR(internal::CheckInstance(instance));
  TANDEM_RETURN_IF_ERROR(internal::CheckSize("reason", reason.size(), kFailureBytesMax));
  const internal::CancelItem cancel{std::string(reason)};
  return internal::SendToInstance(*provider_, instance, cancel).status();
}

}  // namespace duroxide
