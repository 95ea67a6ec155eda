#include "tandem/eventstore/internal/feed_page.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "tandem/base/check.h"
#include "tandem/base/key_encoding.h"
#include "tandem/base/limits.h"
#include "tandem/base/rocks/rocks_status.h"
#include "tandem/eventstore/event_limits.h"
#include "tandem/eventstore/internal/event_keys.h"
#include "tandem/eventstore/internal/event_reader.h"
#include "tandem/eventstore/internal/event_values.h"

namespace tandem::internal {

namespace {

// Beyond the position of any append, also of those that were made behind a damaged last one.
constexpr Position kFeedEnd = kStoredNumberMax + (Position{1} << 40);

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
  // full, or has passed over as much as it may.
  Result<bool> Add(const FeedEntry& entry, Position last) {
    const std::size_t events_before = page_.events.size();
    TANDEM_ASSIGN_OR_RETURN(const bool whole, AddEvents(entry, last));
    if (!whole) return false;
    page_.next = last;  // what the page does not have of it is gone
    if (page_.events.size() == events_before) ++passed_;
    return page_.events.size() < events_max_ && passed_ < kPagePassedMax;
  }

  const FeedPage& page() const { return page_; }
  FeedPage Take() { return std::move(page_); }

 private:
  // False when the page is full before the end of the append.
  Result<bool> AddEvents(const FeedEntry& entry, Position last) {
    EventReader reader(db_, family_, entry.stream);
    TANDEM_ASSIGN_OR_RETURN(const Head head, reader.ReadHead());
    if (!head.live()) return true;
    // What the version of an event of this append is ahead of its position, in modular arithmetic.
    const std::uint64_t ahead = entry.first - (last - entry.count + 1);
    const Version last_version = last + ahead;
    // A page may have ended inside this append.
    const Position from = std::max(last - entry.count, page_.next) + 1;
    for (Version version = std::max(from + ahead, head.first); version <= last_version; ++version) {
      page_.next = version - ahead - 1;
      if (page_.events.size() == events_max_) return false;
      TANDEM_ASSIGN_OR_RETURN(std::optional<Event> event,
                              reader.Next(version, Direction::kForward));
      if (!event.has_value()) {
        TANDEM_ASSIGN_OR_RETURN(const Head newer, reader.ReadHead());
        if (newer.live() && newer.first <= version) return reader.Missing(version);
        return AddEvents(entry, last);  // some of it was removed after its head was read
      }
      bytes_ += event->payload.size();
      if (bytes_ > bytes_max_ && !page_.events.empty()) return false;
      page_.events.push_back(FeedEvent{entry.stream, *std::move(event)});
    }
    return true;
  }

  rocksdb::DB* const db_;
  rocksdb::ColumnFamilyHandle* const family_;
  const std::size_t events_max_;
  const std::size_t bytes_max_;
  std::size_t bytes_ = 0;
  std::size_t passed_ = 0;  // appends of which nothing is left
  FeedPage page_;
};

// Adds the entry. Corruption that keeps a page from getting any further says how to go on.
Result<bool> AddEntry(std::string_view record, Position last, FeedPageBuilder& builder) {
  const Result<FeedEntry> entry = DecodeFeedEntry(record, last);
  Status status = entry.status();
  if (status.ok()) {
    Result<bool> goes_on = builder.Add(*entry, last);
    if (goes_on.ok()) return goes_on;
    status = goes_on.status();
  }
  if (status.code() != StatusCode::kCorruption) return status;
  return Status::Corruption("feed up to position " + std::to_string(last),
                            status.ToString() + "; to go on without it, read from behind there");
}

}  // namespace

Result<FeedPage> ReadFeedPage(rocksdb::DB* db, rocksdb::ColumnFamilyHandle* family, Position after,
                              const FeedOptions& options) {
  TANDEM_REQUIRE(ValidateReadAll(options).ok(), "the options were checked");
  FeedPageBuilder builder(db, family, after, options);
  if (after >= kFeedEnd) return builder.Take();

  const std::string end = FeedKey(kFeedEnd);
  const rocksdb::Slice upper = ToSlice(end);
  rocksdb::ReadOptions read;
  read.iterate_upper_bound = &upper;
  const std::unique_ptr<rocksdb::Iterator> it(db->NewIterator(read, family));
  for (it->Seek(FeedKey(after + 1)); it->Valid(); it->Next()) {
    const std::optional<Position> last = PositionOf(ToView(it->key()));
    if (!last.has_value()) continue;  // it is of no append; Verify names it
    const Result<bool> goes_on = AddEntry(ToView(it->value()), *last, builder);
    if (!goes_on.ok() && builder.page().next == after) return goes_on.status();
    if (!goes_on.ok() || !*goes_on) break;
  }
  TANDEM_RETURN_IF_ERROR(FromRocks(it->status(), "read of the feed"));
  return builder.Take();
}

Result<Position> LastPosition(rocksdb::DB* db, rocksdb::ColumnFamilyHandle* family) {
  const std::unique_ptr<rocksdb::Iterator> it(db->NewIterator(rocksdb::ReadOptions(), family));
  it->SeekForPrev(FeedKey(kStoredNumberMax));
  for (; it->Valid() && it->key()[0] == kFeedPrefix; it->Prev()) {
    const std::optional<Position> last = PositionOf(ToView(it->key()));
    if (last.has_value()) return *last;
  }
  TANDEM_RETURN_IF_ERROR(FromRocks(it->status(), "read of the feed's end"));
  return Position{0};
}

}  // namespace tandem::internal
