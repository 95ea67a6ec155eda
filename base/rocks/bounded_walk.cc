#include "tandem/base/rocks/bounded_walk.h"

#include <utility>

namespace tandem {

BoundedWalk::BoundedWalk(rocksdb::DB* db, rocksdb::ColumnFamilyHandle* family,
                         std::string_view from, std::string_view end,
                         const rocksdb::Snapshot* snapshot, std::size_t passed_max)
    : end_(end), end_slice_(ToSlice(end_)), passed_max_(passed_max) {
  rocksdb::ReadOptions options;
  options.snapshot = snapshot;
  options.iterate_upper_bound = &end_slice_;
  options.max_skippable_internal_keys = kStride;
  it_.reset(db->NewIterator(options, family));
  Seek(from);
}

Status BoundedWalk::status() const {
  if (stopped_) return Status::Ok();
  return FromRocks(it_->status(), "scan of a page");
}

void BoundedWalk::Next() {
  TANDEM_REQUIRE(Valid(), "the walk stands on an entry");
  it_->Next();
  Settle();
}

void BoundedWalk::Pass() {
  TANDEM_REQUIRE(Valid(), "the walk stands on an entry");
  passed_ = it_->key().ToString();
  ++passed_count_;
  it_->Next();
  Settle();
  if (Valid() && passed_count_ >= passed_max_) stopped_ = true;
}

void BoundedWalk::Seek(std::string_view from) {
  stopped_ = false;
  passed_count_ = 0;
  passed_.clear();
  it_->Seek(ToSlice(from));
  Settle();
}

// The iterator ends as incomplete after each stride of deleted entries, and names the key at which
// it is. Whether that key itself is deleted shows when the iterator gets beyond it: until then the
// walk has passed over what is before the key only.
void BoundedWalk::Settle() {
  std::string reached;
  while (it_->status().IsIncomplete()) {
    std::string at;
    const rocksdb::Status named = it_->GetProperty("rocksdb.iterator.internal-key", &at);
    if (!named.ok()) return;
    if (!reached.empty() && at > reached) {
      passed_ = std::move(reached);
      passed_count_ += kStride;
      stopped_ = passed_count_ >= passed_max_;
      if (stopped_) return;
    }
    reached = std::move(at);
    it_->Seek(reached);
  }
}

}  // namespace tandem
