#include "duroxide_runtime/internal/instance_store.h"

#include <utility>

#include "base/key_encoding.h"
#include "duroxide_runtime/internal/record_fields.h"

namespace duroxide {

std::string_view InstanceStateName(InstanceState state) {
  switch (state) {
    case InstanceState::kPending:
      return "Pending";
    case InstanceState::kRunning:
      return "Running";
    case InstanceState::kCompleted:
      return "Completed";
    case InstanceState::kFailed:
      return "Failed";
  }
  return "Unknown";
}

namespace internal {

namespace {

constexpr char kOperationPrefix = 'O';

Status ToFailure(FailureRecord::Reader record) {
  if (record.getCode() == 0) return Status::Ok();
  return Status(ReadCode(record.getCode()), ReadBytes(record.getMessage()));
}

std::string NameEvent(std::string_view instance, std::uint64_t execution, EventId id) {
  return "history event " + std::to_string(id) + " of execution " + std::to_string(execution) +
         " of instance '" + std::string(instance) + "'";
}

}  // namespace

tandem::StreamId StatusStream(std::string_view instance) { return {std::string(instance), 0}; }

tandem::StreamId HistoryStream(std::string_view instance, std::uint64_t execution) {
  return {std::string(instance), execution};
}

std::string OperationKey(std::string_view instance, const OperationId& id) {
  return tandem::KeyWriter(kOperationPrefix)
      .Escaped(instance)
      .U64(id.execution)
      .U64(id.scheduled_id)
      .Take();
}

std::string EncodeStatus(const InstanceStatus& status) {
  return tandem::EncodeRecord<StatusRecord>([&](StatusRecord::Builder record) {
    record.setState(static_cast<std::uint8_t>(status.state));
    record.setOrchestration(tandem::ToData(status.orchestration));
    record.setOutput(tandem::ToData(status.output));
    WriteFailure(status.failure.code(), status.failure.message(), record.initFailure());
    record.setDiagnosis(tandem::ToData(status.diagnosis));
    record.setCreatedAt(ToMicros(status.created_at));
    record.setUpdatedAt(ToMicros(status.updated_at));
  });
}

Result<InstanceStatus> DecodeStatus(std::string_view bytes, std::string_view where) {
  InstanceStatus status;
  std::uint8_t state = 0;
  TANDEM_RETURN_IF_ERROR(
      tandem::DecodeRecord<StatusRecord>(bytes, where, [&](StatusRecord::Reader record) {
        state = record.getState();
        status.orchestration = ReadBytes(record.getOrchestration());
        status.output = ReadBytes(record.getOutput());
        status.failure = ToFailure(record.getFailure());
        status.diagnosis = ReadBytes(record.getDiagnosis());
        status.created_at = FromMicros(record.getCreatedAt());
        status.updated_at = FromMicros(record.getUpdatedAt());
      }));
  if (state > static_cast<std::uint8_t>(InstanceState::kFailed)) {
    return Status::Unsupported(std::string(where) + ": a state that this version does not know");
  }
  status.state = static_cast<InstanceState>(state);
  return status;
}

InstanceStatus StatusOfHistory(const History& history) {
  InstanceStatus status;
  status.state = InstanceState::kRunning;
  status.orchestration = std::get<Started>(history.front().body).name;
  status.created_at = history.front().time;
  status.updated_at = history.back().time;
  const HistoryBody& last = history.back().body;
  if (const auto* completed = std::get_if<OrchestrationCompleted>(&last)) {
    status.state = InstanceState::kCompleted;
    status.output = completed->output;
  } else if (const auto* failed = std::get_if<OrchestrationFailed>(&last)) {
    status.state = InstanceState::kFailed;
    status.failure = Status(failed->code, failed->message);
  }
  return status;
}

Result<std::optional<StoredStatus>> ReadStatus(tandem::Provider& provider,
                                               std::string_view instance) {
  tandem::MetadataOptions options;
  options.prefix = std::string(kStatusKey);
  options.limit = 1;  // the key itself sorts before every key that it is a prefix of
  TANDEM_ASSIGN_OR_RETURN(tandem::MetadataPage page,
                          provider.ReadMetadata(StatusStream(instance), options));
  if (page.entries.empty() || page.entries.front().first != kStatusKey) {
    return std::optional<StoredStatus>();
  }
  StoredStatus stored;
  stored.bytes = std::move(page.entries.front().second);
  TANDEM_ASSIGN_OR_RETURN(
      stored.status,
      DecodeStatus(stored.bytes, "status of instance '" + std::string(instance) + "'"));
  return std::optional<StoredStatus>(std::move(stored));
}

Result<LoadedHistory> LoadHistory(tandem::Provider& provider, std::string_view instance) {
  LoadedHistory loaded;
  TANDEM_ASSIGN_OR_RETURN(const std::optional<tandem::PartitionHead> latest,
                          provider.LatestPartition(instance));
  if (!latest) return loaded;
  loaded.execution = latest->partition;
  loaded.history.reserve(latest->head);
  tandem::ReadOptions options;
  options.from = 1;
  while (loaded.history.size() < latest->head) {
    TANDEM_ASSIGN_OR_RETURN(const tandem::EventPage page,
                            provider.Read(HistoryStream(instance, loaded.execution), options));
    if (page.events.empty()) {
      return Status::Corruption(NameEvent(instance, loaded.execution, loaded.history.size() + 1),
                                "missing");
    }
    for (const tandem::Event& event : page.events) {
      TANDEM_ASSIGN_OR_RETURN(
          HistoryEvent decoded,
          DecodeHistoryEvent(event.payload, NameEvent(instance, loaded.execution, event.version)));
      loaded.history.push_back(std::move(decoded));
    }
    options.from = page.next;
  }
  return loaded;
}

tandem::UpdateMetadata SetStatus(std::string_view instance, const InstanceStatus& status) {
  tandem::UpdateMetadata update;
  update.stream = StatusStream(instance);
  update.set.emplace(kStatusKey, EncodeStatus(status));
  return update;
}

}  // namespace internal
}  // namespace duroxide
