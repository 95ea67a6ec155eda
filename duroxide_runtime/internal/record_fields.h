#pragma once

// Fields that several records of the runtime share. Includes generated code: for .cc files only.

#include <chrono>
#include <cstdint>
#include <string>

#include "base/clock.h"
#include "base/record.h"
#include "base/status.h"
#include "duroxide_runtime/internal/history.capnp.h"

namespace duroxide::internal {

inline std::int64_t ToMicros(tandem::Timestamp time) { return time.time_since_epoch().count(); }
inline tandem::Timestamp FromMicros(std::int64_t micros) {
  return tandem::Timestamp(std::chrono::microseconds(micros));
}

inline std::string ReadBytes(capnp::Data::Reader data) {
  return std::string(tandem::ToBytes(data));
}

// A code from a newer version, or none at all, reads as Internal.
inline tandem::StatusCode ReadCode(std::uint8_t code) {
  const auto newest = static_cast<std::uint8_t>(tandem::StatusCode::kInternal);
  if (code == 0 || code > newest) return tandem::StatusCode::kInternal;
  return static_cast<tandem::StatusCode>(code);
}

inline void WriteFailure(tandem::StatusCode code, const std::string& message,
                         FailureRecord::Builder record) {
  record.setCode(static_cast<std::uint8_t>(code));
  record.setMessage(tandem::ToData(message));
}

}  // namespace duroxide::internal
