#pragma once

// What a Repository does that does not depend on the type of its state: the stream of an aggregate
// with its snapshot and its commands.
//
//   stream   := category '/' id, partition 0
//   metadata := 'sourcing/snapshot'          -> SnapshotRecord
//             | 'sourcing/commands'          -> CommandRecord, of which `number` counts them all
//             | 'sourcing/command/' id       -> CommandRecord: what it did
//             | 'sourcing/order/' number:16x -> the id of the command of that number
//
// Each batch of a command changes 'sourcing/commands' and demands it to be as it was read before
// the command was looked for: of two that run the same command one finds a Conflict, also where
// neither appends an event.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "tandem/base/result.h"
#include "tandem/batch/provider.h"
#include "tandem/sourcing/changes.h"
#include "tandem/sourcing/repository_options.h"

namespace sourcing {

struct Changed {
  Version first = 0;      // of the appended events; version + 1 if there are none
  Version version = 0;    // of the aggregate after the change
  Position position = 0;  // of the last appended event: see Projection::WaitFor; 0 without one
  bool repeated = false;  // the command was known: this is what the first one did
};

namespace internal {

// Another writer was faster: loading and deciding again may succeed.
bool LostARace(const Status& status);

struct Snapshot {
  Version version = 0;
  std::string state;
};

struct Commit {
  std::string id;
  std::string command_id;  // empty: none
  std::uint64_t commands = 0;
  Version version = 0;                  // that was decided upon
  std::optional<std::string> snapshot;  // of the state after it
};

// Thread-safe once it is set up.
class AggregateStream {
 public:
  using Visit = std::function<Status(const Envelope& envelope, std::string_view where)>;

  AggregateStream(tandem::Provider& store, std::string category, RepositorySettings settings);
  void SetSnapshotFields(const std::string& fields);

  const RepositorySettings& settings() const { return settings_; }
  tandem::StreamId Name(const std::string& id) const { return category_ + "/" + id; }

  Result<std::optional<Snapshot>> ReadSnapshot(const std::string& id);
  Status BadSnapshot(const std::string& id, const std::string& why) const;
  // All events behind `after`, in today's types, in order.
  Status ReadEvents(const std::string& id, Version after, const Visit& visit);
  Result<Position> LastPosition(const std::string& id);

  // 0 without a command.
  Result<std::uint64_t> ReadCommandCount(const std::string& id, const std::string& command_id);
  Result<std::optional<Changed>> FindCommand(const std::string& id, const std::string& command_id);
  Status ForeignEvent(const std::string& id, const std::string& type,
                      const std::string& known) const;

  Result<Changed> Commit(const internal::Commit& commit, const Changes& changes);

 private:
  void AddSnapshot(const internal::Commit& commit, Version version, tandem::Batch& batch) const;
  Status AddCommand(const internal::Commit& commit, std::size_t events, tandem::Batch& batch);

  tandem::Provider& store_;
  const std::string category_;
  const RepositorySettings settings_;
  std::string snapshot_type_;
};

}  // namespace internal

}  // namespace sourcing
