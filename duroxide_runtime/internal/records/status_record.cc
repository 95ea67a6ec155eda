#include "tandem/duroxide_runtime/internal/records/status_record.h"

#include "tandem/base/check.h"
#include "tandem/duroxide_runtime/internal/records/history_facts.h"
#include "tandem/duroxide_runtime/internal/records/record_fields.h"
#include "tandem/duroxide_runtime/internal/records/status.capnp.h"

namespace duroxide {

namespace internal {

std::string EncodeStatus(const InstanceStatus& status) {
  return tandem::EncodeRecord<StatusRecord>([&](StatusRecord::Builder record) {
    record.setState(static_cast<std::uint8_t>(status.state));
    record.setOrchestration(tandem::ToData(status.orchestration));
    WriteOptionalVersion(status.version, record);
    record.setExecution(status.execution);
    record.setOutput(tandem::ToData(status.output));
    if (status.failure) WriteFailure(*status.failure, record.initFailure());
    if (status.custom_status.value) {
      record.setCustomStatus(tandem::ToData(*status.custom_status.value));
    }
    record.setCustomStatusVersion(status.custom_status.version);
    WriteParent(status.parent, record);
    record.setDiagnosis(tandem::ToData(status.diagnosis));
    record.setCreatedAt(ToMicros(status.created_at));
    record.setUpdatedAt(ToMicros(status.updated_at));
    if (status.start_at) record.setStartAt(ToMicros(*status.start_at));
  });
}

Result<InstanceStatus> DecodeStatus(std::string_view bytes, std::string_view where) {
  InstanceStatus status;
  std::uint8_t state = 0;
  TANDEM_RETURN_IF_ERROR(
      tandem::DecodeRecord<StatusRecord>(bytes, where, [&](StatusRecord::Reader record) {
        state = record.getState();
        status.orchestration = ReadBytes(record.getOrchestration());
        status.version = ReadOptionalVersion(record);
        status.execution = record.getExecution();
        status.output = ReadBytes(record.getOutput());
        if (record.hasFailure()) status.failure = ReadFailure(record.getFailure());
        if (record.hasCustomStatus()) {
          status.custom_status.value = ReadBytes(record.getCustomStatus());
        }
        status.custom_status.version = record.getCustomStatusVersion();
        status.parent = ReadParent(record);
        status.diagnosis = ReadBytes(record.getDiagnosis());
        status.created_at = FromMicros(record.getCreatedAt());
        status.updated_at = FromMicros(record.getUpdatedAt());
        if (record.getStartAt() != 0) status.start_at = FromMicros(record.getStartAt());
      }));
  // A newer version may have states of its own. The number is judged before it becomes one of ours.
  if (state > static_cast<std::uint8_t>(InstanceState::kCancelled)) {
    return Status::Unsupported(std::string(where) + ": a state that this version does not know");
  }
  status.state = static_cast<InstanceState>(state);
  return status;
}

InstanceStatus StatusOf(const Started& started, std::uint64_t execution, const HistoryEvent& last,
                        const CustomStatus& custom_status) {
  InstanceStatus status;
  status.state = InstanceState::kRunning;
  status.orchestration = started.name;
  status.version = started.version;
  status.execution = execution;
  status.custom_status = custom_status;
  status.parent = started.parent;
  status.created_at = started.created_at;
  status.updated_at = last.time;
  if (const auto* completed = std::get_if<OrchestrationCompleted>(&last.body)) {
    status.state = InstanceState::kCompleted;
    status.output = completed->output;
  } else if (const auto* failed = std::get_if<OrchestrationFailed>(&last.body)) {
    // For history a cancellation is a failure like others; for clients it is a state of its own.
    status.state = failed->failure.category == FailureCategory::kCancelled
                       ? InstanceState::kCancelled
                       : InstanceState::kFailed;
    status.failure = failed->failure;
  }
  return status;
}

InstanceStatus StatusOfHistory(std::uint64_t execution, const History& history) {
  TANDEM_REQUIRE(!history.empty(), "a history begins with Started");
  const auto& started = std::get<Started>(history.front().body);
  return StatusOf(started, execution, history.back(), CustomStatusOf(started, history));
}

std::string EncodeKv(const std::optional<KvEntry>& entry) {
  return tandem::EncodeRecord<KvRecord>([&](KvRecord::Builder record) {
    record.setErased(!entry.has_value());
    if (!entry) return;
    record.setValue(tandem::ToData(entry->value));
    record.setUpdatedAt(ToMicros(entry->updated_at));
  });
}

Result<std::optional<KvEntry>> DecodeKv(std::string_view bytes, std::string_view where) {
  std::optional<KvEntry> entry;
  TANDEM_RETURN_IF_ERROR(tandem::DecodeRecord<KvRecord>(bytes, where, [&](KvRecord::Reader record) {
    if (!record.getErased()) {
      entry = KvEntry{ReadBytes(record.getValue()), FromMicros(record.getUpdatedAt())};
    }
  }));
  return entry;
}

}  // namespace internal
}  // namespace duroxide
