#include "tandem/messagequeue/internal/ready/ready_window.h"

#include <iterator>
#include <utility>

#include "tandem/base/check.h"

namespace tandem::internal {

void ReadyWindow::Add(const ReadyEntry& entry) {
  if (!IsOnDisk(entry.place)) {
    Insert({entry, {}});
  } else if (refilling_) {
    meanwhile_.push_back({entry, /*added=*/true});
  }
}

void ReadyWindow::Insert(Entry entry) {
  if (IsOnDisk(entry.entry.place)) return;  // an overflow has moved the cursor
  entries_.insert_or_assign(entry.entry.place,
                            Waiting{std::move(entry.entry.group), std::move(entry.record)});
  if (entries_.size() > kEntriesMax) {
    const auto last = std::prev(entries_.end());
    cursor_ = last->first;
    entries_.erase(last);
  }
}

void ReadyWindow::Remove(const Place& place) {
  entries_.erase(place);
  if (refilling_ && IsOnDisk(place)) meanwhile_.push_back({{place, {}}, /*added=*/false});
}

ReadyWindow::Entry ReadyWindow::PopFront() {
  TANDEM_REQUIRE(!entries_.empty(), "the window has an entry");
  auto front = entries_.extract(entries_.begin());
  Waiting& waiting = front.mapped();
  return {{front.key(), std::move(waiting.group)}, std::move(waiting.record)};
}

Place ReadyWindow::BeginRefill() {
  TANDEM_REQUIRE(NeedsRefill(), "there is more to scan");
  TANDEM_CHECK(cursor_.has_value() && !refilling_, "one refill at a time, where one is needed");
  refilling_ = true;
  refill_from_ = *cursor_;
  return refill_from_;
}

void ReadyWindow::EndRefill(std::vector<Entry> scanned, std::optional<Place> rest) {
  refilling_ = false;
  const std::vector<Change> meanwhile = std::exchange(meanwhile_, {});
  // An overflow meanwhile has moved the cursor to before the scan's start: all from there on is
  // left to a later refill.
  if (cursor_ != refill_from_) return;
  cursor_ = rest;
  for (Entry& entry : scanned) Insert(std::move(entry));
  for (const auto& [entry, added] : meanwhile) {
    if (added) {
      Add(entry);
    } else {
      Remove(entry.place);
    }
  }
}

}  // namespace tandem::internal
