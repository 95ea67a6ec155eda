#pragma once

// Walks over the live entries of a View in order. Ranges that something staged deletes are jumped
// over, not walked through. Not thread-safe.

#include <rocksdb/db.h>

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tandem/base/check.h"
#include "tandem/base/rocks/staging.h"
#include "tandem/base/status.h"

namespace tandem {

class ViewCursor {
 public:
  // Stands on the first entry with from <= key < end. `deleted_max`: the cursor gives up where more
  // entries than that were deleted from the database in a row; 0: never. REQUIRES: nothing is
  // staged while it is used.
  ViewCursor(const View& view, rocksdb::ColumnFamilyHandle* family, std::string_view from,
             std::string_view end, std::size_t deleted_max = 0);

  // False behind the last entry, after it gave up, and after a failure.
  bool Valid() const { return valid_; }
  bool gave_up() const { return database_->status().IsIncomplete(); }
  Status status() const;

  // REQUIRES: Valid(). Until the next call of Next or Seek.
  std::string_view key() const {
    TANDEM_REQUIRE(Valid(), "the cursor stands on an entry");
    return key_;
  }
  std::string_view value() const {
    TANDEM_REQUIRE(Valid(), "the cursor stands on an entry");
    return value_;
  }

  void Next();  // REQUIRES: Valid()
  void Seek(std::string_view from);

 private:
  struct Layer {
    const Overlay* overlay;
    Overlay::Points::const_iterator next;
    Overlay::Points::const_iterator end;

    bool StandsAt(std::string_view key) const { return next != end && next->first == key; }
  };

  // Goes on from where the layers and the database stand to the first live key.
  void Settle();
  // The newest layer that says something about `key`, all standing at it or behind it.
  std::vector<Layer>::iterator Decider(std::string_view key);
  // Moves what is older than `decider` out of the range that it deletes.
  void JumpTo(std::string_view end, std::vector<Layer>::iterator decider);
  void PassOver(std::string_view key);

  rocksdb::ColumnFamilyHandle* const family_;
  const std::string end_;  // the iterator keeps a view of it
  const rocksdb::Slice end_slice_;
  std::vector<Layer> layers_;  // newest first
  std::unique_ptr<rocksdb::Iterator> database_;
  bool valid_ = false;
  std::string_view key_;
  std::string_view value_;
};

}  // namespace tandem
