#include "tandem/base/rocks/overlay.h"

#include <algorithm>
#include <utility>

namespace tandem {

const Overlay::Changes& Overlay::changes(const rocksdb::ColumnFamilyHandle* family) const {
  // All overlays share it, so it must stay empty: its points can allocate nothing.
  static const Changes kNone(std::pmr::null_memory_resource());
  const auto it = families_.find(family->GetID());
  return it == families_.end() ? kNone : it->second;
}

Overlay::Changes& Overlay::changes(const rocksdb::ColumnFamilyHandle* family) {
  return families_.try_emplace(family->GetID(), &memory_).first->second;
}

std::string_view Overlay::Copy(std::string_view bytes) {
  if (bytes.empty()) return {};
  auto* const copy = static_cast<char*>(memory_.allocate(bytes.size(), alignof(char)));
  bytes.copy(copy, bytes.size());
  return {copy, bytes.size()};
}

void Overlay::Set(const rocksdb::ColumnFamilyHandle* family, std::string_view key, Value value) {
  if (value.has_value()) value = Copy(*value);
  Points& points = changes(family).points;
  const auto place = points.lower_bound(key);
  if (place != points.end() && place->first == key) {
    place->second = value;
  } else {
    points.emplace_hint(place, Copy(key), value);
  }
}

void Overlay::DeleteRange(const rocksdb::ColumnFamilyHandle* family, std::string_view from,
                          std::string_view end) {
  if (from >= end) return;
  auto& [points, ranges] = changes(family);
  // Find asks the points before the ranges, so the points that this range deletes must go.
  points.erase(points.lower_bound(from), points.lower_bound(end));

  // Ranges never touch each other, so that RangeOf has only one to look at.
  std::string merged_from(from);
  std::string merged_end(end);
  auto it = ranges.upper_bound(from);
  if (it != ranges.begin() && std::prev(it)->second >= from) --it;
  while (it != ranges.end() && it->first <= merged_end) {
    merged_from = std::min(merged_from, it->first);
    merged_end = std::max(merged_end, it->second);
    it = ranges.erase(it);
  }
  ranges.emplace(std::move(merged_from), std::move(merged_end));
}

const Overlay::Value* Overlay::Find(const rocksdb::ColumnFamilyHandle* family,
                                    std::string_view key) const {
  static const Value kDeleted;
  const Points& points = changes(family).points;
  if (const auto it = points.find(key); it != points.end()) return &it->second;
  return RangeOf(family, key) == nullptr ? nullptr : &kDeleted;
}

const Overlay::Points& Overlay::points(const rocksdb::ColumnFamilyHandle* family) const {
  return changes(family).points;
}

const Overlay::Ranges::value_type* Overlay::RangeOf(const rocksdb::ColumnFamilyHandle* family,
                                                    std::string_view key) const {
  const Ranges& ranges = changes(family).ranges;
  const auto next = ranges.upper_bound(key);
  if (next == ranges.begin()) return nullptr;
  const Ranges::value_type& range = *std::prev(next);
  return key < range.second ? &range : nullptr;
}

}  // namespace tandem
