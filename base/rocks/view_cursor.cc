#include "tandem/base/rocks/view_cursor.h"

#include <algorithm>
#include <optional>

#include "tandem/base/rocks/rocks_status.h"

namespace tandem {

ViewCursor::ViewCursor(const View& view, rocksdb::ColumnFamilyHandle* family, std::string_view from,
                       std::string_view end, std::size_t deleted_max)
    : family_(family), end_(end), end_slice_(ToSlice(end_)) {
  for (const Overlay* overlay : view.overlays()) {
    if (overlay == nullptr) continue;
    const Overlay::Points& points = overlay->points(family);
    layers_.push_back({overlay, points.end(), points.lower_bound(end)});
  }
  rocksdb::ReadOptions options;
  options.iterate_upper_bound = &end_slice_;
  options.max_skippable_internal_keys = deleted_max;
  database_.reset(view.db()->NewIterator(options, family));
  Seek(from);
}

Status ViewCursor::status() const {
  if (gave_up()) return Status::Ok();
  return FromRocks(database_->status(), "scan of " + family_->GetName());
}

void ViewCursor::Next() {
  TANDEM_REQUIRE(Valid(), "the cursor stands on an entry");
  PassOver(key_);
  Settle();
}

void ViewCursor::Seek(std::string_view from) {
  from = std::min<std::string_view>(from, end_);
  for (Layer& layer : layers_) layer.next = layer.overlay->points(family_).lower_bound(from);
  database_->Seek(ToSlice(from));
  Settle();
}

void ViewCursor::Settle() {
  valid_ = false;
  while (database_->Valid() || database_->status().ok()) {
    std::optional<std::string_view> key;
    if (database_->Valid()) key = ToView(database_->key());
    for (const Layer& layer : layers_) {
      if (layer.next == layer.end) continue;
      if (!key.has_value() || layer.next->first < *key) key = layer.next->first;
    }
    if (!key.has_value()) return;

    const auto decider = Decider(*key);
    if (decider != layers_.end() && !decider->StandsAt(*key)) {
      JumpTo(decider->overlay->RangeOf(family_, *key)->second, decider);
      continue;
    }
    if (decider != layers_.end() && !decider->next->second.has_value()) {
      PassOver(*key);
      continue;
    }
    valid_ = true;
    key_ = *key;
    value_ = decider == layers_.end() ? ToView(database_->value()) : *decider->next->second;
    return;
  }
}

std::vector<ViewCursor::Layer>::iterator ViewCursor::Decider(std::string_view key) {
  return std::ranges::find_if(layers_, [&](const Layer& layer) {
    return layer.StandsAt(key) || layer.overlay->RangeOf(family_, key) != nullptr;
  });
}

void ViewCursor::JumpTo(std::string_view end, std::vector<Layer>::iterator decider) {
  end = std::min<std::string_view>(end, end_);
  for (auto older = decider + 1; older != layers_.end(); ++older) {
    if (older->next != older->end && older->next->first < end) {
      older->next = older->overlay->points(family_).lower_bound(end);
    }
  }
  if (database_->Valid() && ToView(database_->key()) < end) database_->Seek(ToSlice(end));
}

void ViewCursor::PassOver(std::string_view key) {
  for (Layer& layer : layers_) {
    if (layer.StandsAt(key)) ++layer.next;
  }
  // Last: it may own what `key` is a view of.
  if (database_->Valid() && ToView(database_->key()) == key) database_->Next();
}

}  // namespace tandem
