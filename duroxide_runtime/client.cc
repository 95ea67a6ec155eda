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

// When a start is due; nullopt: at once.
std::optional<tandem::Timestamp> StartAt(const StartOptions& options, tandem::Timestamp now) {
  tandem::Timestamp at = options.at().value_or(tandem::SaturatingAdd(now, options.delay()));
  if (at <= now) return std::nullopt;
  return at;
}

}  // namespace

Status Client::StartEncoded(std::string_view orchestration, std::string_view instance,
                            std::string input, const StartOptions& options) const {
  TANDEM_RETURN_IF_ERROR(internal::CheckNewInstance(instance));
  TANDEM_RETURN_IF_ERROR(internal::CheckName("orchestration name", orchestration));
  TANDEM_RETURN_IF_ERROR(internal::CheckSize("input", input.size(), kValueBytesMax));
  if (options.delay() < std::chrono::milliseconds::zero()) {
    return Status::InvalidArgument("the delay is negative");
  }
  if (registry_ != nullptr) {
    TANDEM_RETURN_IF_ERROR(CheckRegistered(*registry_, orchestration, options.version()));
  }
  const tandem::Timestamp now = provider_->clock().Now();
  internal::NewInstance start{
      std::string(instance),
      internal::StartItem{std::string(orchestration), std::move(input), options.version(),
                          std::nullopt, internal::kFirstExecution},
      StartAt(options, now)};
  const std::string id(instance);
  for (int attempt = 0; attempt < kStartAttemptsMax; ++attempt) {
    TANDEM_ASSIGN_OR_RETURN(const internal::IdClaims claims, internal::ClaimIds(*provider_, {id}));
    if (claims.taken.contains(id)) {
      return Status::AlreadyExists("instance " + Quoted(instance) + " already exists");
    }
    start.start.first_execution = claims.first_executions.at(id);
    std::optional<Status> done;
    if (fused_starts_ != nullptr && !start.start_at) done = fused_starts_->Start(start);
    if (!done) {
      tandem::Batch batch;
      internal::AddStart(start, now, batch);
      done = provider_->AtomicBatch(std::move(batch)).status();
    }
    const Status result = *std::move(done);
    // Taken now; or the place that was found was deleted, and there is a new one.
    if (result.code() != StatusCode::kConflict) return result;
  }
  return Status::Unavailable("instance " + Quoted(instance) +
                             " is started and deleted all the time; try again");
}

Status Client::RaiseEncoded(std::string_view instance, std::string_view name,
                            std::string payload) const {
  TANDEM_RETURN_IF_ERROR(internal::CheckInstance(instance));
  TANDEM_RETURN_IF_ERROR(internal::CheckName("event name", name));
  TANDEM_RETURN_IF_ERROR(internal::CheckSize("payload", payload.size(), kValueBytesMax));
  const internal::EventRaisedItem event{{std::string(name), std::move(payload)}};
  TANDEM_ASSIGN_OR_RETURN(const InstanceState state,
                          internal::SendToInstance(*provider_, instance, event));
  return IsFinished(state) ? internal::HasFinished(instance, state) : Status::Ok();
}

Status Client::Cancel(std::string_view instance, std::string_view reason) const {
  TANDEM_RETURN_IF_ERROR(internal::CheckInstance(instance));
  TANDEM_RETURN_IF_ERROR(internal::CheckSize("reason", reason.size(), kFailureBytesMax));
  const internal::CancelItem cancel{std::string(reason)};
  return internal::SendToInstance(*provider_, instance, cancel).status();
}

}  // namespace duroxide
