#include "tandem/messagequeue/internal/rows/queue_verify.h"

#include <string>
#include <string_view>
#include <utility>

#include "tandem/base/key_encoding.h"
#include "tandem/messagequeue/internal/rows/queue_keys.h"
#include "tandem/messagequeue/internal/rows/snapshot_reader.h"
#include "tandem/messagequeue/internal/rows/stored_messages.h"

namespace tandem::internal {

namespace {

constexpr std::string_view kKinds = "DGHKQRW";  // the prefixes of keys

// All of one queue. Each walk checks one kind of key, and looks up what belongs to it; what nothing
// leads to shows in the counts.
class QueueVerifier {
 public:
  QueueVerifier(const SnapshotReader& reader, std::string queue)
      : reader_(reader), queue_(std::move(queue)) {}

  // Its messages.
  Result<std::uint64_t> Run(const StoredQueue& stored);

 private:
  Status CheckAlone(const StoredQueue& stored);
  Status CheckGroups();
  Status CheckMembers();
  Status CheckKeys();
  Status CheckDelayed();
  Status CheckDelivered();

  Status CheckReadyEntry(const ReadyEntry& entry, std::string_view key, std::string_view record);
  // What any message needs: its key and its delivery count.
  Status CheckMessage(const ReadyEntry& entry, const StoredMessage& message);
  Status LeaveGroup();

  Status Wrong(const std::string& what) const {
    return Status::Corruption("queue '" + queue_ + "'", what);
  }
  static std::string Name(const Place& place) { return "message " + std::to_string(place.id); }

  const SnapshotReader& reader_;
  const std::string queue_;
  std::uint64_t messages_ = 0;
  std::uint64_t keys_ = 0;           // that messages hold
  std::uint64_t delivered_ = 0;      // messages that were
  std::uint64_t group_entries_ = 0;  // of the ready index

  std::string group_;  // whose members are walked, with what its record says
  GroupState state_;
  std::uint64_t members_ = 0;
};

Result<std::uint64_t> QueueVerifier::Run(const StoredQueue& stored) {
  if (stored.messages == 0) return Wrong("a record of an empty queue");
  TANDEM_RETURN_IF_ERROR(CheckAlone(stored));
  TANDEM_RETURN_IF_ERROR(CheckGroups());
  TANDEM_RETURN_IF_ERROR(CheckMembers());
  TANDEM_RETURN_IF_ERROR(CheckKeys());
  TANDEM_RETURN_IF_ERROR(CheckDelayed());
  TANDEM_RETURN_IF_ERROR(CheckDelivered());
  if (messages_ != stored.messages) {
    return Wrong("its record counts " + std::to_string(stored.messages) + " messages, there are " +
                 std::to_string(messages_));
  }
  return messages_;
}

Status QueueVerifier::CheckAlone(const StoredQueue& stored) {
  const std::string prefix = ReadyPrefix(queue_);
  return reader_.Walk(prefix, PrefixEnd(prefix),
                      [&](std::string_view key, std::string_view value) -> Result<bool> {
                        const auto entry = ParseReadyKey(key, queue_);
                        if (!entry.has_value()) return Wrong("bad key in the ready index");
                        if (entry->place < stored.floor) {
                          return Wrong(Name(entry->place) + " stands before the floor");
                        }
                        TANDEM_RETURN_IF_ERROR(CheckReadyEntry(*entry, key, value));
                        return true;
                      });
}

Status QueueVerifier::CheckReadyEntry(const ReadyEntry& entry, std::string_view key,
                                      std::string_view record) {
  if (entry.group.empty()) {
    TANDEM_ASSIGN_OR_RETURN(const StoredMessage message,
                            DecodeMessage(key, record, queue_, entry.place.id));
    if (message.delayed) return Wrong(Name(entry.place) + " has no group and is in its index");
    return CheckMessage(entry, message);
  }
  ++group_entries_;
  TANDEM_ASSIGN_OR_RETURN(const GroupState state, reader_.Group(queue_, entry.group));
  if (record.empty() && state.ready() == entry.place) return Status::Ok();
  return Wrong("group '" + entry.group + "' does not stand at its place");
}

Status QueueVerifier::CheckGroups() {
  const std::string prefix = GroupKey(queue_, {});
  std::uint64_t groups = 0;
  TANDEM_RETURN_IF_ERROR(reader_.Walk(
      prefix, PrefixEnd(prefix),
      [&](std::string_view key, std::string_view record) -> Result<bool> {
        const std::string_view group = key.substr(prefix.size());
        TANDEM_ASSIGN_OR_RETURN(const GroupState state, DecodeGroup(key, record, queue_, group));
        TANDEM_ASSIGN_OR_RETURN(const auto head, reader_.Get(MemberKey(queue_, group, state.head)));
        TANDEM_ASSIGN_OR_RETURN(const auto entry,
                                reader_.Get(ReadyKey(queue_, state.ready(), group)));
        if (!head.has_value()) return Wrong("group '" + std::string(group) + "' has no head");
        if (!entry.has_value()) return Wrong("group '" + std::string(group) + "' is not offered");
        ++groups;
        return true;
      }));
  return groups == group_entries_ ? Status::Ok() : Wrong("a group is offered twice");
}

Status QueueVerifier::CheckMembers() {
  const std::string prefix = MembersPrefix(queue_);
  TANDEM_RETURN_IF_ERROR(reader_.Walk(
      prefix, PrefixEnd(prefix),
      [&](std::string_view key, std::string_view record) -> Result<bool> {
        const auto member = ParseMember(key, queue_);
        if (!member.has_value()) return Wrong("bad key of a member");
        const auto& [place, group] = *member;
        if (group != group_) {
          TANDEM_RETURN_IF_ERROR(LeaveGroup());
          TANDEM_ASSIGN_OR_RETURN(state_, reader_.Group(queue_, group));
          group_ = group;
          if (state_.head != place) return Wrong("group '" + group + "' has another head");
        }
        ++members_;
        TANDEM_ASSIGN_OR_RETURN(const StoredMessage message,
                                DecodeMessage(key, record, queue_, place.id));
        if (message.delayed) {
          TANDEM_ASSIGN_OR_RETURN(const auto entry, reader_.Get(DelayedKey(queue_, place, group)));
          if (!entry.has_value()) return Wrong(Name(place) + " is not in the delayed index");
        }
        TANDEM_RETURN_IF_ERROR(CheckMessage(*member, message));
        return true;
      }));
  return LeaveGroup();
}

Status QueueVerifier::LeaveGroup() {
  const std::uint64_t members = std::exchange(members_, 0);
  if (group_.empty() || members == state_.size) return Status::Ok();
  return Wrong("group '" + group_ + "' counts " + std::to_string(state_.size) + " members, has " +
               std::to_string(members));
}

Status QueueVerifier::CheckMessage(const ReadyEntry& entry, const StoredMessage& message) {
  ++messages_;
  const std::string delivered_key = DeliveredKey(queue_, entry.place.id);
  TANDEM_ASSIGN_OR_RETURN(const auto delivered, reader_.Get(delivered_key));
  if (delivered.has_value()) {
    ++delivered_;
    TANDEM_ASSIGN_OR_RETURN(const std::uint32_t count, DecodeDelivered(delivered_key, *delivered));
    if (count == 0) return Wrong(Name(entry.place) + " has a delivery count of 0");
  }
  const std::string key = message.HeldKey();
  if (key.empty()) return Status::Ok();
  ++keys_;
  const std::string held_key = HeldKey(queue_, key);
  TANDEM_ASSIGN_OR_RETURN(const auto record, reader_.Get(held_key));
  if (!record.has_value()) return Wrong(Name(entry.place) + " does not hold its key");
  TANDEM_ASSIGN_OR_RETURN(const KeyHolder holder, DecodeKeyHolder(held_key, *record));
  if (holder.place == entry.place && holder.group == entry.group &&
      holder.delayed == message.delayed) {
    return Status::Ok();
  }
  return Wrong("the key of " + Name(entry.place) + " leads elsewhere");
}

Status QueueVerifier::CheckKeys() {
  const std::string prefix = HeldKey(queue_, {});
  std::uint64_t keys = 0;
  const Status walked =
      reader_.Walk(prefix, PrefixEnd(prefix),
                   [&](std::string_view key, std::string_view record) -> Result<bool> {
                     ++keys;
                     TANDEM_RETURN_IF_ERROR(DecodeKeyHolder(key, record).status());
                     return true;
                   });
  TANDEM_RETURN_IF_ERROR(walked);
  // Each message's key leads to it.
  return keys == keys_ ? Status::Ok() : Wrong("a key is held by no message");
}

Status QueueVerifier::CheckDelayed() {
  const std::string prefix = DelayedPrefix(queue_);
  return reader_.Walk(prefix, PrefixEnd(prefix),
                      [&](std::string_view key, std::string_view /*value*/) -> Result<bool> {
                        const auto entry = ParseDelayedKey(key, queue_);
                        if (!entry.has_value()) return Wrong("bad key in the delayed index");
                        const auto& [place, group] = *entry;
                        const std::string member = MemberKey(queue_, group, place);
                        TANDEM_ASSIGN_OR_RETURN(const auto record, reader_.Get(member));
                        if (!record.has_value()) {
                          return Wrong("the delayed index has " + Name(place) + ", gone");
                        }
                        TANDEM_ASSIGN_OR_RETURN(const StoredMessage message,
                                                DecodeMessage(member, *record, queue_, place.id));
                        if (!message.delayed) {
                          return Wrong(Name(place) + " does not know of the delayed index");
                        }
                        return true;
                      });
}

Status QueueVerifier::CheckDelivered() {
  const std::string prefix = DeliveredPrefix(queue_);
  std::uint64_t delivered = 0;
  TANDEM_RETURN_IF_ERROR(
      reader_.Walk(prefix, PrefixEnd(prefix),
                   [&](std::string_view /*key*/, std::string_view /*record*/) -> Result<bool> {
                     ++delivered;
                     return true;
                   }));
  return delivered == delivered_ ? Status::Ok() : Wrong("a delivery count of no message");
}

// Every key is of a known kind and of a queue that has a record: one look for each kind and queue.
Status CheckOwners(const SnapshotReader& reader) {
  std::string from;
  while (true) {
    std::string found;
    TANDEM_RETURN_IF_ERROR(reader.Walk(from, std::string(1, '\xff'),
                                       [&](std::string_view key, std::string_view) -> Result<bool> {
                                         found = key;
                                         return false;
                                       }));
    if (found.empty()) return Status::Ok();
    const char kind = found.front();
    if (kKinds.find(kind) == std::string_view::npos) {
      return Status::Corruption("messages", "a key of no known kind");
    }
    const std::optional<std::string> queue = KeyReader(found, kind).Escaped();
    if (!queue.has_value()) return Status::Corruption("messages", "a key of no queue");
    TANDEM_ASSIGN_OR_RETURN(const auto record, reader.Get(QueueKey(*queue)));
    if (!record.has_value()) return Status::Corruption("queue '" + *queue + "'", "no record");
    from = PrefixEnd(KeyWriter(kind).Escaped(*queue).Take());
  }
}

}  // namespace

Result<QueueCounts> VerifyQueues(rocksdb::DB* db, rocksdb::ColumnFamilyHandle* family,
                                 const rocksdb::Snapshot* snapshot) {
  const SnapshotReader reader(db, family, snapshot);
  TANDEM_RETURN_IF_ERROR(CheckOwners(reader));
  QueueCounts counts;
  TANDEM_RETURN_IF_ERROR(reader.Walk(
      "Q", PrefixEnd("Q"), [&](std::string_view key, std::string_view record) -> Result<bool> {
        const std::optional<std::string> queue = KeyReader(key, 'Q').Escaped();
        if (!queue.has_value() || key != QueueKey(*queue)) {
          return Status::Corruption("record of a queue", "bad key");
        }
        TANDEM_ASSIGN_OR_RETURN(const StoredQueue stored, DecodeQueue(key, record));
        TANDEM_ASSIGN_OR_RETURN(const std::uint64_t messages,
                                QueueVerifier(reader, *queue).Run(stored));
        ++counts.queues;
        counts.messages += messages;
        return true;
      }));
  return counts;
}

}  // namespace tandem::internal
