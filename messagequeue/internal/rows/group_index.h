#pragma once

// What is stored of groups: their members in order, and a record of each group that has members.
// The functions stage changes of members, and tell how the group's place in the ready index moves;
// the caller keeps the ready index itself.

#include <rocksdb/db.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tandem/base/result.h"
#include "tandem/base/rocks/staging.h"
#include "tandem/messagequeue/internal/rows/queue_keys.h"

namespace tandem::internal {

constexpr Timestamp kNotHidden = Timestamp::min();

struct GroupState {
  Place head;                         // of the first member
  Timestamp not_before = kNotHidden;  // the group as a whole is hidden until then
  std::uint64_t size = 0;             // members
  Place ready() const { return {std::max(head.visible_at, not_before), head.id}; }
};

Result<GroupState> DecodeGroup(std::string_view key, std::string_view value, std::string_view queue,
                               std::string_view group);

// nullopt: no entry (an empty group).
struct ReadyChange {
  std::optional<Place> before;
  std::optional<Place> after;
  std::uint64_t lost = 0;  // members that the group's record has counted and that are not there
};

class GroupIndex {
 public:
  explicit GroupIndex(rocksdb::ColumnFamilyHandle* family) : family_(family) {}

  // nullopt: the group has no members. A record that can't be read is made anew of the members.
  Result<std::optional<GroupState>> Get(const View& view, std::string_view queue,
                                        std::string_view group) const;

  // The record anew, of the members that are there: all of them are looked at.
  Result<std::optional<GroupState>> Restore(Staging& staging, std::string_view queue,
                                            std::string_view group, Timestamp not_before) const;

  // REQUIRES: called while staging a batch. `visible`: as in Staging::PutPayload.
  Result<ReadyChange> Insert(Staging& staging, std::string_view queue, std::string_view group,
                             const Place& place, std::string_view record,
                             std::string_view visible) const;

  // Removes members. A delay that has passed by `now` is forgotten.
  Result<ReadyChange> Remove(Staging& staging, std::string_view queue, std::string_view group,
                             const std::vector<MessageRef>& members, Timestamp now) const;

  // Hides the group until `not_before`.
  Result<ReadyChange> Delay(Staging& staging, std::string_view queue, std::string_view group,
                            Timestamp not_before) const;

 private:
  // What the members tell.
  Result<std::optional<GroupState>> Recount(const View& view, std::string_view queue,
                                            std::string_view group, Timestamp not_before) const;
  // Moves the head to the first member that is there from the old one on; false if there is none.
  bool MoveHead(const View& view, std::string_view queue, std::string_view group,
                GroupState& state) const;
  void Put(Staging& staging, std::string_view queue, std::string_view group,
           const GroupState& state) const;

  rocksdb::ColumnFamilyHandle* const family_;
};

}  // namespace tandem::internal
