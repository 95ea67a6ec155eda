#include "messagequeue/internal/ready_window.h"

#include <iterator>
#include <utility>

#include "base/check.h"

namespace tandem::internal {

void ReadyWindow::Add(const ReadyEntry& entry) {
  if (cursor_.has_value() && entry.place >= *cursor_) {
    if (refilling_) added_meanwhile_.push_back(entry);
    return;
  }
  entries_.insert_or_assign(entry.place, entry.group);
  if (entries_.size() > kEntriesMax) {
    const auto last = std::prev(entries_.end());
    cursor_ = last->first;
    entries_.erase(last);
  }
}

Place ReadyWindow::BeginRefill() {
  TANDEM_CHECK(cursor_.has_value() && !refilling_, "one refill at a time, where one is needed");
  refilling_ = true;
  refill_from_ = *cursor_;
  return refill_from_;
}

void ReadyWindow::EndRefill(const std::vector<ReadyEntry>& scanned, std::optional<Place> rest) {
  refilling_ = false;
  const std::vector<ReadyEntry> added = std::exchange(added_meanwhile_, {});
  // An overflow meanwhile has moved the cursor to before the scan's start: all from there on is
  // left to a later refill.
  if (cursor_ != refill_from_) return;
  cursor_ = rest;
  for (const ReadyEntry& entry : scanned) Add(entry);
  for (const ReadyEntry& entry : added) Add(entry);
}

}  // namespace tandem::internal
