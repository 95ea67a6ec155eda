#pragma once

// What one group of batches has staged, per column family: key -> value or deletion, and ranges of
// which everything that came before is deleted. Its memory is let go as a whole. Not thread-safe.

#include <rocksdb/db.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory_resource>
#include <optional>
#include <string>
#include <string_view>

namespace tandem {

class Overlay {
 public:
  using Value = std::optional<std::string_view>;  // nullopt = deleted
  using Points = std::pmr::map<std::string_view, Value>;
  using Ranges = std::map<std::string, std::string, std::less<>>;  // from -> end, none touch

  Overlay() = default;
  Overlay(const Overlay&) = delete;
  Overlay& operator=(const Overlay&) = delete;

  void Set(const rocksdb::ColumnFamilyHandle* family, std::string_view key, Value value);

  // Deletes all from <= key < end, also what was set before; what is set later stands.
  void DeleteRange(const rocksdb::ColumnFamilyHandle* family, std::string_view from,
                   std::string_view end);

  // The staged fate of a key; null if it is untouched.
  const Value* Find(const rocksdb::ColumnFamilyHandle* family, std::string_view key) const;

  // What was set or deleted by itself. It decides about its key, whatever the ranges say.
  const Points& points(const rocksdb::ColumnFamilyHandle* family) const;

  // What was deleted as a range.
  const Ranges& ranges(const rocksdb::ColumnFamilyHandle* family) const {
    return changes(family).ranges;
  }

  // The deleted range that the key is in, from -> end; null if it is in none.
  const Ranges::value_type* RangeOf(const rocksdb::ColumnFamilyHandle* family,
                                    std::string_view key) const;

 private:
  struct Changes {
    explicit Changes(std::pmr::memory_resource* memory) : points(memory) {}

    Points points;
    Ranges ranges;
  };
  static constexpr std::size_t kUsualBytes = 4096;

  const Changes& changes(const rocksdb::ColumnFamilyHandle* family) const;
  Changes& changes(const rocksdb::ColumnFamilyHandle* family);
  std::string_view Copy(std::string_view bytes);

  alignas(std::max_align_t) std::array<std::byte, kUsualBytes> first_bytes_;
  // Of the points, with their bytes.
  std::pmr::monotonic_buffer_resource memory_{first_bytes_.data(), first_bytes_.size()};
  std::map<std::uint32_t, Changes> families_;
};

}  // namespace tandem
