#pragma once

// What can be dequeued next from one queue, without reading the disk: the first entries of its
// ready index, up to a bound. Entries from `cursor` on are only on disk, and read in when the
// window has run empty, from there and never from the front: what was deleted before is not walked
// over again.
//
// Invariant: every entry of the index before the cursor that is not leased is in the window. The
// window may hold more than that (an entry that was just removed): it proposes, and whoever takes
// an entry looks it up.
//
// Not thread-safe; Refill is split in two so that the scan between them needs no lock.

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "messagequeue/internal/queue_keys.h"

namespace tandem::internal {

class ReadyWindow {
 public:
  static constexpr std::size_t kEntriesMax = 1024;
  static constexpr std::size_t kRefillEntries = 256;

  // Starts empty, with everything from `floor` on on disk.
  explicit ReadyWindow(Place floor) : cursor_(floor) {}

  // An entry has become deliverable: new, or its lease has ended.
  void Add(const ReadyEntry& entry);
  void Remove(const Place& place) { entries_.erase(place); }

  // The oldest entry, visible or not; null if there is none in the window.
  const std::pair<const Place, std::string>* front() const {
    return entries_.empty() ? nullptr : &*entries_.begin();
  }

  bool NeedsRefill() const { return entries_.empty() && cursor_.has_value(); }

  // The place to scan from. REQUIRES: NeedsRefill(), and no other refill is under way.
  Place BeginRefill();
  // `scanned`: entries from there in order, without those that are leased; `rest`: where the scan
  // stopped, nullopt at the end of the index.
  void EndRefill(const std::vector<ReadyEntry>& scanned, std::optional<Place> rest);
  void CancelRefill() { EndRefill({}, cursor_); }

  // No entry outside the window stands before this; nullopt if the window has all of them.
  const std::optional<Place>& cursor() const { return cursor_; }

 private:
  std::map<Place, std::string> entries_;  // place -> group
  std::optional<Place> cursor_;
  bool refilling_ = false;
  Place refill_from_;                        // where the last refill began
  std::vector<ReadyEntry> added_meanwhile_;  // at or after the cursor, during a refill
};

}  // namespace tandem::internal
