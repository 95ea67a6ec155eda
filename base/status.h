#pragma once

// A Status says whether a call worked and, where it did not, what a caller can do about it: a code
// to branch on, a message for people, and typed details. It is as small as a shared pointer, cheap
// to copy, and must not be ignored. Safe to read from several threads.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace tandem {

// Stored in records of the runtime: values are never reused or renumbered.
enum class StatusCode : std::uint8_t {
  kOk = 0,
  kInvalidArgument = 1,  // the call itself is wrong; nothing was done
  kTooLarge = 2,         // over a limit of base/limits.h; nothing was done
  kNotFound = 3,
  kAlreadyExists = 4,
  kConflict = 5,             // ConflictDetail: the state is not as expected; reload, decide anew
  kLeaseLost = 6,            // LeaseLostDetail: drop the work, somebody else has it or it is gone
  kIdempotencyMismatch = 7,  // an id that was used before, with other content
  kUnavailable = 8,          // certainly not applied; retry freely
  kIndeterminate = 9,        // unknown whether applied: open the store again, read, decide
  kNoSpace = 10,  // the disk is full; of a write, unknown whether applied, as kIndeterminate
  kIoError = 11,
  kCorruption = 12,  // CorruptionDetail: stored bytes are damaged; never skipped or repaired
  kUnsupported = 13,
  kCancelled = 14,
  kInternal = 15,
  kDeadlineExceeded = 16,  // the time limit of this wait is over: what it waits for may still come
};

// The code's name as in the documentation, e.g. "LeaseLost".
std::string_view StatusCodeName(StatusCode code);

// Errors that the same call meets again, however often it is tried: they are about what it was
// given or what is stored, not about the state of the moment.
bool IsDeterministic(StatusCode code);

struct ConflictDetail {
  static constexpr std::size_t kFoundBytesMax = 256;

  std::string expected = {};  // in words: "exactly 7", "no stream"; of a key: "absent"
  std::uint64_t actual = 0;   // the version found (0 = empty stream)

  // The stream that is not as expected; an empty entity: the conflict is about something else.
  std::string entity = {};
  std::uint64_t partition = 0;
  // The key of its metadata that is not as expected; nullopt: it is about the stream's version.
  std::optional<std::string> key = {};
  // What the key holds, its first kFoundBytesMax bytes; nullopt: it is absent.
  std::optional<std::string> found = {};
};

enum class LeaseLoss : std::uint8_t {
  kTaken,  // a newer lease holds what this one covered
  kGone,   // nobody does: acknowledged, abandoned, cancelled, or the store was opened again
};

struct LeaseLostDetail {
  LeaseLoss reason = LeaseLoss::kGone;
};

struct CorruptionDetail {
  std::string where;  // the damaged file or record
};

struct OperationFailure;

class [[nodiscard]] Status {
 public:
  using Detail = std::variant<std::monostate, ConflictDetail, LeaseLostDetail, CorruptionDetail>;

  Status() = default;  // ok
  Status(StatusCode code, std::string message, Detail detail = {});

  static Status Ok() { return Status(); }
  static Status InvalidArgument(std::string message);
  static Status TooLarge(std::string message);
  static Status NotFound(std::string message);
  static Status AlreadyExists(std::string message);
  static Status Conflict(ConflictDetail detail);
  static Status Conflict(std::string expected, std::uint64_t actual);  // of no stream
  static Status LeaseLost(LeaseLoss reason);
  static Status IdempotencyMismatch(std::string message);
  static Status Unavailable(std::string message);
  static Status Indeterminate(std::string message);
  static Status NoSpace(std::string message);
  static Status IoError(std::string message);
  static Status Corruption(std::string where, const std::string& message);
  static Status Unsupported(std::string message);
  static Status Cancelled(std::string message);
  static Status Internal(std::string message);
  static Status DeadlineExceeded(std::string message);

  // The status of a call made of several operations of which `failures` failed: code, message and
  // detail are those of the first. REQUIRES: `failures` is not empty and in order of operation.
  static Status OfFailures(std::vector<OperationFailure> failures);

  bool ok() const { return rep_ == nullptr; }
  StatusCode code() const;
  const std::string& message() const;  // empty when ok

  // Null unless the code carries that detail.
  const ConflictDetail* conflict() const;
  const LeaseLostDetail* lease_lost() const;
  const CorruptionDetail* corruption() const;

  // The same failure with what made it happen, which may have a cause itself; of a longer chain the
  // nearest kCausesMax are kept. REQUIRES: neither is ok.
  static constexpr std::size_t kCausesMax = 64;
  Status CausedBy(Status cause) const;
  const Status& cause() const;  // ok when none is known

  // Every operation that failed; empty for a call that is no list of operations.
  const std::vector<OperationFailure>& failures() const;

  // "Conflict: expected exactly 7, found 9"; "Ok". Causes follow: "Internal: x; caused by IoError:
  // y".
  std::string ToString() const;

 private:
  struct Rep;
  Status WithCauses(std::size_t count) const;

  std::shared_ptr<const Rep> rep_;  // null = ok
};

struct OperationFailure {
  std::size_t operation = 0;  // index in the list that was passed
  Status status;
};

std::ostream& operator<<(std::ostream& out, const Status& status);

}  // namespace tandem
