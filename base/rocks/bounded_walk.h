#pragma once

// Walks over the live entries of a range in order, as one page needs it: the walk passes over a
// bounded number of entries and of what was deleted between them, then stops and says where. A
// plain iterator passes over everything that was deleted before it says anything.
//
//   BoundedWalk walk(db, family, from, end);
//   for (; walk.Valid() && page.size() < limit; walk.Next()) page.push_back(walk.key());
//   page.more = walk.Valid() || walk.stopped();  // where it stopped: walk.passed()
//
// Not thread-safe. Sees the database of the moment when it was made.

#include <rocksdb/db.h>

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "tandem/base/check.h"
#include "tandem/base/limits.h"
#include "tandem/base/rocks/rocks_status.h"
#include "tandem/base/status.h"

namespace tandem {

class BoundedWalk {
 public:
  // Deleted entries, and the deletions, are counted by so many: fewer between two live entries
  // count as none.
  static constexpr std::size_t kStride = 64;

  // Stands on the first live entry with from <= key < end. `passed_max`: how many entries it passes
  // over before it stops, besides those that Next leaves. REQUIRES: the snapshot, if there is one,
  // outlives the walk.
  BoundedWalk(rocksdb::DB* db, rocksdb::ColumnFamilyHandle* family, std::string_view from,
              std::string_view end, const rocksdb::Snapshot* snapshot = nullptr,
              std::size_t passed_max = kPagePassedMax);

  // False behind the last entry, where the walk has stopped, and after a failure.
  bool Valid() const { return !stopped_ && it_->Valid(); }
  // The walk has passed over as much as it may.
  bool stopped() const { return stopped_; }
  Status status() const;

  // REQUIRES: Valid(). Until the walk moves.
  std::string_view key() const {
    TANDEM_REQUIRE(Valid(), "the walk stands on an entry");
    return ToView(it_->key());
  }
  std::string_view value() const {
    TANDEM_REQUIRE(Valid(), "the walk stands on an entry");
    return ToView(it_->value());
  }

  // REQUIRES: stopped(). Everything up to this key was looked at, the key too: go on behind it.
  const std::string& passed() const {
    TANDEM_REQUIRE(stopped(), "the walk has stopped");
    return passed_;
  }

  // Leaves an entry that the page returns.
  void Next();
  // Leaves an entry that the page does not return. REQUIRES of both: Valid().
  void Pass();
  // Goes to the first live entry at or after `from`, and may pass over as much as at first.
  void Seek(std::string_view from);

 private:
  void Settle();

  const std::string end_;  // the iterator keeps a view of it
  const rocksdb::Slice end_slice_;
  const std::size_t passed_max_;
  std::unique_ptr<rocksdb::Iterator> it_;
  std::size_t passed_count_ = 0;
  std::string passed_;
  bool stopped_ = false;
};

}  // namespace tandem
