#pragma once

// What a lock token says. Callers see opaque bytes:
//
//   token := 'T' store:u64be incarnation:u64be epoch:u64be queue:escaped item
//   item  := 'm' id:u64be | 'g' group:raw
//
// The store's random number makes a foreign token recognisable; the incarnation is flushed at open,
// so (incarnation, epoch) never repeats. Queue and item tell, once the lease is lost, who has what
// it covered.

#include <cstdint>
#include <optional>
#include <string>

#include "tandem/messagequeue/message_queue.h"

namespace tandem {

// A message without a group, or a whole group: what a lease covers.
struct LeaseItem {
  std::string queue;
  std::string group;  // empty: the message `id`
  MessageId id = 0;   // 0 with a group

  auto operator<=>(const LeaseItem&) const = default;
};

struct TokenFields {
  std::uint64_t store = 0;
  std::uint64_t incarnation = 0;
  std::uint64_t epoch = 0;
  LeaseItem item;
};

LockToken EncodeToken(const TokenFields& fields);
std::optional<TokenFields> DecodeToken(const LockToken& token);

}  // namespace tandem
