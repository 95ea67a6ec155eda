#pragma once

// What one group of batches has staged, per column family: key -> value or deletion, and ranges of
// which everything that came before is deleted. Not thread-safe.

#include <rocksdb/db.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace tandem {

class Overlay {
 public:
  using Value = std::optional<std::string>;  // nullopt = deleted
  using Points = std::map<std::string, Value, std::less<>>;

  void Set(const rocksdb::ColumnFamilyHandle* family, std::string_view key, Value value);

  // Deletes all from <= key < end, also what was set before; what is set later stands.
  void DeleteRange(const rocksdb::ColumnFamilyHandle* family, std::string_view from,
                   std::string_view end);

  // The staged fate of a key; null if it is untouched.
  const Value* Find(const rocksdb::ColumnFamilyHandle* family, std::string_view key) const;

  // What was set or deleted by itself. It decides about its key, whatever the ranges say.
  const Points& points(const rocksdb::ColumnFamilyHandle* family) const;

  // The end of the deleted range that the key is in; null if it is in none.
  const std::string* RangeEnd(const rocksdb::ColumnFamilyHandle* family,
                              std::string_view key) const;

 private:
  struct Changes {
    Points points;
    std::map<std::string, std::string, std::less<>> ranges;  // from -> end; none touch each other
  };
  const Changes& changes(const rocksdb::ColumnFamilyHandle* family) const;

  std::map<std::uint32_t, Changes> families_;
};

}  // namespace tandem
