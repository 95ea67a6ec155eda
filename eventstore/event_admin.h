#pragma once

// What operators do with an event store: look at what there is, and truncate it.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "tandem/base/name_page.h"
#include "tandem/base/result.h"
#include "tandem/eventstore/event_store.h"

namespace tandem {

struct PartitionInfo {
  std::uint64_t partition = 0;
  Version first = 1;  // as EventPage::first
  Version head = 0;   // 0: it has metadata only
};

struct PartitionOptions {
  std::optional<std::uint64_t> after = {};  // only partitions greater than it
  std::size_t limit = 1000;
};

// As NamePage: behind many deleted partitions it may have fewer than its limit, or none.
struct PartitionPage {
  std::vector<PartitionInfo> partitions = {};  // in order
  bool more = false;                           // there may be further ones; false is certain
  std::optional<std::uint64_t> next = {};      // pass as `after` to go on
};

// Thread-safe. Errors as those of EventStore.
class EventAdmin {
 public:
  virtual ~EventAdmin() = default;

  // Entities that have events or metadata.
  virtual Result<NamePage> ListEntities(const ListOptions& options) = 0;
  // Partitions of an entity that have events or metadata.
  virtual Result<PartitionPage> ListPartitions(std::string_view entity,
                                               const PartitionOptions& options) = 0;
  // Removes the events of a stream before a version, for good; the version of the stream and of all
  // other events stay. Returns how many. Conflict if `before` > head + 1.
  virtual Result<std::uint64_t> Truncate(const StreamId& stream, Version before) = 0;
};

}  // namespace tandem
