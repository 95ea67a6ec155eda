#include "base/rocks/staging.h"

#include <vector>

#include "base/check.h"
#include "base/rocks/rocks_status.h"

namespace tandem {

const Overlay::Table& Overlay::table(const rocksdb::ColumnFamilyHandle* family) const {
  static const Table kEmpty;
  const auto it = tables_.find(family->GetID());
  return it == tables_.end() ? kEmpty : it->second;
}

void Overlay::Set(const rocksdb::ColumnFamilyHandle* family, std::string_view key, Value value) {
  tables_[family->GetID()].insert_or_assign(std::string(key), std::move(value));
}

const Overlay::Value* View::Staged(const rocksdb::ColumnFamilyHandle* family,
                                   std::string_view key) const {
  for (const Overlay* overlay : {staged_, in_flight_}) {
    if (overlay == nullptr) continue;
    const Overlay::Table& table = overlay->table(family);
    if (const auto it = table.find(key); it != table.end()) return &it->second;
  }
  return nullptr;
}

Result<std::optional<std::string>> View::Get(rocksdb::ColumnFamilyHandle* family,
                                             std::string_view key) const {
  if (const Overlay::Value* staged = Staged(family, key)) return *staged;
  std::string value;
  const rocksdb::Status status = db_->Get(rocksdb::ReadOptions(), family, ToSlice(key), &value);
  if (status.IsNotFound()) return std::optional<std::string>();
  if (!status.ok()) return FromRocks(status, "read of " + family->GetName());
  return std::optional<std::string>(std::move(value));
}

bool View::DeletedByStaged(rocksdb::ColumnFamilyHandle* family, std::string_view key) const {
  const Overlay::Value* staged = Staged(family, key);
  return staged != nullptr && !staged->has_value();
}

Result<std::optional<View::Entry>> View::First(rocksdb::ColumnFamilyHandle* family,
                                               std::string_view from, std::string_view end) const {
  const rocksdb::Slice bound = ToSlice(end);
  rocksdb::ReadOptions options;
  options.iterate_upper_bound = &bound;
  const std::unique_ptr<rocksdb::Iterator> it(db_->NewIterator(options, family));
  it->Seek(ToSlice(from));
  struct Range {
    Overlay::Table::const_iterator next;
    Overlay::Table::const_iterator end;
  };
  std::vector<Range> staged;  // newest first
  for (const Overlay* overlay : {staged_, in_flight_}) {
    if (overlay == nullptr) continue;
    const Overlay::Table& table = overlay->table(family);
    staged.push_back({table.lower_bound(from), table.lower_bound(end)});
  }
  // All in step: nobody walks over what lies behind the first live key, however much is deleted
  // there.
  while (true) {
    std::optional<std::string_view> key;
    if (it->Valid()) key = ToView(it->key());
    for (const Range& range : staged) {
      if (range.next == range.end) continue;
      if (!key.has_value() || range.next->first < *key) key = range.next->first;
    }
    if (!it->Valid() && !it->status().ok()) {
      return FromRocks(it->status(), "scan of " + family->GetName());
    }
    if (!key.has_value()) return std::optional<Entry>();
    const Overlay::Value* newest = Staged(family, *key);
    const bool in_database = it->Valid() && ToView(it->key()) == *key;
    if (newest == nullptr) {
      return std::optional<Entry>(Entry(it->key().ToString(), it->value().ToString()));
    }
    if (newest->has_value()) return std::optional<Entry>(Entry(*key, **newest));
    for (Range& range : staged) {
      if (range.next != range.end && range.next->first == *key) ++range.next;
    }
    if (in_database) it->Next();
  }
}

std::string View::FirstUnwritten(rocksdb::ColumnFamilyHandle* family, std::string_view from,
                                 std::string_view end) const {
  std::string first(end);
  for (const Overlay* overlay : {staged_, in_flight_}) {
    if (overlay == nullptr) continue;
    const Overlay::Table& table = overlay->table(family);
    for (auto it = table.lower_bound(from); it != table.end() && it->first < first; ++it) {
      if (!Staged(family, it->first)->has_value()) continue;
      rocksdb::PinnableSlice value;
      const rocksdb::Status read = db_->Get(rocksdb::ReadOptions(), family, it->first, &value);
      if (read.IsNotFound()) first = it->first;
    }
  }
  return first;
}

void Staging::Put(rocksdb::ColumnFamilyHandle* family, std::string_view key,
                  std::string_view value) {
  Write(family, key, value, value);
}

void Staging::PutPayload(rocksdb::ColumnFamilyHandle* family, std::string_view key,
                         std::string_view value) {
  Write(family, key, value, {});
}

void Staging::Write(rocksdb::ColumnFamilyHandle* family, std::string_view key,
                    std::string_view value, std::string_view visible_value) {
  const rocksdb::Status status = batch_->Put(family, ToSlice(key), ToSlice(value));
  TANDEM_CHECK(status.ok(), "staging does no I/O and checks its sizes before");
  overlay_->Set(family, key, std::string(visible_value));
}

void Staging::Delete(rocksdb::ColumnFamilyHandle* family, std::string_view key) {
  const rocksdb::Status status = batch_->Delete(family, ToSlice(key));
  TANDEM_CHECK(status.ok(), "staging does no I/O and checks its sizes before");
  overlay_->Set(family, key, std::nullopt);
}

}  // namespace tandem
