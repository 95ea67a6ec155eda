#include "tandem/base/status.h"

#include <algorithm>
#include <utility>

#include "tandem/base/check.h"

namespace tandem {

struct Status::Rep {
  StatusCode code;
  std::string message;
  Detail detail;
  std::vector<OperationFailure> failures;
  Status cause;
  std::size_t causes = 0;  // how many there are behind this one
};

namespace {

template <typename T>
const T& Empty() {
  static const T kEmpty;
  return kEmpty;
}

}  // namespace

std::string_view StatusCodeName(StatusCode code) {
  switch (code) {
    case StatusCode::kOk:
      return "Ok";
    case StatusCode::kInvalidArgument:
      return "InvalidArgument";
    case StatusCode::kTooLarge:
      return "TooLarge";
    case StatusCode::kNotFound:
      return "NotFound";
    case StatusCode::kAlreadyExists:
      return "AlreadyExists";
    case StatusCode::kConflict:
      return "Conflict";
    case StatusCode::kLeaseLost:
      return "LeaseLost";
    case StatusCode::kIdempotencyMismatch:
      return "IdempotencyMismatch";
    case StatusCode::kUnavailable:
      return "Unavailable";
    case StatusCode::kIndeterminate:
      return "Indeterminate";
    case StatusCode::kNoSpace:
      return "NoSpace";
    case StatusCode::kIoError:
      return "IoError";
    case StatusCode::kCorruption:
      return "Corruption";
    case StatusCode::kUnsupported:
      return "Unsupported";
    case StatusCode::kCancelled:
      return "Cancelled";
    case StatusCode::kInternal:
      return "Internal";
    case StatusCode::kDeadlineExceeded:
      return "DeadlineExceeded";
  }
  return "Unknown";
}

bool IsDeterministic(StatusCode code) {
  return code == StatusCode::kTooLarge || code == StatusCode::kInvalidArgument ||
         code == StatusCode::kCorruption || code == StatusCode::kUnsupported;
}

Status::Status(StatusCode code, std::string message, Detail detail) {
  TANDEM_CHECK(code != StatusCode::kOk, "an ok status carries no message");
  rep_ = std::make_shared<const Rep>(Rep{code, std::move(message), std::move(detail), {}, {}, 0});
}

Status Status::InvalidArgument(std::string message) {
  return {StatusCode::kInvalidArgument, std::move(message)};
}
Status Status::TooLarge(std::string message) { return {StatusCode::kTooLarge, std::move(message)}; }
Status Status::NotFound(std::string message) { return {StatusCode::kNotFound, std::move(message)}; }
Status Status::AlreadyExists(std::string message) {
  return {StatusCode::kAlreadyExists, std::move(message)};
}
Status Status::Conflict(ConflictDetail detail) {
  std::string message;
  if (detail.key.has_value()) message = "metadata '" + *detail.key + "' of ";
  if (!detail.entity.empty()) {
    message += "stream (" + detail.entity + ", " + std::to_string(detail.partition) + "): ";
  }
  message += "expected " + detail.expected + ", found ";
  if (!detail.key.has_value()) {
    message += "version " + std::to_string(detail.actual);
  } else {
    message += detail.found.has_value() ? "another value" : "none";
  }
  return {StatusCode::kConflict, std::move(message), std::move(detail)};
}
Status Status::Conflict(std::string expected, std::uint64_t actual) {
  return Conflict(ConflictDetail{.expected = std::move(expected), .actual = actual});
}
Status Status::LeaseLost(LeaseLoss reason) {
  return {StatusCode::kLeaseLost,
          reason == LeaseLoss::kTaken ? "a newer lease has taken what this lock token covered"
                                      : "the lease of this lock token has ended",
          LeaseLostDetail{reason}};
}
Status Status::IdempotencyMismatch(std::string message) {
  return {StatusCode::kIdempotencyMismatch, std::move(message)};
}
Status Status::Unavailable(std::string message) {
  return {StatusCode::kUnavailable, std::move(message)};
}
Status Status::Indeterminate(std::string message) {
  return {StatusCode::kIndeterminate, std::move(message)};
}
Status Status::NoSpace(std::string message) { return {StatusCode::kNoSpace, std::move(message)}; }
Status Status::IoError(std::string message) { return {StatusCode::kIoError, std::move(message)}; }
Status Status::Corruption(std::string where, const std::string& message) {
  std::string text = where + ": " + message;
  return {StatusCode::kCorruption, std::move(text), CorruptionDetail{std::move(where)}};
}
Status Status::Unsupported(std::string message) {
  return {StatusCode::kUnsupported, std::move(message)};
}
Status Status::Cancelled(std::string message) {
  return {StatusCode::kCancelled, std::move(message)};
}
Status Status::Internal(std::string message) { return {StatusCode::kInternal, std::move(message)}; }
Status Status::DeadlineExceeded(std::string message) {
  return {StatusCode::kDeadlineExceeded, std::move(message)};
}

Status Status::OfFailures(std::vector<OperationFailure> failures) {
  TANDEM_CHECK(!failures.empty(), "a failed call has at least one failed operation");
  TANDEM_REQUIRE(std::ranges::is_sorted(failures, {}, &OperationFailure::operation),
                 "failures are in order of operation");
  const Rep& first = *failures.front().status.rep_;
  std::string message =
      "operation " + std::to_string(failures.front().operation) + ": " + first.message;
  if (failures.size() > 1) {
    message += " (and " + std::to_string(failures.size() - 1) + " more failed)";
  }
  Status status;
  status.rep_ = std::make_shared<const Rep>(
      Rep{first.code, std::move(message), first.detail, std::move(failures), {}, 0});
  return status;
}

StatusCode Status::code() const { return rep_ ? rep_->code : StatusCode::kOk; }

const std::string& Status::message() const { return rep_ ? rep_->message : Empty<std::string>(); }

const ConflictDetail* Status::conflict() const {
  return rep_ ? std::get_if<ConflictDetail>(&rep_->detail) : nullptr;
}
const LeaseLostDetail* Status::lease_lost() const {
  return rep_ ? std::get_if<LeaseLostDetail>(&rep_->detail) : nullptr;
}
const CorruptionDetail* Status::corruption() const {
  return rep_ ? std::get_if<CorruptionDetail>(&rep_->detail) : nullptr;
}

const std::vector<OperationFailure>& Status::failures() const {
  return rep_ ? rep_->failures : Empty<std::vector<OperationFailure>>();
}

Status Status::CausedBy(Status cause) const {
  TANDEM_CHECK(!ok() && !cause.ok(), "only a failure has a cause, and is one");
  Rep rep = *rep_;
  rep.cause = cause.rep_->causes < kCausesMax ? std::move(cause) : cause.WithCauses(kCausesMax - 1);
  rep.causes = rep.cause.rep_->causes + 1;
  Status status;
  status.rep_ = std::make_shared<const Rep>(std::move(rep));
  return status;
}

// The same with the nearest `count` causes: a chain is taken down by recursion, so it has a bound.
Status Status::WithCauses(std::size_t count) const {
  Rep rep = *rep_;
  rep.cause = count == 0 || rep.causes == 0 ? Status() : rep.cause.WithCauses(count - 1);
  rep.causes = std::min(count, rep.causes);
  Status status;
  status.rep_ = std::make_shared<const Rep>(std::move(rep));
  return status;
}

const Status& Status::cause() const { return rep_ ? rep_->cause : Empty<Status>(); }

std::string Status::ToString() const {
  std::string text(StatusCodeName(code()));
  if (ok()) return text;
  text += ": " + message();
  for (const Status* next = &cause(); !next->ok(); next = &next->cause()) {
    text += "; caused by ";
    text += StatusCodeName(next->code());
    text += ": " + next->message();
  }
  return text;
}

std::ostream& operator<<(std::ostream& out, const Status& status) {
  return out << status.ToString();
}

}  // namespace tandem
