// Waiting for the next event of a stream, with and without a thread (R8, R9).

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tandem/tests/provider_conformance/internal/conformance_test.h"

namespace tandem::conformance {

CONFORMANCE_CHAPTER(Tail)

namespace {

class TailTest : public ConformanceTest {
 protected:
  auto BlockedRead(const ReadOptions& options, std::size_t others = 0) {
    return Blocked([this, options] { return Page(a_, options); }, others);
  }

  const StreamId a_{"a", 0};
  const StreamId other_{"a", 1};
};

CONFORMANCE_CASE(Tail, AnAppendEndsAWait, Shows("R8")) {
  auto page = BlockedRead({.wait = kHour});
  Append(a_, {"1"});
  EXPECT_EQ(TextsOf(page.get()), Texts{"1"});
}

CONFORMANCE_CASE(Tail, WhatIsThereIsReturnedAtOnce, Shows("R8")) {
  Append(a_, {"1", "2"});
  EXPECT_EQ(TextsOf(Page(a_, {.from = 2, .wait = kHour})), Texts{"2"});
}

CONFORMANCE_CASE(Tail, OnlyAnEventAtFromOrBehindEndsAWait, Shows("R8")) {
  Append(a_, {"1"});
  auto page = BlockedRead({.from = 3, .wait = kHour});
  Append(a_, {"2"});
  Append(other_, {"x", "y", "z"});
  SetMetadata(a_, {{"k", "v"}});
  EXPECT_FALSE(IsReady(page));
  Append(a_, {"3"});
  EXPECT_EQ(TextsOf(page.get()), Texts{"3"});
}

CONFORMANCE_CASE(Tail, AWaitEndsWithItsTime, Shows("R8")) {
  auto page = BlockedRead({.from = 5, .wait = kSecond});
  Append(a_, {"1"});
  clock().Advance(kSecond - kMicrosecond);
  EXPECT_FALSE(IsReady(page));
  clock().Advance(kMicrosecond);
  const EventPage ended = page.get();
  EXPECT_TRUE(ended.events.empty());
  EXPECT_EQ(ended.next, 5U);
  EXPECT_EQ(ended.head, 1U) << "the page is as it is now";
}

CONFORMANCE_CASE(Tail, AStopEndsAWait, Shows("R8")) {
  std::stop_source stop;
  auto page = BlockedRead({.wait = kHour, .stop = stop.get_token()});
  stop.request_stop();
  EXPECT_TRUE(page.get().events.empty());
  EXPECT_TRUE(Page(a_, {.wait = kHour, .stop = stop.get_token()}).events.empty())
      << "a stop that came before lets nothing wait";
  Append(a_, {"1"});
  EXPECT_EQ(TextsOf(Page(a_, {.wait = kHour, .stop = stop.get_token()})), Texts{"1"});
}

CONFORMANCE_CASE(Tail, ADeletionEndsAWait, Shows("R8", "X6")) {
  const StreamId later{"a", 2};
  Append(a_, {"1"});
  Append(other_, {"x"});
  auto pruned = BlockedRead({.from = 2, .wait = kHour});
  auto never = Blocked([&] { return Page(later, {.wait = kHour}); }, 1);
  DeleteStream(a_);
  EXPECT_TRUE(pruned.get().deleted);
  EXPECT_FALSE(IsReady(never));
  Append(later, {"y"});
  EXPECT_FALSE(never.get().deleted);

  auto tail = Blocked([&] { return Page(later, {.from = 2, .wait = kHour}); });
  Commit({DeleteEntity{"a"}});
  EXPECT_TRUE(tail.get().deleted);
  EXPECT_TRUE(Page(other_, {.wait = kHour}).deleted) << "nobody waits for what can't come";
  EXPECT_FALSE(Page({"a", 3}).deleted) << "the next life";
}

CONFORMANCE_CASE(Tail, ABackwardReadDoesNotWait, Shows("R8")) {
  EXPECT_TRUE(Page(a_, {.direction = Direction::kBackward, .wait = kHour}).events.empty());
}

CONFORMANCE_CASE(Tail, TheLongestTimeIsAWaitToo, Shows("R8")) {
  auto page = BlockedRead({.wait = std::chrono::milliseconds::max()});
  clock().Advance(kHour * 24 * 365);
  Append(a_, {"1"});
  EXPECT_EQ(TextsOf(page.get()), Texts{"1"});
}

CONFORMANCE_CASE(Tail, AllWhoWaitForAnEventGetIt, Shows("R8")) {
  std::vector<std::future<EventPage>> pages;
  for (std::size_t i = 0; i < 5; ++i) pages.push_back(BlockedRead({.wait = kHour}, i));
  Append(a_, {"1"});
  for (auto& page : pages) EXPECT_EQ(TextsOf(page.get()), Texts{"1"});
}

CONFORMANCE_CASE(Tail, AFollowerMissesNothing, Shows("R8")) {
  constexpr int kEvents = 300;
  auto follower = std::async(std::launch::async, [this] {
    Texts seen;
    while (seen.size() < kEvents) {
      const EventPage page = Page(a_, {.from = seen.size() + 1, .wait = kHour});
      for (const Event& event : page.events) seen.push_back(event.payload);
    }
    return seen;
  });
  for (const std::string& payload : Numbered("", kEvents)) Append(a_, {payload});
  EXPECT_EQ(follower.get(), Numbered("", kEvents));
}

CONFORMANCE_CASE(Tail, AnAsynchronousReadCallsBackOnce, Shows("R9").Needs(Part::kAsynchronous)) {
  Append(a_, {"1"});
  const auto found = ReadLater(a_, {});
  const auto empty = ReadLater(a_, {.from = 2});
  const auto waited = ReadLater(a_, {.from = 2, .wait = kHour});
  EXPECT_EQ(TextsOf(Must(found.Get())), Texts{"1"});
  EXPECT_TRUE(Must(empty.Get()).events.empty());
  Append(a_, {"2"});
  EXPECT_EQ(TextsOf(Must(waited.Get())), Texts{"2"});
  Close();
  for (const auto& answer : {found, empty, waited}) {
    EXPECT_EQ(answer.count(), 1U);
    EXPECT_FALSE(answer.came_within_the_call());
  }
}

CONFORMANCE_CASE(Tail, AnAsynchronousPageIsThatOfRead, Shows("R9").Needs(Part::kAsynchronous)) {
  Append(a_, {"1", "2", "3"});
  Append(other_, {"latest"});
  const EventPage page = Must(ReadLater(a_, {.from = 2, .max_events = 1}).Get());
  EXPECT_EQ(TextsOf(page), Texts{"2"});
  EXPECT_EQ(page.next, 3U);
  EXPECT_EQ(page.head, 3U);
  const ReadOptions backward{.from = 0, .direction = Direction::kBackward, .wait = kHour};
  EXPECT_EQ(TextsOf(Must(ReadLater({"none", 0}, backward).Get())), Texts()) << "it does not wait";
  DeleteStream(a_);
  EXPECT_TRUE(Must(ReadLater(a_, {.from = 4, .wait = kHour}).Get()).deleted)
      << "nobody waits for what can't come";
}

// A follower without a thread.
CONFORMANCE_CASE(Tail, ACallbackMayStartTheNextRead, Shows("R9").Needs(Part::kAsynchronous)) {
  constexpr int kLast = 50;
  const Answer<Texts> followed([this](Answer<Texts>::Callback done) {
    struct Follower : std::enable_shared_from_this<Follower> {
      Provider* store = nullptr;
      StreamId stream;
      Answer<Texts>::Callback done;
      Texts seen;

      void Next(Version from) {
        store->ReadAsync(stream, {.from = from, .wait = kHour},
                         [self = shared_from_this()](auto page) {
                           if (!page.ok()) return self->done(page.status());
                           for (const Event& event : page->events)
                             self->seen.push_back(event.payload);
                           if (self->seen.size() >= kLast) return self->done(self->seen);
                           self->Next(page->next);
                         });
      }
    };
    const auto follower = std::make_shared<Follower>();
    follower->store = &store();
    follower->stream = a_;
    follower->done = std::move(done);
    follower->Next(1);
  });
  for (const std::string& payload : Numbered("", kLast)) Append(a_, {payload});
  EXPECT_EQ(Must(followed.Get()), Numbered("", kLast));
}

CONFORMANCE_CASE(Tail, AnAsynchronousReadIsToldOfABadArgument,
                 Shows("R9").Needs(Part::kAsynchronous)) {
  const auto answer = ReadLater(a_, {.from = 0});
  EXPECT_EQ(Code(answer.Get()), StatusCode::kInvalidArgument);
  EXPECT_FALSE(answer.came_within_the_call());
}

CONFORMANCE_CASE(Tail, AnAsynchronousWaitEndsWithItsTimeOrByAStop,
                 Shows("R9", "R8").Needs(Part::kAsynchronous)) {
  std::stop_source stop;
  const auto timed = ReadLater(a_, {.wait = kSecond});
  const auto stopped = ReadLater(a_, {.wait = kHour, .stop = stop.get_token()});
  clock().Advance(kSecond);
  EXPECT_TRUE(Must(timed.Get()).events.empty());
  EXPECT_EQ(stopped.count(), 0U);
  stop.request_stop();
  EXPECT_TRUE(Must(stopped.Get()).events.empty());
  EXPECT_TRUE(Must(ReadLater(a_, {.wait = kHour, .stop = stop.get_token()}).Get()).events.empty());
}

CONFORMANCE_CASE(Tail, AThousandWaitAtOnceAndEachIsAnsweredOnce,
                 Shows("R9").Needs(Part::kAsynchronous)) {
  constexpr std::uint64_t kStreams = 100;
  std::vector<Answer<EventPage>> answers;
  for (std::uint64_t i = 0; i < 1000; ++i) {
    answers.push_back(ReadLater({"many", i % kStreams}, {.wait = kHour}));
  }
  for (std::uint64_t i = 0; i < kStreams; ++i) Append({"many", i}, {std::to_string(i)});
  for (std::size_t i = 0; i < answers.size(); ++i) {
    ASSERT_EQ(TextsOf(Must(answers[i].Get())), Texts{std::to_string(i % kStreams)});
  }
  Close();
  for (const auto& answer : answers) ASSERT_EQ(answer.count(), 1U);
}

CONFORMANCE_CASE(Tail, ClosingEndsAsynchronousWaits, Shows("R9").Needs(Part::kAsynchronous)) {
  const auto waiting = ReadLater(a_, {.wait = kHour});
  const auto forever = ReadLater(a_, {.wait = std::chrono::milliseconds::max()});
  Close();
  for (const auto& answer : {waiting, forever}) {
    EXPECT_EQ(answer.count(), 1U) << "nobody calls back after the store is gone";
    EXPECT_EQ(Code(answer.Get()), StatusCode::kCancelled);
  }
}

}  // namespace
}  // namespace tandem::conformance
