#pragma once

// Fields that several records of the runtime share. Includes generated code: for .cc files only.

#include <kj/debug.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tandem/base/record.h"
#include "tandem/base/timestamp.h"
#include "tandem/duroxide_runtime/history.h"
#include "tandem/duroxide_runtime/internal/records/history.capnp.h"
#include "tandem/duroxide_runtime/limits.h"
#include "tandem/duroxide_runtime/status.h"

namespace duroxide::internal {

inline std::int64_t ToMicros(tandem::Timestamp time) { return time.time_since_epoch().count(); }
inline tandem::Timestamp FromMicros(std::int64_t micros) {
  return tandem::Timestamp(std::chrono::microseconds(micros));
}

inline std::string ReadBytes(capnp::Data::Reader data) {
  return std::string(tandem::ToBytes(data));
}

// A code from a newer version, or none at all, reads as Internal. So does DeadlineExceeded, the
// last one, which is never written (Failure::Of).
inline StatusCode ReadCode(std::uint8_t code) {
  const auto newest = static_cast<std::uint8_t>(StatusCode::kInternal);
  if (code == 0 || code > newest) return StatusCode::kInternal;
  return static_cast<StatusCode>(code);
}

inline void WriteFailure(const Failure& failure, FailureRecord::Builder record) {
  record.setCode(static_cast<std::uint8_t>(failure.code));
  record.setMessage(tandem::ToData(failure.message));
  record.setCategory(static_cast<std::uint8_t>(failure.category));
  if (failure.causes.empty()) return;
  const std::size_t count = std::min(failure.causes.size(), kFailureCausesMax);
  auto causes = record.initCauses(static_cast<unsigned>(count));
  for (unsigned i = 0; i < causes.size(); ++i) {
    causes[i].setCode(static_cast<std::uint8_t>(failure.causes[i].code));
    causes[i].setMessage(tandem::ToData(failure.causes[i].message));
  }
}

inline Failure ReadFailure(FailureRecord::Reader record) {
  Failure failure;
  failure.code = ReadCode(record.getCode());
  failure.message = ReadBytes(record.getMessage());
  // A category from a newer version is none that code may handle.
  failure.category = record.getCategory() > static_cast<std::uint8_t>(FailureCategory::kPoison)
                         ? FailureCategory::kConfiguration
                         : static_cast<FailureCategory>(record.getCategory());
  const auto causes = record.getCauses();
  KJ_REQUIRE(causes.size() <= kFailureCausesMax,
             "a failure with more causes than are ever written");
  for (const auto cause : causes) {
    failure.causes.push_back({ReadCode(cause.getCode()), ReadBytes(cause.getMessage())});
  }
  return failure;
}

inline void WriteVersion(const OrchestrationVersion& version, VersionRecord::Builder record) {
  record.setMajor(version.major);
  record.setMinor(version.minor);
  record.setPatch(version.patch);
}

inline OrchestrationVersion ReadVersion(VersionRecord::Reader record) {
  return {record.getMajor(), record.getMinor(), record.getPatch()};
}

// For records with an optional field `version`.
template <typename Builder>
void WriteOptionalVersion(const std::optional<OrchestrationVersion>& version, Builder record) {
  if (version) WriteVersion(*version, record.initVersion());
}
template <typename Reader>
std::optional<OrchestrationVersion> ReadOptionalVersion(Reader record) {
  if (!record.hasVersion()) return std::nullopt;
  return ReadVersion(record.getVersion());
}

inline void WriteOperation(const OperationAddress& operation, OperationRecord::Builder record) {
  record.setInstance(tandem::ToData(operation.instance));
  record.setExecution(operation.execution);
  record.setScheduledId(operation.scheduled_id);
}

inline OperationAddress ReadOperation(OperationRecord::Reader record) {
  return {ReadBytes(record.getInstance()), record.getExecution(), record.getScheduledId()};
}

// For records with an optional field `parent`.
template <typename Builder>
void WriteParent(const std::optional<OperationAddress>& parent, Builder record) {
  if (parent) WriteOperation(*parent, record.initParent());
}
template <typename Reader>
std::optional<OperationAddress> ReadParent(Reader record) {
  if (!record.hasParent()) return std::nullopt;
  return ReadOperation(record.getParent());
}

inline void WriteEvent(const EventRaised& event, EventRecord::Builder record) {
  record.setName(tandem::ToData(event.name));
  record.setPayload(tandem::ToData(event.payload));
}

inline EventRaised ReadEvent(EventRecord::Reader record) {
  return {ReadBytes(record.getName()), ReadBytes(record.getPayload())};
}

// For records with a list `unread`.
template <typename Builder>
void WriteUnread(const std::vector<EventRaised>& events, Builder record) {
  if (events.empty()) return;
  auto list = record.initUnread(static_cast<unsigned>(events.size()));
  for (unsigned i = 0; i < list.size(); ++i) WriteEvent(events[i], list[i]);
}
template <typename Reader>
std::vector<EventRaised> ReadUnread(Reader record) {
  std::vector<EventRaised> events;
  for (const auto event : record.getUnread()) events.push_back(ReadEvent(event));
  return events;
}

}  // namespace duroxide::internal
