// Statistics of queues: exact, in every state, and equal to a recount (A2).

#include <array>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "tandem/tests/provider_conformance/internal/conformance_test.h"
#include "tandem/tests/support/random_seed.h"

namespace tandem::conformance {

CONFORMANCE_CHAPTER(Statistics)

namespace {

class StatisticsTest : public ConformanceTest {
 protected:
  QueueStatistics Of(const std::string& queue) { return Must(admin().Statistics(queue)); }

  void ExpectCounts(std::uint64_t ready, std::uint64_t delayed, std::uint64_t leased) {
    const QueueStatistics found = Of(kQueue);
    EXPECT_EQ(found.ready, ready);
    EXPECT_EQ(found.delayed, delayed);
    EXPECT_EQ(found.leased, leased);
    EXPECT_EQ(found.messages(), ready + delayed + leased);
  }

  // What Browse shows, counted.
  QueueStatistics Recount(const std::string& queue) {
    QueueStatistics counted;
    std::optional<Timestamp> oldest;
    std::string after;
    do {
      const BrowsePage page = Must(admin().Browse(queue, {.after = after, .limit = 7}));
      for (const BrowsedMessage& message : page.messages) {
        if (message.state == MessageState::kDelayed) ++counted.delayed;
        if (message.state == MessageState::kLeased) ++counted.leased;
        if (message.state != MessageState::kReady) continue;
        ++counted.ready;
        if (!oldest.has_value() || message.visible_at < *oldest) oldest = message.visible_at;
      }
      after = page.next;
    } while (!after.empty());
    if (oldest.has_value()) counted.oldest_age = clock().Now() - *oldest;
    return counted;
  }

  void ExpectEqualToARecount(const std::string& queue) {
    const QueueStatistics told = Of(queue);
    const QueueStatistics counted = Recount(queue);
    ASSERT_EQ(told.ready, counted.ready) << queue;
    ASSERT_EQ(told.delayed, counted.delayed) << queue;
    ASSERT_EQ(told.leased, counted.leased) << queue;
    ASSERT_EQ(told.dead, Recount(DeadLetterQueue(queue)).messages()) << queue;
    ASSERT_EQ(told.oldest_age, counted.oldest_age) << queue;
  }
};

CONFORMANCE_CASE(Statistics, OfAnUnknownQueueAreZero, Shows("A2").Needs(Part::kAdmin)) {
  ExpectCounts(0, 0, 0);
  EXPECT_EQ(Of(kQueue).dead, 0U);
  EXPECT_EQ(Of(kQueue).oldest_age, std::nullopt);
  EXPECT_EQ(Code(admin().Statistics("")), StatusCode::kInvalidArgument);
}

CONFORMANCE_CASE(Statistics, EachMessageIsReadyDelayedOrLeased, Shows("A2").Needs(Part::kAdmin)) {
  Put(kQueue, "1");
  Put(kQueue, "2");
  Put(kQueue, "3", {.delay = kMinute});
  ExpectCounts(2, 1, 0);
  const Delivery held = TakeOne(kQueue, {.lease = kSecond});
  ExpectCounts(1, 1, 1);
  clock().Advance(kSecond);
  ExpectCounts(2, 1, 0);
  Abandon(held.lock_token, {.delay = kHour});
  ExpectCounts(1, 2, 0);
  clock().Advance(kMinute - kSecond);
  ExpectCounts(2, 1, 0);
  clock().Advance(kHour);
  ExpectCounts(3, 0, 0);
  for (const Delivery& delivery : Drain(kQueue)) Ack(delivery.lock_token);
  ExpectCounts(0, 0, 0);
}

CONFORMANCE_CASE(Statistics, MembersOfAGroupAreCountedOneByOne, Shows("A2").Needs(Part::kAdmin)) {
  for (const std::string& payload : Numbered("", 4)) PutIn("g", payload);
  PutIn("g", "later", kMinute);
  const Deliveries two = Take(kQueue, {.max_messages = 2});
  ExpectCounts(2, 1, 2);
  Abandon(two.at(0).lock_token, {.delay = kSecond});
  ExpectCounts(0, 5, 0);
  clock().Advance(kSecond);
  ExpectCounts(4, 1, 0);
}

CONFORMANCE_CASE(Statistics, ADelayedGroupIsDelayedWhole, Shows("A2", "L6").Needs(Part::kAdmin)) {
  PutIn("g", "1");
  PutIn("g", "2", kSecond);
  PutIn("h", "of another group", kHour);
  const Delivery held = TakeOne(kQueue);
  ExpectCounts(0, 2, 1);
  Abandon(held.lock_token, {.delay = kMinute});
  ExpectCounts(0, 3, 0);
  clock().Advance(kSecond);
  ExpectCounts(0, 3, 0);
  clock().Advance(kMinute);
  ExpectCounts(2, 1, 0);
}

CONFORMANCE_CASE(Statistics, TheOldestMayStandBehindALeasedMember,
                 Shows("A2", "D4").Needs(Part::kAdmin)) {
  PutIn("g", "1");
  TakeOne(kQueue, {.lease = kHour});
  clock().Advance(kSecond);
  PutIn("g", "2");
  clock().Advance(kSecond);
  Put(kQueue, "alone");
  clock().Advance(kSecond);
  EXPECT_EQ(Of(kQueue).oldest_age, 2 * kSecond);
}

CONFORMANCE_CASE(Statistics, OldestAgeIsThatOfTheLongestVisible, Shows("A2").Needs(Part::kAdmin)) {
  Put(kQueue, "1");
  Put(kQueue, "delayed", {.delay = kSecond});
  clock().Advance(kMinute);
  Put(kQueue, "new");
  EXPECT_EQ(Of(kQueue).oldest_age, kMinute);
  TakeOne(kQueue);
  EXPECT_EQ(Of(kQueue).oldest_age, kMinute - kSecond) << "since it was visible";
  TakeOne(kQueue);
  EXPECT_EQ(Of(kQueue).oldest_age, 0 * kSecond);
  TakeOne(kQueue);
  EXPECT_EQ(Of(kQueue).oldest_age, std::nullopt);
}

CONFORMANCE_CASE(Statistics, DeadCountsWhatIsInTheDeadLetterQueue,
                 Shows("A2", "P1").Needs(Part::kAdmin)) {
  Put(kQueue, "x");
  Abandon(TakeOne(kQueue).lock_token);
  Take(kQueue, {.max_deliveries = 1});
  ExpectCounts(0, 0, 0);
  EXPECT_EQ(Of(kQueue).dead, 1U);
  EXPECT_EQ(Of(DeadLetterQueue(kQueue)).ready, 1U);
  Put(DeadLetterQueue(kQueue), "y", {.delay = kHour});
  EXPECT_EQ(Of(kQueue).dead, 2U) << "whatever their state";
}

CONFORMANCE_CASE(Statistics, HoldOverReopen,
                 Shows("A2", "L9").Needs(Part::kAdmin).Needs(Part::kReopen)) {
  Put(kQueue, "1");
  PutIn("g", "2");
  PutIn("g", "3");
  Put(kQueue, "4", {.delay = kHour});
  Drain(kQueue);
  ExpectCounts(0, 1, 3);
  Reopen();
  ExpectCounts(3, 1, 0);
}

// Random operations on few queues, groups and keys, so that they meet.
CONFORMANCE_CASE(Statistics, EqualARecountAfterRandomOperations,
                 Shows("A2", "A3").Needs(Part::kAdmin).Needs(Part::kReopen)) {
  std::mt19937_64 random(testing::TestSeed());
  const auto below = [&random](std::uint64_t end) { return random() % end; };
  const Texts queues = {"a", "b", DeadLetterQueue("a")};
  const Texts groups = {"", "", "g", "h"};
  const Texts keys = {"", "", "k1", "k2", "k3"};
  std::vector<LockToken> tokens;
  for (int step = 1; step <= 600; ++step) {
    const std::string& queue = queues[below(queues.size())];
    switch (below(10)) {
      case 0:
      case 1:
      case 2:
        Put(queue, std::to_string(step),
            {.delay = kSecond * static_cast<int>(below(3)),
             .group = groups[below(groups.size())],
             .key = keys[below(keys.size())]});
        break;
      case 3:
      case 4:
        for (const Delivery& delivery :
             Take(queue, {.lease = kSecond * static_cast<int>(1 + below(5)),
                          .max_messages = 1 + below(3),
                          .max_deliveries = static_cast<std::uint32_t>(below(4))})) {
          tokens.push_back(delivery.lock_token);
        }
        break;
      case 5:
      case 6:
        if (tokens.empty()) break;
        std::swap(tokens[below(tokens.size())], tokens.back());
        if (below(2) == 0) {
          (void)store().Ack(tokens.back());  // lost or not
        } else {
          (void)store().Abandon(tokens.back(), {.delay = kSecond * static_cast<int>(below(3)),
                                                .count = below(2) == 0});
        }
        tokens.pop_back();
        break;
      case 7:
        Cancel(queue, keys[2 + below(3)]);
        break;
      case 8:
        if (below(4) == 0) Commit({DeleteGroup{queue, groups[2 + below(2)]}});
        if (below(8) == 0) Must(admin().Redrive("a"));
        if (below(40) == 0) Reopen();
        break;
      default:
        clock().Advance(kSecond * static_cast<int>(below(3)));
    }
    if (step % 10 != 0) continue;
    for (const std::string& each : queues) ExpectEqualToARecount(each);
    if (HasFatalFailure()) return;
  }
}

}  // namespace
}  // namespace tandem::conformance
