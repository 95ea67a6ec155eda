#pragma once

// Every limit on what a caller may pass, checked before anything is done. Sizes in bytes.

#include <cstddef>
#include <string_view>

#include "tandem/base/status.h"

namespace tandem {

// Entities, queues, groups, message keys, metadata keys.
constexpr std::size_t kNameBytesMax = 1024;

// One event, one message, one metadata value.
constexpr std::size_t kPayloadBytesMax = std::size_t{16} << 20;

// One batch: operations, where each event and each metadata entry counts as a further one, and the
// bytes of names, tokens and payloads together.
constexpr std::size_t kBatchOperationsMax = 65'536;
constexpr std::size_t kBatchBytesMax = std::size_t{64} << 20;

// One read or dequeue returns at most this, even if it asks for more.
constexpr std::size_t kPageEventsMax = 65'536;
constexpr std::size_t kPageBytesMax = std::size_t{64} << 20;
// The most that one page passes over, besides what it returns: what was deleted, or is not asked
// for. A page that ends there may have fewer entries than were asked for, or none, and says where
// the next one goes on.
constexpr std::size_t kPagePassedMax = 1024;
constexpr std::size_t kDequeueMessagesMax = 4096;
// Messages that one DeleteGroup removes at most: all other writers wait for it.
constexpr std::size_t kDeletedAtOnceMax = 4096;
// Partitions whose events one DeleteEntity counts at most, likewise.
constexpr std::size_t kCountedPartitionsMax = 4096;
constexpr std::size_t kDequeueQueuesMax = 64;

// `what` names the argument in the message, e.g. "entity". A name must not be empty; an optional
// one (group, key) may, and then means "none".
Status CheckName(std::string_view what, std::string_view name);
Status CheckOptionalName(std::string_view what, std::string_view name);
Status CheckPayload(std::string_view what, std::size_t bytes);

// TooLarge: "the input has 3000000 bytes, the limit is 2097152". The one wording of that.
Status OverLimit(std::string_view what, std::size_t bytes, std::size_t bytes_max);

}  // namespace tandem
