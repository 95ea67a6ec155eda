#pragma once

// How a decision sees the database, and how it changes it.
//
//   Overlay  what one group of batches has staged (overlay.h)
//   View     the database under the overlays of what is staged but not yet published
//   Staging  a View that can be written to: each Put and Delete goes to the group's write batch and
//            to its overlay, so that the next decision sees it
//
// A decision reads nothing but its View. The writes become visible to readers of the database when
// the owner of the group (batch/) writes the batch. Not thread-safe.

#include <rocksdb/db.h>
#include <rocksdb/write_batch.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tandem/base/result.h"
#include "tandem/base/rocks/overlay.h"

namespace tandem {

class View {
 public:
  // `in_flight`: the group that is being written, or null. REQUIRES: it outlives the view, and
  // meanwhile nothing but what the overlays hold is written to what the view is asked for.
  View(rocksdb::DB* db, const Overlay* in_flight, const Overlay* staged)
      : db_(db), overlays_{staged, in_flight} {}

  Result<std::optional<std::string>> Get(rocksdb::ColumnFamilyHandle* family,
                                         std::string_view key) const;

  // The first live entry with from <= key < end, as (key, value). For more than the first:
  // ViewCursor (view_cursor.h).
  using Entry = std::pair<std::string, std::string>;
  Result<std::optional<Entry>> First(rocksdb::ColumnFamilyHandle* family, std::string_view from,
                                     std::string_view end) const;

  // The last live key with from <= key < end. Walks back over what was deleted behind it, but not
  // over a range that something staged deletes.
  Result<std::optional<std::string>> LastKey(rocksdb::ColumnFamilyHandle* family,
                                             std::string_view from, std::string_view end) const;

  // True if the key is deleted by something that is staged but not yet published.
  bool DeletedByStaged(rocksdb::ColumnFamilyHandle* family, std::string_view key) const;

  // The first key with from <= key < end that something staged puts and that is not in the database
  // yet; `end` if there is none.
  std::string FirstUnwritten(rocksdb::ColumnFamilyHandle* family, std::string_view from,
                             std::string_view end) const;

  rocksdb::DB* db() const { return db_; }

  // Newest first; null where there is none.
  const std::array<const Overlay*, 2>& overlays() const { return overlays_; }

 private:
  // The staged fate of a key, newest first; null if it is untouched.
  const Overlay::Value* Staged(const rocksdb::ColumnFamilyHandle* family,
                               std::string_view key) const;

  // What the database holds of a key: read once by a decision that looks first and acts later.
  struct Known {
    std::uint32_t family;
    std::string key;
    std::optional<std::string> value;
  };
  static constexpr std::size_t kKnownMax = 16;
  static constexpr std::size_t kKnownBytesMax = 1024;  // of a value

  rocksdb::DB* db_;
  std::array<const Overlay*, 2> overlays_;
  mutable std::vector<Known> known_;
};

class Staging : public View {
 public:
  // The most keys that a deletion of many deletes one by one. More take one range tombstone, which
  // costs every later read of the family a look at it until it is compacted away, but nothing per
  // key. Few keys are cheaper to name.
  static constexpr std::size_t kPointDeletesMax = 512;

  Staging(rocksdb::DB* db, const Overlay* in_flight, Overlay* staged, rocksdb::WriteBatch* batch);
  ~Staging();
  Staging(const Staging&) = delete;
  Staging& operator=(const Staging&) = delete;

  // True while this thread stages a proposal, which one thread does at a time: it holds the commit
  // latch.
  static bool IsOnThisThread();

  void Put(rocksdb::ColumnFamilyHandle* family, std::string_view key, std::string_view value);

  // For values that no decision reads (payloads): a View sees the key with an empty value until the
  // write is published, so large payloads are not copied twice.
  void PutPayload(rocksdb::ColumnFamilyHandle* family, std::string_view key,
                  std::string_view value);
  // The same, where decisions read a part of the value: a View sees `visible` instead.
  void PutPayload(rocksdb::ColumnFamilyHandle* family, std::string_view key, std::string_view value,
                  std::string_view visible) {
    Write(family, key, value, visible);
  }

  void Delete(rocksdb::ColumnFamilyHandle* family, std::string_view key);

  // Deletes all from <= key < end with one range tombstone, reading nothing. For what is known to
  // be more than kPointDeletesMax keys.
  void DeleteRange(rocksdb::ColumnFamilyHandle* family, std::string_view from,
                   std::string_view end);

  // Deletes all from <= key < end, however many: reads up to kPointDeletesMax of the keys to find
  // out, and passes over no more of what was deleted before.
  Status DeleteAll(rocksdb::ColumnFamilyHandle* family, std::string_view from,
                   std::string_view end);

 private:
  void Write(rocksdb::ColumnFamilyHandle* family, std::string_view key, std::string_view value,
             std::string_view visible_value);

  Overlay* overlay_;
  rocksdb::WriteBatch* batch_;
};

}  // namespace tandem
