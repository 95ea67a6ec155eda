// Looking at the messages of a queue without taking them.

#include <algorithm>
#include <optional>
#include <utility>

#include "tandem/base/key_encoding.h"
#include "tandem/base/limits.h"
#include "tandem/messagequeue/internal/rocks_message_queue.h"
#include "tandem/messagequeue/internal/rows/snapshot_reader.h"
#include "tandem/messagequeue/queue_limits.h"

namespace tandem::internal {

namespace {

// Where the page before ended. Opaque to callers: the key of the last entry that it looked at.
struct BrowseCursor {
  bool in_groups = false;
  std::string from;  // the first key that the page may show
};

Result<BrowseCursor> ParseCursor(std::string_view queue, const std::string& after) {
  if (after.empty()) return BrowseCursor();
  // By the prefix alone: a page may end at a key that makes no sense.
  if (after.starts_with(MembersPrefix(queue))) return BrowseCursor{true, after + '\0'};
  if (after.starts_with(ReadyPrefix(queue))) return BrowseCursor{false, after + '\0'};
  return Status::InvalidArgument("no page of this queue ended there");
}

// Gathers one page; `full()` once there is a message that does not fit any more.
class Browser {
 public:
  Browser(const QueueParts& parts, const Clock& clock, std::string_view queue,
          const BrowseOptions& options)
      : parts_(parts),
        queue_(queue),
        limit_(std::min(options.limit, kPageEventsMax)),
        bytes_max_(std::min(options.max_bytes, kPageBytesMax)),
        reader_(parts.rows.db(), parts.rows.family()),
        now_(clock.Now()) {}

  Status Begin() {
    TANDEM_ASSIGN_OR_RETURN(stored_, reader_.Queue(queue_));
    time_ = parts_.states.TimeOf(queue_, stored_);
    return Status::Ok();
  }

  Status ShowAlone(const std::string& from) {
    const std::string start = from.empty() ? ReadyKeyFloor(queue_, stored_.floor) : from;
    BoundedWalk walk = reader_.WalkOfPage(start, PrefixEnd(ReadyPrefix(queue_)));
    while (walk.Valid()) {
      const auto entry = ParseReadyKey(walk.key(), queue_);
      if (!entry.has_value() || !entry->group.empty()) {
        walk.Pass();
        continue;
      }
      const auto lease = parts_.leases.Held(queue_, *entry, now_);
      TANDEM_ASSIGN_OR_RETURN(const bool fits, Show(walk.key(), *entry, walk.value(),
                                                    lease.has_value(), entry->place.visible_at));
      if (!fits) return Status::Ok();
      walk.Next();
    }
    return EndAt(walk);
  }

  Status ShowGroups(const std::string& from) {
    const std::string prefix = MembersPrefix(queue_);
    BoundedWalk walk = reader_.WalkOfPage(from.empty() ? prefix : from, PrefixEnd(prefix));
    while (walk.Valid()) {
      const auto member = ParseMember(walk.key(), queue_);
      if (!member.has_value()) {
        walk.Pass();
        continue;
      }
      EnterGroup(member->group);
      TANDEM_ASSIGN_OR_RETURN(const bool fits,
                              Show(walk.key(), *member, walk.value(), IsLeased(member->place),
                                   std::max(member->place.visible_at, not_before_)));
      if (!fits) return Status::Ok();
      walk.Next();
    }
    return EndAt(walk);
  }

  bool finds_nothing() const { return stored_.messages == 0; }
  bool full() const { return !page_.next.empty(); }
  BrowsePage TakePage() { return std::move(page_); }

 private:
  Status EndAt(const BoundedWalk& walk) {
    if (walk.stopped()) page_.next = walk.passed();
    return walk.status();
  }

  // Looks up what concerns all members of a group, once.
  void EnterGroup(const std::string& group) {
    if (group == group_) return;
    const Result<GroupState> state = reader_.Group(queue_, group);
    group_ = group;
    // A damaged record is made anew when the group is used next, and hides it no longer.
    not_before_ = state.ok() ? state->not_before : GroupState().not_before;
    lease_ = parts_.leases.Held(queue_, ReadyEntry{Place(), group}, now_);
  }

  bool IsLeased(const Place& place) const {
    return lease_.has_value() &&
           std::ranges::any_of(lease_->messages, [&place](const MessageRef& message) {
             return message.place == place;
           });
  }

  // False, and nothing shown, if it does not fit. `visible_at`: by the queue's time.
  Result<bool> Show(std::string_view key, const ReadyEntry& entry, std::string_view record,
                    bool leased, Timestamp visible_at) {
    Result<StoredMessage> read = DecodeMessage(key, record, queue_, entry.place.id);
    const bool is_damaged = !read.ok();
    StoredMessage message = is_damaged ? StoredMessage() : *std::move(read);
    bytes_ += message.payload.size();
    const bool fits = page_.messages.size() < limit_ && bytes_ <= bytes_max_;
    if (!fits && !page_.messages.empty()) {
      page_.next = std::move(last_key_);
      return false;
    }
    BrowsedMessage shown;
    shown.id = entry.place.id;
    shown.key = std::move(message.key);
    shown.group = entry.group;
    if (is_damaged) {
      shown.state = MessageState::kDamaged;
    } else if (leased) {
      shown.state = MessageState::kLeased;
    } else if (visible_at > time_.Of(now_)) {
      shown.state = MessageState::kDelayed;
    }
    const std::string delivered_key = DeliveredKey(queue_, shown.id);
    TANDEM_ASSIGN_OR_RETURN(const auto delivered, reader_.Get(delivered_key));
    if (delivered.has_value()) {
      const Result<std::uint32_t> count = DecodeDelivered(delivered_key, *delivered);
      shown.delivery_count = count.ok() ? *count : 0;
    }
    shown.enqueued_at = message.enqueued_at;
    shown.visible_at = time_.ClockAt(visible_at);
    shown.payload = std::move(message.payload);
    shown.dead_letter = std::move(message.dead_letter);
    page_.messages.push_back(std::move(shown));
    last_key_ = key;
    return true;
  }

  const QueueParts& parts_;
  const std::string queue_;
  const std::size_t limit_;
  const std::size_t bytes_max_;
  const SnapshotReader reader_;
  const Timestamp now_;  // by the clock; not before the snapshot
  StoredQueue stored_;
  QueueTime time_;

  std::string group_;  // the one that is being shown
  Timestamp not_before_;
  std::optional<Lease> lease_;

  BrowsePage page_;
  std::size_t bytes_ = 0;
  std::string last_key_;
};

}  // namespace

Result<BrowsePage> RocksMessageQueue::Browse(std::string_view queue,
                                             const BrowseOptions& options) const {
  TANDEM_RETURN_IF_ERROR(ValidateQueue(queue));
  if (options.limit == 0) return Status::InvalidArgument("limit must not be 0");
  TANDEM_ASSIGN_OR_RETURN(const BrowseCursor cursor, ParseCursor(queue, options.after));
  Browser browser(parts_, *clock_, queue, options);
  TANDEM_RETURN_IF_ERROR(browser.Begin());
  if (browser.finds_nothing()) return BrowsePage();
  if (!cursor.in_groups) TANDEM_RETURN_IF_ERROR(browser.ShowAlone(cursor.from));
  if (!browser.full()) {
    TANDEM_RETURN_IF_ERROR(browser.ShowGroups(cursor.in_groups ? cursor.from : ""));
  }
  return browser.TakePage();
}

}  // namespace tandem::internal
