// The feed: all events of the store in one order (R11-R13).

#include <map>
#include <string>
#include <vector>

#include "tandem/tests/provider_conformance/internal/conformance_test.h"

namespace tandem::conformance {

CONFORMANCE_CHAPTER(Feed)

namespace {

class FeedTest : public ConformanceTest {
 protected:
  auto BlockedFeed(Position after, const FeedOptions& options) {
    return Blocked([this, after, options] { return Feed(after, options); });
  }

  const StreamId a_{"a", 0};
  const StreamId b_{Bytes("b\0"), 5};
};

CONFORMANCE_CASE(Feed, AnEmptyStoreHasAnEmptyFeed, Shows("R11").Needs(Part::kFeed)) {
  EXPECT_TRUE(Feed(0).events.empty());
  EXPECT_EQ(Feed(0).next, 0U);
  EXPECT_EQ(Feed(7).next, 7U);
  EXPECT_EQ(Feed(kVersionMax).next, kVersionMax);
}

CONFORMANCE_CASE(Feed, EventsOfAllStreamsComeInOrderOfPosition,
                 Shows("R11", "E7", "E8").Needs(Part::kFeed)) {
  Append(a_, {"a1"});
  clock().Advance(kSecond);
  Append(b_, {"b1", "b2"});
  Commit({AppendEvents{b_, {"b3"}}, AppendEvents{a_, {"a2"}}});
  const FeedPage page = Feed(0);
  EXPECT_EQ(TextsOf(page), (Texts{"a1", "b1", "b2", "b3", "a2"}));
  EXPECT_EQ(page.next, 5U);
  for (std::size_t i = 0; i < page.events.size(); ++i) {
    EXPECT_EQ(page.events[i].event.position, i + 1);
  }
  EXPECT_EQ(page.events[2].stream, b_);
  EXPECT_EQ(page.events[2].event.version, 2U);
  EXPECT_EQ(page.events[2].event.appended_at, clock().Now());
  EXPECT_EQ(TextsOf(Feed(3)), (Texts{"b3", "a2"}));
  EXPECT_TRUE(Feed(5).events.empty());
  EXPECT_EQ(Feed(5).next, 5U);
}

CONFORMANCE_CASE(Feed, ItIsTheSameAfterReopen,
                 Shows("R11").Needs(Part::kFeed).Needs(Part::kReopen)) {
  Append(a_, {"a1", "a2"});
  Append(b_, {"b1"});
  Reopen();
  EXPECT_EQ(TextsOf(Feed(0)), (Texts{"a1", "a2", "b1"}));
  Append(a_, {"a3"});
  EXPECT_EQ(TextsOf(Feed(3)), Texts{"a3"});
}

CONFORMANCE_CASE(Feed, PagesMayEndInsideOfAnAppend, Shows("R12").Needs(Part::kFeed)) {
  Append(a_, {"1", "2", "3", "4", "5"});
  Append(b_, {"6", "7"});
  for (const std::size_t limit : {1U, 2U, 3U, 100U}) {
    Texts all;
    for (Position after = 0; after < 7;) {
      const FeedPage page = Feed(after, {.limit = limit});
      ASSERT_GT(page.next, after);
      ASSERT_LE(page.events.size(), limit);
      for (const std::string& text : TextsOf(page)) all.push_back(text);
      after = page.next;
    }
    EXPECT_EQ(all, Numbered("", 7)) << "in pages of " << limit;
  }
}

CONFORMANCE_CASE(Feed, MaxBytesEndsAPageThatHasOneEvent, Shows("R12").Needs(Part::kFeed)) {
  Append(a_, {"12345", "12345", "1234567890"});
  EXPECT_EQ(Feed(0, {.max_bytes = 10}).events.size(), 2U);
  EXPECT_EQ(Feed(0, {.max_bytes = 9}).events.size(), 1U);
  EXPECT_EQ(TextsOf(Feed(2, {.max_bytes = 1})), Texts{"1234567890"});
  EXPECT_EQ(Code(store().ReadAll(0, {.limit = 0})), StatusCode::kInvalidArgument);
}

CONFORMANCE_CASE(Feed, PagesMovePastWhatWasDeleted, Shows("R11", "R12", "R14").Needs(Part::kFeed)) {
  Append(a_, {"1", "2"});
  Append(b_, {"3", "4"});
  Append({"gone", 0}, {"5", "6"});
  DeleteWhole("a");
  DeleteWhole("gone");
  const FeedPage page = Feed(0);
  EXPECT_EQ(TextsOf(page), (Texts{"3", "4"}));
  EXPECT_EQ(page.next, 6U) << "what is gone at the end, too";
  EXPECT_EQ(Feed(6).next, 6U);
  EXPECT_EQ(Feed(0, {.limit = 1}).next, 3U);
  EXPECT_EQ(Feed(3, {.limit = 1}).next, 4U);
  EXPECT_EQ(Feed(4, {.limit = 1}).next, 6U);
  EXPECT_EQ(Feed(4, {.limit = 1}).events.size(), 0U);
  EXPECT_EQ(Feed(0, {.max_bytes = 1}).next, 3U) << "the next event does not fit";
}

CONFORMANCE_CASE(Feed, AFollowerGetsThroughManyDeletedEvents,
                 Shows("R12", "R13", "R14").Needs(Part::kFeed)) {
  constexpr int kDeleted = 3000;
  Batch batch;
  for (int i = 0; i < kDeleted; ++i) {
    batch.Add(AppendEvents({"gone " + std::to_string(i), 0}, {"x"}));
  }
  Commit(std::move(batch));
  Append(a_, {"left"});
  Batch deletions;
  for (int i = 0; i < kDeleted; ++i) deletions.Add(DeleteEntity("gone " + std::to_string(i)));
  Commit(std::move(deletions));
  Texts found;
  Position after = 0;
  for (int pages = 0; found.empty(); ++pages) {
    ASSERT_LT(pages, kDeleted) << "most is passed over in a page";
    const FeedPage page = Feed(after, {.limit = 1});
    ASSERT_GT(page.next, after) << "each page moves";
    found = TextsOf(page);
    after = page.next;
  }
  EXPECT_EQ(found, Texts{"left"});
  EXPECT_EQ(TextsOf(Feed(0, {.wait = kHour})), Texts{"left"}) << "a wait goes on by itself";
  auto waiting = BlockedFeed(after, {.wait = kSecond});
  clock().Advance(kSecond);
  EXPECT_EQ(waiting.get().next, after);
}

CONFORMANCE_CASE(Feed, AWaitMayBeForever, Shows("R8", "R13").Needs(Part::kFeed)) {
  auto page = BlockedFeed(0, {.wait = std::chrono::hours::max()});
  clock().Advance(kHour);
  EXPECT_FALSE(IsReady(page));
  Append(a_, {"1"});
  EXPECT_EQ(TextsOf(page.get()), Texts{"1"});
  auto read = Blocked([this] { return Page(a_, {.from = 2, .wait = std::chrono::hours::max()}); });
  clock().Advance(kHour);
  EXPECT_FALSE(IsReady(read));
  Append(a_, {"2"});
  EXPECT_EQ(TextsOf(read.get()), Texts{"2"});
}

CONFORMANCE_CASE(Feed, AFollowerOfManyWritersMissesNothing,
                 Shows("R11", "R13").Needs(Part::kFeed)) {
  constexpr int kWriters = 4;
  constexpr Version kAppends = 60;
  constexpr Position kLast = kWriters * kAppends * 2;
  auto follower = std::async(std::launch::async, [&] {
    std::map<StreamId, Version> heads;
    for (Position after = 0; after < kLast;) {
      const FeedPage page = Feed(after, {.limit = 7, .wait = kHour});
      for (const FeedEvent& event : page.events) {
        ASSERT_EQ(event.event.position, ++after) << "an event was passed over";
        ASSERT_EQ(event.event.version, ++heads[event.stream]);
      }
      ASSERT_EQ(page.next, after);
    }
  });
  std::vector<std::future<void>> writers;
  for (int writer = 0; writer < kWriters; ++writer) {
    writers.push_back(std::async(std::launch::async, [&, writer] {
      for (Version i = 0; i < kAppends; ++i) {
        const Durability durability = i % 2 == 0 ? Durability::kSync : Durability::kBuffered;
        Commit({AppendEvents{{"own", static_cast<std::uint64_t>(writer)}, {"x"}},
                AppendEvents{{"shared", 0}, {"y"}}},
               {durability, {}});
      }
    }));
  }
  for (auto& writer : writers) writer.get();
  follower.get();
}

CONFORMANCE_CASE(Feed, AnEventOfAnyStreamEndsAWait, Shows("R13").Needs(Part::kFeed)) {
  Append(a_, {"old"});
  auto page = BlockedFeed(1, {.wait = kHour});
  SetMetadata(a_, {{"k", "v"}});
  Put(kQueue, "message");
  EXPECT_FALSE(IsReady(page));
  Append({"never seen", 8}, {"new"});
  EXPECT_EQ(TextsOf(page.get()), Texts{"new"});
}

CONFORMANCE_CASE(Feed, AWaitEndsWithItsTimeOrByAStop, Shows("R13").Needs(Part::kFeed)) {
  auto timed = BlockedFeed(0, {.wait = kSecond});
  clock().Advance(kSecond);
  EXPECT_TRUE(timed.get().events.empty());
  std::stop_source stop;
  auto stopped = BlockedFeed(0, {.wait = kHour, .stop = stop.get_token()});
  stop.request_stop();
  EXPECT_TRUE(stopped.get().events.empty());
  Append(a_, {"1"});
  EXPECT_EQ(TextsOf(Feed(0, {.wait = kHour})), Texts{"1"}) << "what is there is returned at once";
}

}  // namespace
}  // namespace tandem::conformance
