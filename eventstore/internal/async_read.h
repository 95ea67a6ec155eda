#pragma once

// A Read that calls back: the same as the blocking one (read_wait.h), stepped on an executor.

#include <rocksdb/db.h>

#include <optional>

#include "tandem/base/async_wait.h"
#include "tandem/base/clock.h"
#include "tandem/eventstore/event_store.h"
#include "tandem/eventstore/internal/stream_waiters.h"

namespace tandem::internal {

class AsyncRead final : public AsyncWait {
 public:
  // What it reads from and waits at. REQUIRES: all of it outlives the read.
  struct Source {
    rocksdb::DB* db;
    rocksdb::ColumnFamilyHandle* family;
    Clock* clock;
    StreamWaiters* waiters;
  };

  // Bad arguments are told by the callback.
  AsyncRead(const Source& source, StreamId stream, ReadOptions options, ReadCallback callback);

 private:
  std::optional<Timestamp> Step() override;
  void Fail(const Status& failure) noexcept override;

  // The answer, if there is one by now.
  std::optional<Result<EventPage>> Try();

  const Source source_;
  const StreamId stream_;
  const ReadOptions options_;
  const ReadCallback callback_;
  const Timestamp deadline_;  // in the past for one that does not wait
  std::optional<StreamWaiters::Registration> registration_;  // used by the steps only
};

}  // namespace tandem::internal
