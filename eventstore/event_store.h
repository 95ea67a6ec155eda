#pragma once

// An EventStore keeps streams of events: append-only, versioned without gaps, in one global order.
//
//   entity     bytes that name a thing, e.g. an aggregate ("account-42")
//   partition  a generation of the entity; a stream is (entity, partition)
//   event      opaque bytes; its version in the stream is 1, 2, 3, ...; an empty stream is at 0
//   position   the event's place in the commit order of the whole store, 1, 2, 3, ...
//   metadata   an ordered map key -> bytes that belongs to a stream; it may exist without events
//
// All names and payloads are binary. Limits: base/limits.h. Durations may be as long as their type
// can say: hours::max() means forever. Every implementation is thread-safe and linearizable. Errors
// common to all calls: InvalidArgument or TooLarge (bad names, sizes), IoError, Corruption; of
// Append also Unavailable once the store has stopped. Reads still work then; a waiting read waits
// until its timeout.

#include <chrono>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <limits>
#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tandem/base/clock.h"
#include "tandem/base/durability.h"
#include "tandem/base/result.h"

namespace tandem {

using Version = std::uint64_t;
using Position = std::uint64_t;

constexpr Version kVersionMax = std::numeric_limits<Version>::max();

// An entity by itself stands for its partition 0: Append("order-1", ...).
struct StreamId {
  StreamId() = default;
  // NOLINTBEGIN(google-explicit-constructor)
  StreamId(std::string name, std::uint64_t number = 0)
      : entity(std::move(name)), partition(number) {}
  StreamId(const char* name, std::uint64_t number = 0) : entity(name), partition(number) {}
  // NOLINTEND(google-explicit-constructor)

  std::string entity;
  std::uint64_t partition = 0;

  auto operator<=>(const StreamId&) const = default;
};

// What a caller expects of a stream before a change.
class Expected {
 public:
  enum class Kind { kAny, kNoStream, kExists, kExactly };

  static Expected Any() { return {Kind::kAny, 0}; }
  static Expected NoStream() { return {Kind::kNoStream, 0}; }  // no event yet
  static Expected Exists() { return {Kind::kExists, 0}; }      // at least one event
  static Expected Exactly(Version version) { return {Kind::kExactly, version}; }

  Kind kind() const { return kind_; }
  Version version() const { return version_; }  // of kExactly
  bool Holds(Version actual) const;

  // For messages: "any", "no stream", "an existing stream", "exactly 7".
  std::string ToString() const;

 private:
  Expected(Kind kind, Version version) : kind_(kind), version_(version) {}
  Kind kind_;
  Version version_;
};

// The payloads of events to append: one, or a list of them.
class Payloads {
 public:
  Payloads() = default;
  // NOLINTBEGIN(google-explicit-constructor)
  Payloads(std::string one) { all_.push_back(std::move(one)); }
  Payloads(const char* one) : Payloads(std::string(one)) {}
  Payloads(std::string_view one) : Payloads(std::string(one)) {}
  Payloads(std::initializer_list<std::string> list) : all_(list) {}
  Payloads(std::vector<std::string> list) : all_(std::move(list)) {}
  // NOLINTEND(google-explicit-constructor)

  std::vector<std::string> Take() && { return std::move(all_); }

 private:
  std::vector<std::string> all_;
};

// --- Operations of a batch (batch/provider.h) that concern this store ---------------------------
// They have constructors, rather than to be aggregates: where a user's code puts an aggregate into
// a list of operations, g++ 12 warns without reason of members that may be uninitialized.

// Appends events, all or none. Several appends to one stream in a batch concatenate.
struct AppendEvents {
  AppendEvents() = default;
  AppendEvents(StreamId to, Payloads payloads, Expected before = Expected::Any())
      : stream(std::move(to)), events(std::move(payloads).Take()), expected(before) {}

  StreamId stream;
  std::vector<std::string> events;
  Expected expected = Expected::Any();
};

struct AppendResult {
  Version first = 0;      // of the appended events; with no events, version + 1
  Version version = 0;    // of the stream now: of the last event
  Position position = 0;  // of the last event; 0 with no events
};

// Erases, then sets keys of a stream's metadata. A key in both is set.
struct UpdateMetadata {
  UpdateMetadata() = default;
  explicit UpdateMetadata(StreamId of, std::map<std::string, std::string> entries = {},
                          std::vector<std::string> keys = {})
      : stream(std::move(of)), set(std::move(entries)), erase(std::move(keys)) {}

  StreamId stream;
  std::map<std::string, std::string> set;
  std::vector<std::string> erase;
};

// Removes a stream for good, events and metadata: nothing can be written to it again. Only a
// partition below the latest of its entity; else Conflict. One that never was stays writable.
struct DeletePartition {
  DeletePartition() = default;
  explicit DeletePartition(StreamId which) : stream(std::move(which)) {}

  StreamId stream;
};

// Removes all partitions of an entity for good, events and metadata. It leaves a tombstone
// with the highest of them: partitions up to it can't be written again, a new life of the entity
// uses the next one.
struct DeleteEntity {
  DeleteEntity() = default;
  explicit DeleteEntity(std::string which) : entity(std::move(which)) {}

  std::string entity;
};

struct DeleteEventsResult {
  std::uint64_t events = 0;  // removed; 0 if there was nothing, or only metadata
  // The entity had more than kCountedPartitionsMax partitions, and `events` are those of the first.
  bool more = false;
};

// Preconditions without an effect: Conflict unless the state just before the batch is as expected.
struct CheckVersion {
  CheckVersion() = default;
  CheckVersion(StreamId of, Expected demanded) : stream(std::move(of)), expected(demanded) {}

  StreamId stream;
  Expected expected = Expected::Any();
};
struct CheckMetadata {
  CheckMetadata() = default;
  CheckMetadata(StreamId of, std::string name, std::optional<std::string> demanded)
      : stream(std::move(of)), key(std::move(name)), expected(std::move(demanded)) {}

  StreamId stream;
  std::string key;
  std::optional<std::string> expected;  // nullopt: the key must be absent

  // What a check that does not hold is reported as, in place of Conflict: for code whose callers
  // know nothing of the key ("account 'a' already exists"). With `expected` absent such a check
  // claims the key, and one batch can't claim a key twice: InvalidArgument. REQUIRES: not ok.
  std::optional<Status> otherwise = {};
};

// --- Calls --------------------------------------------------------------------------------------

struct AppendOptions {
  Expected expected = Expected::Any();
  Durability durability = Durability::kSync;
  std::string batch_id = {};  // makes the append repeatable: BatchOptions::id (batch/operation.h)
};

enum class Direction { kForward, kBackward };

struct ReadOptions {
  // The first version to return. Forward from 1; backward from the head, for any larger value.
  std::optional<Version> from = {};
  Direction direction = Direction::kForward;
  std::size_t max_events = 1000;
  std::size_t max_bytes = std::size_t{4} << 20;  // of payloads; one event at least is returned

  // Forward only: how long to block until an event at or after `from` exists, or the stream is
  // deleted. A stop request ends the wait early; the page is then as it is without waiting.
  Saturated<std::chrono::milliseconds> wait = std::chrono::milliseconds(0);
  std::stop_token stop = {};
};

struct Event {
  Version version = 0;
  Position position = 0;
  Timestamp appended_at = {};
  std::string payload = {};
};

// A consistent snapshot. A stream that does not exist is an empty page with head 0.
struct EventPage {
  std::vector<Event> events = {};  // in the direction of the read
  Version next = 0;      // where the next read of the same direction starts; backward 0 = done
  Version head = 0;      // the stream's version at the snapshot
  Version first = 1;     // the oldest version still there: above 1 if truncated, at most head + 1
  bool deleted = false;  // the stream was deleted: nothing can come, so nobody waits for it
};

// Called exactly once, on a thread of the store, never within the call that it was passed to. May
// make asynchronous calls, but must neither block, nor throw, nor destroy the store.
using ReadCallback = std::function<void(Result<EventPage>)>;

struct PartitionHead {
  std::uint64_t partition = 0;
  Version head = 0;  // 0: the entity was deleted, and this is its tombstone
};

struct MetadataOptions {
  std::string prefix = {};  // only keys that start with it
  std::string after = {};   // only keys greater than it; empty = from the first
  std::size_t limit = 1000;
};

// A page passes over a bounded number of erased keys (kPagePassedMax in base/limits.h): behind many
// of them it may have fewer entries than its limit, or none, though there are more.
struct MetadataPage {
  std::vector<std::pair<std::string, std::string>> entries = {};  // in key order
  bool more = false;      // there may be further entries; false is certain
  std::string next = {};  // pass as `after` to go on
};

struct FeedOptions {
  std::size_t limit = 1000;                      // events
  std::size_t max_bytes = std::size_t{4} << 20;  // of payloads; one event at least is returned
  // As in ReadOptions, for an event of any stream.
  Saturated<std::chrono::milliseconds> wait = std::chrono::milliseconds(0);
  std::stop_token stop = {};
};

struct FeedEvent {
  StreamId stream = {};
  Event event = {};
};

// A page passes over a bounded number of appends whose events were deleted (kPagePassedMax in
// base/limits.h), so it may be empty though there are events behind it. Its `next` has moved then:
// where `next` is `after`, there is nothing more.
struct FeedPage {
  std::vector<FeedEvent> events = {};  // in commit order
  Position next = 0;                   // pass as `after` to go on
};

class EventStore {
 public:
  virtual ~EventStore() = default;

  // Appends all events or none, with consecutive versions. Conflict (with the actual version)
  // unless `expected` holds.
  virtual Result<AppendResult> Append(const StreamId& stream, Payloads events,
                                      const AppendOptions& options) = 0;
  Result<AppendResult> Append(const StreamId& stream, Payloads events) {
    return Append(stream, std::move(events), AppendOptions());
  }

  // One page of a stream; see ReadOptions and EventPage.
  virtual Result<EventPage> Read(const StreamId& stream, const ReadOptions& options) = 0;

  // The same without a thread that waits: any number of reads may wait at a time. Ended by its stop
  // token like a blocking one; Cancelled if the store is closed. Optional: Unsupported, reported
  // within the call.
  virtual void ReadAsync(const StreamId& stream, const ReadOptions& options, ReadCallback callback);

  // The highest partition of the entity that has events, with its head; for a deleted entity its
  // tombstone, with head 0. So a new partition is the returned one + 1. O(1); sees every
  // acknowledged append.
  virtual Result<std::optional<PartitionHead>> LatestPartition(std::string_view entity) = 0;

  // The metadata of a stream in order of its keys, page by page.
  virtual Result<MetadataPage> ReadMetadata(const StreamId& stream,
                                            const MetadataOptions& options) = 0;

  // The value of exactly this metadata key; nullopt if it is not set.
  Result<std::optional<std::string>> GetMetadata(const StreamId& stream, std::string_view key);

  // The global feed: all events with position > `after` in commit order. A reader that has seen
  // position P never later finds an event at or below P. With `wait` it passes over what was
  // deleted, however much, until there is an event or the wait is over. Optional: Unsupported.
  virtual Result<FeedPage> ReadAll(Position after, const FeedOptions& options) = 0;
};

}  // namespace tandem
