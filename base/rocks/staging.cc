#include "tandem/base/rocks/staging.h"

#include <iterator>
#include <vector>

#include "tandem/base/check.h"
#include "tandem/base/rocks/rocks_status.h"
#include "tandem/base/rocks/view_cursor.h"

namespace tandem {

namespace {

thread_local int stagings_of_this_thread = 0;

}  // namespace

const Overlay::Value* View::Staged(const rocksdb::ColumnFamilyHandle* family,
                                   std::string_view key) const {
  for (const Overlay* overlay : overlays_) {
    if (overlay == nullptr) continue;
    if (const Overlay::Value* staged = overlay->Find(family, key)) return staged;
  }
  return nullptr;
}

Result<std::optional<std::string>> View::Get(rocksdb::ColumnFamilyHandle* family,
                                             std::string_view key) const {
  if (const Overlay::Value* staged = Staged(family, key)) {
    if (!staged->has_value()) return std::nullopt;
    return std::string(**staged);
  }
  const std::uint32_t id = family->GetID();
  for (const Known& known : known_) {
    if (known.family == id && known.key == key) return known.value;
  }
  std::string read;
  const rocksdb::Status status = db_->Get(rocksdb::ReadOptions(), family, ToSlice(key), &read);
  if (!status.ok() && !status.IsNotFound()) {
    return FromRocks(status, "read of " + family->GetName());
  }
  const bool small = read.size() <= kKnownBytesMax;
  std::optional<std::string> value;
  if (status.ok()) value = std::move(read);
  if (small && known_.size() < kKnownMax) {
    known_.push_back({id, std::string(key), value});
  }
  return value;
}

bool View::DeletedByStaged(rocksdb::ColumnFamilyHandle* family, std::string_view key) const {
  const Overlay::Value* staged = Staged(family, key);
  return staged != nullptr && !staged->has_value();
}

Result<std::optional<View::Entry>> View::First(rocksdb::ColumnFamilyHandle* family,
                                               std::string_view from, std::string_view end) const {
  const ViewCursor cursor(*this, family, from, end);
  TANDEM_RETURN_IF_ERROR(cursor.status());
  if (!cursor.Valid()) return std::nullopt;
  return Entry(cursor.key(), cursor.value());
}

Result<std::optional<std::string>> View::LastKey(rocksdb::ColumnFamilyHandle* family,
                                                 std::string_view from,
                                                 std::string_view end) const {
  std::optional<std::string> last;
  if (from >= end) return last;
  for (const Overlay* overlay : overlays_) {
    if (overlay == nullptr) continue;
    const Overlay::Points& points = overlay->points(family);
    for (auto it = points.lower_bound(end); it != points.begin() && std::prev(it)->first >= from;) {
      // Not this overlay's own value: a newer overlay may have deleted the key again.
      if (!Staged(family, (--it)->first)->has_value()) continue;
      if (!last.has_value() || it->first > *last) last = it->first;
      break;
    }
  }

  // A stored key below the last staged one cannot be the answer, so the scan ends there.
  const std::string lowest = last.value_or(std::string(from));
  const rocksdb::Slice lower = ToSlice(lowest);
  const rocksdb::Slice upper = ToSlice(end);
  rocksdb::ReadOptions options;
  options.iterate_lower_bound = &lower;
  options.iterate_upper_bound = &upper;
  const std::unique_ptr<rocksdb::Iterator> it(db_->NewIterator(options, family));
  it->SeekToLast();
  while (it->Valid()) {
    const std::string_view key = ToView(it->key());
    if (!DeletedByStaged(family, key)) return std::optional(std::string(key));
    const std::string* range = nullptr;
    for (const Overlay* overlay : overlays_) {
      const auto* const found = overlay == nullptr ? nullptr : overlay->RangeOf(family, key);
      // At the range's first key the seek would stay in place; Prev() goes on from there.
      if (found != nullptr && found->first < key) range = &found->first;
    }
    if (range != nullptr) {
      it->SeekForPrev(ToSlice(*range));
    } else {
      it->Prev();
    }
  }
  TANDEM_RETURN_IF_ERROR(FromRocks(it->status(), "scan of " + family->GetName()));
  return last;
}

std::string View::FirstUnwritten(rocksdb::ColumnFamilyHandle* family, std::string_view from,
                                 std::string_view end) const {
  std::string first(end);
  for (const Overlay* overlay : overlays_) {
    if (overlay == nullptr) continue;
    const Overlay::Points& points = overlay->points(family);
    for (auto it = points.lower_bound(from); it != points.end() && it->first < first; ++it) {
      if (!Staged(family, it->first)->has_value()) continue;
      rocksdb::PinnableSlice value;
      const rocksdb::Status read =
          db_->Get(rocksdb::ReadOptions(), family, ToSlice(it->first), &value);
      if (read.IsNotFound()) first = it->first;
    }
  }
  return first;
}

Staging::Staging(rocksdb::DB* db, const Overlay* in_flight, Overlay* staged,
                 rocksdb::WriteBatch* batch)
    : View(db, in_flight, staged), overlay_(staged), batch_(batch) {
  ++stagings_of_this_thread;
}

Staging::~Staging() { --stagings_of_this_thread; }

bool Staging::IsOnThisThread() { return stagings_of_this_thread > 0; }

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
  overlay_->Set(family, key, visible_value);
}

void Staging::Delete(rocksdb::ColumnFamilyHandle* family, std::string_view key) {
  const rocksdb::Status status = batch_->Delete(family, ToSlice(key));
  TANDEM_CHECK(status.ok(), "staging does no I/O and checks its sizes before");
  overlay_->Set(family, key, std::nullopt);
}

void Staging::DeleteRange(rocksdb::ColumnFamilyHandle* family, std::string_view from,
                          std::string_view end) {
  if (from >= end) return;
  const rocksdb::Status status = batch_->DeleteRange(family, ToSlice(from), ToSlice(end));
  TANDEM_CHECK(status.ok(), "staging does no I/O and checks its sizes before");
  overlay_->DeleteRange(family, from, end);
}

Status Staging::DeleteAll(rocksdb::ColumnFamilyHandle* family, std::string_view from,
                          std::string_view end) {
  std::vector<std::string> keys;
  ViewCursor cursor(*this, family, from, end, kPointDeletesMax);
  for (; cursor.Valid() && keys.size() <= kPointDeletesMax; cursor.Next()) {
    keys.emplace_back(cursor.key());
  }
  TANDEM_RETURN_IF_ERROR(cursor.status());
  if (keys.size() > kPointDeletesMax || cursor.gave_up()) {
    DeleteRange(family, from, end);
    return Status::Ok();
  }
  for (const std::string& key : keys) Delete(family, key);
  return Status::Ok();
}

}  // namespace tandem
