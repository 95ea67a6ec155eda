#include "tandem/duroxide_runtime/failure.h"

#include "tandem/duroxide_runtime/limits.h"

namespace duroxide {

namespace {

// DeadlineExceeded is about the wait of one caller. Stored, it would pass for that of others: they
// could not tell an instance that has failed from a wait of their own that was too short.
StatusCode StoredCode(StatusCode code) {
  return code == StatusCode::kDeadlineExceeded ? StatusCode::kUnavailable : code;
}

std::string Cut(const std::string& message) {
  if (message.size() <= kFailureBytesMax) return message;
  return message.substr(0, kFailureBytesMax) + "... (cut)";
}

}  // namespace

std::string_view FailureCategoryName(FailureCategory category) {
  switch (category) {
    case FailureCategory::kApplication:
      return "application";
    case FailureCategory::kCancelled:
      return "cancelled";
    case FailureCategory::kConfiguration:
      return "configuration";
    case FailureCategory::kPoison:
      return "poison";
  }
  return "unknown";
}

Status Failure::ToStatus() const {
  Status chain;
  for (auto cause = causes.rbegin(); cause != causes.rend(); ++cause) {
    Status status(cause->code, cause->message);
    chain = chain.ok() ? status : status.CausedBy(chain);
  }
  Status status(code, message);
  return chain.ok() ? status : status.CausedBy(chain);
}

Failure Failure::Of(const Status& status, FailureCategory category) {
  Failure failure{category, StoredCode(status.code()), Cut(status.message()), {}};
  const Status* cause = &status.cause();
  while (!cause->ok() && failure.causes.size() < kFailureCausesMax) {
    failure.causes.push_back({StoredCode(cause->code()), Cut(cause->message())});
    cause = &cause->cause();
  }
  return failure;
}

}  // namespace duroxide
