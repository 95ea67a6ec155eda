#pragma once

// What can be dequeued next from one queue, without reading the disk: the first entries of its
// ready index, up to a bound. Entries from `cursor` on are only on disk, and read in when the
// window has run empty, from there and never from the front: what was deleted before is not walked
// over again.
//
// Invariant: every entry of the index before the cursor that is not leased is in the window. The
// window may hold more than that, what a write has removed that is not published yet: whoever takes
// an entry asks what is staged.
//
// An entry that was scanned may bring its record along, which its taker then need not read. That is
// safe because a message's record never changes while it stays at its place, and because a removal
// is published here before it is no longer staged, also one that happens while a scan is under way.
//
// Not thread-safe; Refill is split in two so that the scan between them needs no lock.

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "tandem/messagequeue/internal/rows/queue_keys.h"

namespace tandem::internal {

class ReadyWindow {
 public:
  static constexpr std::size_t kEntriesMax = 1024;
  static constexpr std::size_t kRefillEntries = 256;
  // Of records that one refill brings along. A queue has them of one refill at a time.
  static constexpr std::size_t kRefillRecordBytes = std::size_t{128} << 10;

  struct Entry {
    ReadyEntry entry;
    std::string record;  // of a message by itself; empty: to be read
  };

  // Starts empty, with everything from `floor` on on disk; nullopt: there is nothing.
  explicit ReadyWindow(std::optional<Place> floor) : cursor_(floor) {}

  // An entry has become deliverable: new, or its lease has ended.
  void Add(const ReadyEntry& entry);
  // It has been removed from the index, or leased.
  void Remove(const Place& place);

  // The place of the oldest entry, visible or not; null if there is none in the window.
  const Place* front() const { return entries_.empty() ? nullptr : &entries_.begin()->first; }

  // Takes the oldest out. REQUIRES: there is one.
  Entry PopFront();

  bool NeedsRefill() const { return entries_.empty() && cursor_.has_value(); }

  // The place to scan from. REQUIRES: NeedsRefill(), and no other refill is under way.
  Place BeginRefill();
  // `scanned`: entries from there in order, without those that are leased; `rest`: where the scan
  // stopped, nullopt at the end of the index.
  void EndRefill(std::vector<Entry> scanned, std::optional<Place> rest);
  void CancelRefill() { EndRefill({}, cursor_); }

  // No entry outside the window stands before this; nullopt if the window has all of them.
  const std::optional<Place>& cursor() const { return cursor_; }

 private:
  struct Waiting {
    std::string group;
    std::string record;
  };
  struct Change {
    ReadyEntry entry;
    bool added = false;  // else removed
  };

  bool IsOnDisk(const Place& place) const { return cursor_.has_value() && place >= *cursor_; }
  void Insert(Entry entry);

  std::map<Place, Waiting> entries_;
  std::optional<Place> cursor_;
  bool refilling_ = false;
  Place refill_from_;              // where the last refill began
  std::vector<Change> meanwhile_;  // at or after the cursor, during a refill; in order
};

}  // namespace tandem::internal
