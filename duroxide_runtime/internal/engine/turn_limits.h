#pragma once

// How much one turn does; what is more is left to the next. No caller meets these.

#include <cstddef>

namespace duroxide::internal {

// Executions of one instance that one turn runs at most, each having continued as new at once. More
// are left to the next turn.
constexpr std::size_t kTurnExecutionsMax = 16;

// A turn that holds more bytes than this leaves the next execution to the next turn: an execution's
// start and end may be as large as two values and all unread events.
constexpr std::size_t kTurnChainBytesMax = std::size_t{1} << 20;

// Orchestrator messages that one turn takes at most.
constexpr std::size_t kTurnMessagesMax = 256;

// A turn takes no further message once it holds more than this: new history events, and bytes of
// names and values in them. Messages that it leaves come back.
constexpr std::size_t kTurnEventsMax = 10'000;
constexpr std::size_t kTurnBytesMax = std::size_t{16} << 20;

}  // namespace duroxide::internal
