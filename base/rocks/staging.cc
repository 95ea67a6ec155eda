#include "base/rocks/staging.h"

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
  // The first key that a staged write leaves alive...
  std::optional<Entry> staged;
  for (const Overlay* overlay : {staged_, in_flight_}) {
    if (overlay == nullptr) continue;
    const Overlay::Table& table = overlay->table(family);
    for (auto it = table.lower_bound(from); it != table.end() && it->first < end; ++it) {
      if (staged.has_value() && it->first >= staged->first) break;
      const Overlay::Value* value = Staged(family, it->first);
      if (!value->has_value()) continue;
      staged = Entry(it->first, **value);
      break;
    }
  }
  // ...and the first in the database that no staged write has touched.
  const rocksdb::Slice bound = ToSlice(staged.has_value() ? std::string_view(staged->first) : end);
  rocksdb::ReadOptions options;
  options.iterate_upper_bound = &bound;
  const std::unique_ptr<rocksdb::Iterator> it(db_->NewIterator(options, family));
  for (it->Seek(ToSlice(from)); it->Valid(); it->Next()) {
    if (Staged(family, ToView(it->key())) != nullptr) continue;
    return std::optional<Entry>(Entry(it->key().ToString(), it->value().ToString()));
  }
  if (!it->status().ok()) return FromRocks(it->status(), "scan of " + family->GetName());
  return staged;
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
