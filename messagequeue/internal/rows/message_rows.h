#pragma once

// What is stored of messages, one by one: reads, and the writes that concern a single row. What
// belongs together when a message comes or goes is in queue_writer.h.

#include <rocksdb/db.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tandem/base/result.h"
#include "tandem/base/rocks/staging.h"
#include "tandem/messagequeue/internal/rows/group_index.h"
#include "tandem/messagequeue/internal/rows/queue_keys.h"
#include "tandem/messagequeue/internal/rows/stored_messages.h"

namespace tandem::internal {

// Members of one group, from its first on.
struct GroupMembers {
  std::vector<MessageRef> messages;
  std::vector<std::string> strays;  // keys among them that make no sense
  bool more = false;                // than were asked for
};

// Thread-safe.
class MessageRows {
 public:
  MessageRows(rocksdb::DB* db, rocksdb::ColumnFamilyHandle* family)
      : db_(db), family_(family), groups_(family) {}

  rocksdb::DB* db() const { return db_; }
  rocksdb::ColumnFamilyHandle* family() const { return family_; }
  const GroupIndex& groups() const { return groups_; }

  // A value as it is in the database, whatever is staged: payloads are nowhere else.
  Result<std::optional<std::string>> GetWritten(std::string_view queue, std::string_view key) const;

  // A message without a group. REQUIRES: it is under a lease. Not through a view, which shows no
  // payload of what is in flight: a message is leased only once it is in the database, and whatever
  // moves or removes it ends the lease.
  Result<StoredMessage> ReadLeased(std::string_view queue, const Place& place) const;

  // nullopt: the key is free.
  Result<std::optional<KeyHolder>> HolderOf(const View& view, std::string_view queue,
                                            std::string_view key) const;
  void HoldKey(std::string_view queue, std::string_view key, const KeyHolder& holder,
               Staging& staging) const;

  // 0 of a message that was never delivered, and of one whose count can't be read.
  Result<std::uint32_t> DeliveriesOf(const View& view, std::string_view queue, MessageId id) const;
  void CountDelivery(std::string_view queue, MessageId id, std::uint32_t count,
                     Staging& staging) const;
  void TakeBackDelivery(std::string_view queue, MessageId id, Staging& staging) const;

  // All that leads to a message, but for its entry in the ready index or among its group's members.
  void DeleteTraces(std::string_view queue, std::string_view group, const MessageRef& message,
                    Staging& staging) const;

  // At most `max` members and strays. REQUIRES: `state` is the group's.
  Result<GroupMembers> MembersOf(const View& view, std::string_view queue, std::string_view group,
                                 const GroupState& state, std::size_t max) const;

  // By a look at all of them. nullopt: they can't be read.
  std::optional<std::uint64_t> CountMessages(std::string_view queue, const View& view) const;

 private:
  Result<GroupMembers> MembersFrom(const View& view, std::string_view queue, std::string_view group,
                                   const std::string& from, std::size_t max) const;

  rocksdb::DB* const db_;
  rocksdb::ColumnFamilyHandle* const family_;
  const GroupIndex groups_;
};

}  // namespace tandem::internal
