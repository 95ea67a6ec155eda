#include "base/rocks/overlay.h"

#include <algorithm>
#include <utility>

namespace tandem {

const Overlay::Changes& Overlay::changes(const rocksdb::ColumnFamilyHandle* family) const {
  static const Changes kNone;
  const auto it = families_.find(family->GetID());
  return it == families_.end() ? kNone : it->second;
}

void Overlay::Set(const rocksdb::ColumnFamilyHandle* family, std::string_view key, Value value) {
  families_[family->GetID()].points.insert_or_assign(std::string(key), std::move(value));
}

void Overlay::DeleteRange(const rocksdb::ColumnFamilyHandle* family, std::string_view from,
                          std::string_view end) {
  if (from >= end) return;
  auto& [points, ranges] = families_[family->GetID()];
  points.erase(points.lower_bound(from), points.lower_bound(end));

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
  return RangeEnd(family, key) == nullptr ? nullptr : &kDeleted;
}

const Overlay::Points& Overlay::points(const rocksdb::ColumnFamilyHandle* family) const {
  return changes(family).points;
}

const std::string* Overlay::RangeEnd(const rocksdb::ColumnFamilyHandle* family,
                                     std::string_view key) const {
  const auto& ranges = changes(family).ranges;
  const auto next = ranges.upper_bound(key);
  if (next == ranges.begin()) return nullptr;
  const std::string& end = std::prev(next)->second;
  return key < end ? &end : nullptr;
}

}  // namespace tandem
