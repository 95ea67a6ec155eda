#pragma once

// Walks over the streams of one snapshot that have a head or metadata, in order of entity and
// partition: a few steps for each, however many events and keys it has. Around what was deleted it
// goes by the tombstones of entities; what else it passes over is bounded, and then it stops.
//
// The one thing that has no bound is the metadata that was erased from a single stream which has no
// head: it is passed over in one go.

#include <rocksdb/db.h>

#include <cstddef>
#include <limits>
#include <optional>
#include <string>

#include "tandem/base/check.h"
#include "tandem/base/limits.h"
#include "tandem/base/rocks/bounded_walk.h"
#include "tandem/base/status.h"
#include "tandem/eventstore/event_store.h"
#include "tandem/eventstore/internal/event_values.h"

namespace tandem::internal {

class StreamWalk {
 public:
  enum class Unit { kStream, kEntity };  // what Next moves by

  // For who must see everything: the walk begins at the first key, whatever `from` is, never stops,
  // and reports keys that cannot be read instead of passing over them.
  static constexpr std::size_t kEverything = std::numeric_limits<std::size_t>::max();

  // Stands on the first stream at or after `from`. REQUIRES: `snapshot` outlives this.
  StreamWalk(rocksdb::DB* db, rocksdb::ColumnFamilyHandle* family,
             const rocksdb::Snapshot* snapshot, const StreamId& from, Unit unit,
             std::size_t passed_max = kPagePassedMax);

  // Null behind the last stream, where the walk has stopped, and after a failure.
  const StreamId* stream() const { return stream_.has_value() ? &*stream_ : nullptr; }
  const Status& status() const { return status_; }

  // The walk has passed over as much as it may: go on behind passed(), the last stream, or entity,
  // of which everything was looked at.
  bool stopped() const { return stopped_; }
  const StreamId& passed() const { return *passed_; }

  // REQUIRES: stream() is not null. A head that cannot be read is none, and said by head_status().
  const std::optional<Head>& head() const {
    TANDEM_REQUIRE(stream() != nullptr, "the walk stands on a stream");
    return head_;
  }
  const Status& head_status() const { return head_status_; }
  bool has_metadata() const { return has_metadata_; }
  bool exists() const { return has_metadata_ || (head_.has_value() && head_->live()); }

  // Goes to the next stream, or to the first one of the next entity. REQUIRES: stream() is not
  // null.
  void Next();

 private:
  // The keys of one kind. Where deleted ones are in the way, `walk` stops soon.
  struct Keys {
    char kind;
    BoundedWalk walk;
  };

  std::optional<StreamId> At(Keys& keys);
  void Settle();
  void Take(const StreamId& stream, bool has_head);
  void Reach(const StreamId& stream);
  void PassDeleted(Keys& keys, const StreamId& stream, bool has_head);
  std::optional<std::uint64_t> TombstoneOf(const std::string& entity) const;
  void Charge(std::size_t passed) { left_ -= passed < left_ ? passed : left_; }

  rocksdb::DB* const db_;
  rocksdb::ColumnFamilyHandle* const family_;
  const rocksdb::Snapshot* const snapshot_;
  const Unit unit_;
  const bool everything_;
  std::size_t left_;  // how much it may still pass over
  Keys heads_;
  Keys metadata_;
  Status status_;
  std::optional<StreamId> stream_;
  std::optional<Head> head_;
  Status head_status_;
  bool has_metadata_ = false;
  std::optional<StreamId> reached_;  // the last stream that it came to, also one that is deleted
  std::optional<StreamId> passed_;   // the one before, by `unit_`
  bool stopped_ = false;
};

}  // namespace tandem::internal
