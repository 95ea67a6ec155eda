#include "tandem/duroxide_runtime/internal/client/instance_messages.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tandem/duroxide_runtime/internal/client/client_checks.h"
#include "tandem/duroxide_runtime/internal/client/instance_lookup.h"
#include "tandem/duroxide_runtime/internal/engine/names.h"
#include "tandem/duroxide_runtime/internal/store/instance_index.h"

namespace duroxide::internal {

namespace {

// One life of an instance changes its state only a few times, so 16 attempts outlast several lives.
constexpr int kSendAttemptsMax = 16;

tandem::CheckMetadata StateKey(std::string_view instance, InstanceState state) {
  return {IndexStream(), IndexStatePrefix(state).append(instance), std::string()};
}

// The check that the key of that state stays as it is now.
Result<tandem::CheckMetadata> CheckUnchanged(tandem::Provider& provider, std::string_view instance,
                                             InstanceState state) {
  tandem::CheckMetadata check = StateKey(instance, state);
  TANDEM_ASSIGN_OR_RETURN(const std::optional<std::string> found,
                          provider.GetMetadata(check.stream, check.key));
  if (!found) check.expected = std::nullopt;
  return check;
}

// The check that the instance which was looked up is still there. A whole life may have come and
// gone since the index was read, and have left it as it was.
tandem::Operation CheckAlive(std::string_view instance, const StoredStatus& stored) {
  if (stored.status.execution > 0) {
    return tandem::CheckVersion{HistoryStream(instance, stored.status.execution),
                                tandem::Expected::Exists()};
  }
  return tandem::CheckMetadata{HomeStream(instance, stored.first_execution),
                               std::string(kStatusKey), stored.bytes};
}

struct Sending {
  InstanceState state;
  tandem::Batch batch;  // empty if the instance has finished
};

// What sends the item to an instance in any state.
Result<Sending> PrepareSending(tandem::Provider& provider, std::string_view instance,
                               const WorkItem& item) {
  tandem::Batch batch;
  bool in_index = false;
  // Before the status is read: whatever changes after it is then noticed.
  for (const InstanceState state : {InstanceState::kPending, InstanceState::kRunning}) {
    TANDEM_ASSIGN_OR_RETURN(tandem::CheckMetadata check, CheckUnchanged(provider, instance, state));
    in_index = in_index || check.expected.has_value();
    // Not of an absent key, which that would claim.
    if (check.expected) {
      check.otherwise = Status(StatusCode::kConflict,
                               "instance " + Quoted(instance) +
                                   " has started, finished or was deleted meanwhile; try again");
    }
    batch.Add(std::move(check));
  }
  TANDEM_ASSIGN_OR_RETURN(const StoredStatus stored, LookUp(provider, instance));
  if (stored.status.finished()) return Sending{stored.status.state, {}};
  if (!in_index) batch.Add(CheckAlive(instance, stored));
  tandem::Enqueue enqueue = ToInstance(instance, item);
  // Not before the start, which would find no instance: messages are ordered by that time.
  enqueue.options.visible_at = stored.status.start_at;
  batch.Add(std::move(enqueue));
  return Sending{stored.status.state, std::move(batch)};
}

}  // namespace

Result<InstanceState> SendToInstance(tandem::Provider& provider, std::string_view instance,
                                     const WorkItem& item) {
  // Most run: one batch, and nothing is read.
  tandem::Batch batch;
  batch.Add(StateKey(instance, InstanceState::kRunning));
  batch.Add(ToInstance(instance, item));
  const Status status = provider.AtomicBatch(std::move(batch)).status();
  if (status.ok()) return InstanceState::kRunning;
  if (status.code() != StatusCode::kConflict) return status;

  for (int attempt = 0; attempt < kSendAttemptsMax; ++attempt) {
    TANDEM_ASSIGN_OR_RETURN(Sending sending, PrepareSending(provider, instance, item));
    if (sending.batch.empty()) return sending.state;
    const Status sent = provider.AtomicBatch(std::move(sending.batch)).status();
    if (sent.ok()) return sending.state;
    if (sent.code() != StatusCode::kConflict) return sent;
  }
  return Status::Unavailable("instance " + Quoted(instance) + " changes all the time; try again");
}

Result<tandem::Batch> SendOperations(tandem::Provider& provider, std::string_view instance,
                                     const WorkItem& item) {
  tandem::CheckMetadata running = StateKey(instance, InstanceState::kRunning);
  TANDEM_ASSIGN_OR_RETURN(const std::optional<std::string> found,
                          provider.GetMetadata(running.stream, running.key));
  if (!found) {
    TANDEM_ASSIGN_OR_RETURN(Sending sending, PrepareSending(provider, instance, item));
    if (sending.batch.empty()) return HasFinished(instance, sending.state);
    return std::move(sending.batch);
  }
  // One that runs leaves this state only for its end; also to be deleted it is ended first.
  running.otherwise =
      Status::InvalidArgument("instance " + Quoted(instance) + " has finished meanwhile");
  tandem::Batch batch;
  batch.Add(std::move(running));
  batch.Add(ToInstance(instance, item));
  return batch;
}

}  // namespace duroxide::internal
