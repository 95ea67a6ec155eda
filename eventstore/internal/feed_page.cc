#include "eventstore/internal/feed_page.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/key_encoding.h"
#include "base/limits.h"
#include "base/rocks/rocks_status.h"
#include "eventstore/internal/event_keys.h"
#include "eventstore/internal/event_reader.h"
#include "eventstore/internal/event_values.h"

namespace tandem::internal {

namespace {

// Fills a page append by append. The feed is read first, its streams a moment later: what one of
// its entries lists, the stream has, unless it was deleted or truncated in between. No RocksDB
// snapshot: letting go of one makes RocksDB rewrite its tables.
class FeedPageBuilder {
 public:
  FeedPageBuilder(rocksdb::DB* db, rocksdb::ColumnFamilyHandle* family, Position after,
                  const FeedOptions& options)
      : db_(db),
        family_(family),
        events_max_(std::min(options.limit, kPageEventsMax)),
        bytes_max_(std::min(options.max_bytes, kPageBytesMax)) {
    page_.next = after;
  }

  // Adds what is still there of an append that ends at position `last`. False when the page is
  // full.
  Result<bool> Add(const FeedEntry& entry, Position last) {
    EventReader reader(db_, family_, entry.stream);
    TANDEM_ASSIGN_OR_RETURN(const Head head, reader.ReadHead());
    if (!head.live()) return true;
    // What the version of an event of this append is ahead of its position, in modular arithmetic.
    const std::uint64_t ahead = entry.first - (last - entry.count + 1);
    const Version last_version = last + ahead;
    // A page may have ended inside this append.
    const Position from = std::max(last - entry.count, page_.next) + 1;
    for (Version version = std::max(from + ahead, head.first); version <= last_version; ++version) {
      TANDEM_ASSIGN_OR_RETURN(std::optional<Event> event,
                              reader.Next(version, Direction::kForward));
      if (!event.has_value()) {
        TANDEM_ASSIGN_OR_RETURN(const Head newer, reader.ReadHead());
        if (newer.live() && newer.first <= version) return reader.Missing(version);
        return Add(entry, last);  // some of it was removed after its head was read
      }
      bytes_ += event->payload.size();
      const bool full = page_.events.size() == events_max_ || bytes_ > bytes_max_;
      if (full && !page_.events.empty()) return false;
      page_.next = version - ahead;
      page_.events.push_back(FeedEvent{entry.stream, *std::move(event)});
    }
    return page_.events.size() < events_max_;
  }

  FeedPage Take() { return std::move(page_); }

 private:
  rocksdb::DB* const db_;
  rocksdb::ColumnFamilyHandle* const family_;
  const std::size_t events_max_;
  const std::size_t bytes_max_;
  std::size_t bytes_ = 0;
  FeedPage page_;
};

}  // namespace

Result<FeedPage> ReadFeedPage(rocksdb::DB* db, rocksdb::ColumnFamilyHandle* family, Position after,
                              const FeedOptions& options) {
  FeedPageBuilder builder(db, family, after, options);
  if (after == kVersionMax) return builder.Take();

  const std::string end = PrefixEnd(std::string(1, kFeedPrefix));
  const rocksdb::Slice upper = ToSlice(end);
  rocksdb::ReadOptions read;
  read.iterate_upper_bound = &upper;
  const std::unique_ptr<rocksdb::Iterator> it(db->NewIterator(read, family));
  for (it->Seek(FeedKey(after + 1)); it->Valid(); it->Next()) {
    const Position last = TrailingNumber(ToView(it->key())).value_or(0);
    TANDEM_ASSIGN_OR_RETURN(const FeedEntry entry, DecodeFeedEntry(ToView(it->value()), last));
    TANDEM_ASSIGN_OR_RETURN(const bool goes_on, builder.Add(entry, last));
    if (!goes_on) break;
  }
  TANDEM_RETURN_IF_ERROR(FromRocks(it->status(), "read of the feed"));
  return builder.Take();
}

Result<Position> LastPosition(rocksdb::DB* db, rocksdb::ColumnFamilyHandle* family) {
  const std::unique_ptr<rocksdb::Iterator> it(db->NewIterator(rocksdb::ReadOptions(), family));
  it->SeekForPrev(FeedKey(kVersionMax));
  TANDEM_RETURN_IF_ERROR(FromRocks(it->status(), "read of the feed's end"));
  if (!it->Valid() || it->key()[0] != kFeedPrefix) return Position{0};
  const std::optional<Position> last = TrailingNumber(ToView(it->key()));
  if (!last.has_value()) return Status::Corruption("feed key", "too short");
  return *last;
}

}  // namespace tandem::internal
