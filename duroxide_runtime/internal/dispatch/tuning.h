#pragma once

// The numbers by which the dispatchers share out threads, time and memory. None of them decides
// whether work is done, only when, by which thread and at what cost. Each comment says what its
// number trades, and which measurement chose it; so far no number was chosen by one. Some are named
// in docs/, so change them there too. How much one turn does stands in
// internal/engine/turn_limits.h, what may be stored at most in duroxide_runtime/limits.h.

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace duroxide::internal::tuning {

// --- Turns --------------------------------------------------------------------------------------

// Threads that wait for the batch of their turn. They lead the commits of all others, for which no
// other thread has to be woken then; but while they wait, they do nothing else. As many as there
// are commits under way at a time: one is written while the next is staged
// (docs/decisions/two-groups-in-flight.md). W2 and W3 of docs/benchmarks.md were measured with this
// number, and no other; chosen by that design.
inline constexpr int kStoringThreads = 2;

// Turns that are being stored while no thread waits for them; one more is waited for. More keep the
// threads busy while a flush takes long; each holds its batch, its history and its leases in
// memory. Chosen by judgement; not measured.
inline constexpr int kDetachedMax = 256;

// A thread that took several instances and is not through after so long is helped. Shorter wakes
// helpers for turns that are merely slow; longer keeps the instances behind a turn that never ends
// waiting. Ten times kPortionQuick, so that the code of a portion that stays large is through
// before. Chosen by judgement; not measured.
inline constexpr std::chrono::milliseconds kHelpAfter{50};

// Turns of one instance that a thread runs in a row; then it sets aside what waits, and turns to
// others. More spare an instance with much to do the way through the queue; fewer keep others from
// waiting behind it. Chosen by judgement; not measured.
inline constexpr int kTurnsInARowMax = 16;

// Conflicts of one turn after which it is set aside. More spare it the way through the queue; fewer
// leave the instance sooner to whoever is faster there. Chosen by judgement; not measured.
inline constexpr int kTurnConflictsMax = 2;

// So much waits in one instance's inbox before a further result of an activity is reported by a
// message. More results share a batch; each holds its value and its lease in memory. Chosen by
// judgement; not measured.
inline constexpr std::size_t kInboxWaitingMax = 1024;

// --- What one Dequeue takes ---------------------------------------------------------------------

// Instances. More cost less per instance where many are due at once; but they wait behind each
// other while other threads may be idle, and after a crash more bystanders come along with the
// culprit. W5 of docs/benchmarks.md was measured with this number, and no other; chosen by
// judgement.
inline constexpr std::size_t kPortionInstancesMax = 16;

// The code of a portion that runs longer than this makes the next a portion of one. Longer
// tolerates slower code in large portions; shorter sends threads more often to the queue. Chosen by
// judgement; not measured.
inline constexpr std::chrono::milliseconds kPortionQuick{5};
static_assert(kHelpAfter > kPortionQuick);

// Portions grow and shrink by this factor, the number of their messages and of their instances. A
// turn that is too large for a batch leaves one part in so many of its messages to another. Larger
// reaches the right size sooner and misses it by more. Chosen by judgement; not measured.
inline constexpr std::size_t kPortionFactor = 2;

// --- Work that can't be done here ---------------------------------------------------------------

// Work without its code here is handed over so often before it is parked, each time for so long.
// Two runtimes that take turns by chance then miss it once in 128 times (computed). More, and
// shorter, finds the right runtime sooner; fewer, and longer, costs less where there is none.
// Chosen by judgement; not measured.
inline constexpr std::uint32_t kHandOversInARow = 7;
inline constexpr std::chrono::milliseconds kHandOverDelay{50};

// Parked work comes again after the first delay, doubling up to the last. Shorter goes on sooner
// once the right code is there; longer costs less until then. Chosen by judgement; not measured.
inline constexpr std::chrono::milliseconds kParkDelayFirst{1'000};
inline constexpr std::chrono::milliseconds kParkDelayMax{60'000};

// A turn of the instance may change the status while it is parked; then the status is read again,
// so often at most. More lose a diagnosis less often; fewer keep a thread for less long. Chosen by
// judgement; not measured.
inline constexpr int kParkAttemptsMax = 4;

// Backoffs are remembered for so many names. One name more makes them forget the one that has not
// come for the longest time, which then begins again with the shortest delay: memory against
// that. Chosen by judgement; not measured.
inline constexpr std::size_t kBackoffNamesMax = 10'000;

// A name that has not come for so long is forgotten. Much longer than kParkDelayMax: else what is
// parked would begin again each time. Chosen by judgement; not measured.
inline constexpr std::chrono::minutes kBackoffForgetAfter{10};
static_assert(kBackoffForgetAfter > kParkDelayMax);

// --- Leases -------------------------------------------------------------------------------------

// A lease is renewed when one part in so many of its time is over. Larger leaves more time to try
// again; smaller costs fewer renewals. Chosen by judgement; not measured.
inline constexpr int kRenewalPart = 2;

// A renewal that failed is tried again after one part in so many of the lease. Larger finds a store
// that works again sooner; smaller asks a store in trouble less. Chosen by judgement; not measured.
inline constexpr int kRenewalRetryPart = 10;

// Giving back or parking is tried so often while the store is unavailable, with this delay. More
// and longer spare the message its wait for the end of the lease; fewer and shorter free the thread
// sooner. Chosen by judgement; not measured.
inline constexpr int kEndLeaseAttemptsMax = 5;
inline constexpr std::chrono::milliseconds kEndLeaseRetryDelay{100};

// --- A store in trouble -------------------------------------------------------------------------

// Until a pull loop tries again: doubling from the first to the last. Shorter goes on sooner once
// the store works; longer asks a store in trouble less. Chosen by judgement; not measured.
inline constexpr std::chrono::milliseconds kPullBackoffFirst{20};
inline constexpr std::chrono::milliseconds kPullBackoffMax{10'000};

// One Dequeue of a pull loop waits this long for work, then looks around and goes on. It is woken
// for work and for a stop anyway, so it only has to be long. Chosen by judgement; not measured.
inline constexpr std::chrono::minutes kPullWait{10};

// Until the report of a result is tried again, as long as its lease holds. The same trade. Chosen
// by judgement; not measured.
inline constexpr std::chrono::milliseconds kReportRetryDelay{200};

}  // namespace duroxide::internal::tuning
