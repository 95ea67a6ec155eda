#include "tandem/eventstore/internal/async_read.h"

#include <algorithm>
#include <utility>

#include "tandem/base/out_of_memory.h"
#include "tandem/eventstore/event_limits.h"
#include "tandem/eventstore/internal/event_reader.h"
#include "tandem/eventstore/internal/read_wait.h"

namespace tandem::internal {

namespace {

Timestamp DeadlineOf(const ReadOptions& options, const Clock& clock) {
  const std::chrono::milliseconds wait = options.wait.value();
  const bool waits =
      options.direction == Direction::kForward && wait > std::chrono::milliseconds::zero();
  return waits ? SaturatingAdd(clock.Now(), wait) : Timestamp::min();
}

}  // namespace

AsyncRead::AsyncRead(const Source& source, StreamId stream, ReadOptions options,
                     ReadCallback callback)
    : AsyncWait(options.stop),
      source_(source),
      stream_(std::move(stream)),
      options_(std::move(options)),
      callback_(std::move(callback)),
      deadline_(DeadlineOf(options_, *source.clock)) {}

std::optional<Timestamp> AsyncRead::Step() {
  std::optional<Result<EventPage>> answer = Try();
  if (!answer.has_value() && !registration_.has_value()) {
    registration_.emplace(*source_.waiters, &stream_, *this);
    answer = Try();  // after the registration, so that no append between the two is missed
  }
  if (!answer.has_value()) return deadline_;
  registration_.reset();
  CallBack(callback_, *std::move(answer));
  return std::nullopt;
}

void AsyncRead::Fail(const Status& failure) noexcept {
  registration_.reset();
  callback_(failure);
}

std::optional<Result<EventPage>> AsyncRead::Try() {
  if (broken()) return OutOfMemory();
  if (closing()) return Status::Cancelled("the store is being closed");
  if (Status valid = ValidateRead(stream_, options_); !valid.ok()) return valid;
  const bool over = stop_requested() || source_.clock->Now() >= deadline_;
  Result<EventPage> page = ReadPage(source_.db, source_.family, stream_, options_);
  if (over || !page.ok() || EndsWait(*page)) return page;
  return std::nullopt;
}

}  // namespace tandem::internal
