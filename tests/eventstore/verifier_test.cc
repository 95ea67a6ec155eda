// What the verifier finds: each way in which the records of a store may not fit together.

#include <gtest/gtest.h>

#include <string>

#include "tandem/base/key_encoding.h"
#include "tandem/eventstore/internal/event_keys.h"
#include "tandem/eventstore/internal/event_values.h"
#include "tandem/tests/eventstore/events_fixture.h"

namespace tandem {
namespace {

using internal::EncodeEvent;
using internal::EncodeFeedEntry;
using internal::EncodeHead;
using internal::EncodeTombstone;
using internal::EventKey;
using internal::FeedEntry;
using internal::FeedKey;
using internal::Head;
using internal::HeadKey;
using internal::MetadataKey;
using internal::TombstoneKey;

class VerifierTest : public testing::EventsTest {
 protected:
  // Positions: a1 has 1, 2, 3 and 6; a2 has 4; b has 5; the deleted c had 7.
  VerifierTest() {
    Apply(AppendEvents{a1_, {"1", "2", "3"}});
    Apply(AppendEvents{a2_, {"4"}});
    Apply(AppendEvents{b_, {"5"}});
    Apply(AppendEvents{a1_, {"6"}});
    UpdateMetadata metadata;
    metadata.stream = {"only metadata", 7};
    metadata.set = {{"k", "v"}};
    Apply(metadata);
    Apply(AppendEvents{{"c", 3}, {"7"}});
    Apply(DeleteEntity{"c"});
  }

  void Put(const std::string& key, const std::string& value) {
    ASSERT_TRUE(db_->Put(rocksdb::WriteOptions(), family(), key, value).ok());
  }
  void Erase(const std::string& key) {
    ASSERT_TRUE(db_->Delete(rocksdb::WriteOptions(), family(), key).ok());
  }
  std::string Event(Position position) { return EncodeEvent(position, clock_.Now(), "x"); }

  // The store is damaged, and the message names what by `words`.
  void ExpectCorruption(const std::string& words) {
    const auto counts = events_.Verify(nullptr);
    ASSERT_EQ(counts.status().code(), StatusCode::kCorruption) << words;
    EXPECT_NE(counts.status().ToString().find(words), std::string::npos) << counts.status();
  }

  const StreamId a1_{"a", 1};
  const StreamId a2_{"a", 2};
  const StreamId b_{"b", 0};
};

TEST_F(VerifierTest, ASoundStoreIsCounted) {
  const auto counts = events_.Verify(nullptr);
  ASSERT_TRUE(counts.ok()) << counts.status();
  EXPECT_EQ(counts->entities, 3U);
  EXPECT_EQ(counts->streams, 4U);
  EXPECT_EQ(counts->events, 6U);

  Apply(DeletePartition{a1_});
  const auto later = events_.Verify(nullptr);
  ASSERT_TRUE(later.ok()) << later.status();
  EXPECT_EQ(later->entities, 3U);
  EXPECT_EQ(later->streams, 3U);
  EXPECT_EQ(later->events, 2U);
}

TEST_F(VerifierTest, AnEmptyStoreIsSound) {
  for (const char* entity : {"a", "b", "only metadata"}) Apply(DeleteEntity{entity});
  const auto counts = events_.Verify(nullptr);
  ASSERT_TRUE(counts.ok()) << counts.status();
  EXPECT_EQ(counts->entities + counts->streams + counts->events, 0U);
}

TEST_F(VerifierTest, AMissingEventIsFound) {
  Erase(EventKey(a1_, 2));
  ExpectCorruption("event 2 of stream (a, 1)");
  const auto page = events_.Read(a1_, {});
  EXPECT_EQ(page.status().code(), StatusCode::kCorruption);
  EXPECT_EQ(events_.ReadAll(0, {})->next, 1U);
  EXPECT_EQ(events_.ReadAll(1, {}).status().code(), StatusCode::kCorruption);
}

TEST_F(VerifierTest, AMissingLastEventIsFound) {
  Erase(EventKey(b_, 1));
  ExpectCorruption("event 1 of stream (b, 0)");
}

TEST_F(VerifierTest, AnEventBeyondTheHeadIsFound) {
  Put(EventKey(a1_, 5), Event(8));
  ExpectCorruption("an event without a head");
}

TEST_F(VerifierTest, AnEventWithoutAHeadIsFound) {
  Put(EventKey({"z", 0}, 1), Event(8));
  ExpectCorruption("an event without a head");
}

TEST_F(VerifierTest, AnUnreadableRecordIsFound) {
  Put(EventKey(a1_, 2), "nonsense");
  ExpectCorruption("event 2 of stream (a, 1)");
}

TEST_F(VerifierTest, APositionThatDoesNotAscendIsFound) {
  Put(EventKey(a1_, 3), Event(1));
  ExpectCorruption("event 3 of stream (a, 1)");
}

TEST_F(VerifierTest, AnEventThatTheFeedDoesNotListIsFound) {
  Put(EventKey(b_, 1), Event(4));
  ExpectCorruption("event 1 of stream (b, 0)");
}

TEST_F(VerifierTest, AMissingFeedEntryIsFound) {
  Erase(FeedKey(6));
  ExpectCorruption("event 4 of stream (a, 1)");
}

TEST_F(VerifierTest, AHoleInTheFeedIsFoundWhereNothingIsLeftOfIt) {
  Apply(DeletePartition{a1_});
  Erase(FeedKey(3));
  ExpectCorruption("feed entry 4");
}

TEST_F(VerifierTest, AFeedEntryForWhatIsListedAlreadyIsFound) {
  Put(FeedKey(8), EncodeFeedEntry(FeedEntry{b_, 1, 1}));
  ExpectCorruption("lists 7 events, but there are 6");
}

TEST_F(VerifierTest, AFeedEntryOfAStreamThatNeverWasIsFound) {
  Put(FeedKey(8), EncodeFeedEntry(FeedEntry{{"z", 0}, 1, 1}));
  ExpectCorruption("feed entry 8");
}

TEST_F(VerifierTest, AFeedEntryBeyondTheHeadIsFound) {
  Put(FeedKey(8), EncodeFeedEntry(FeedEntry{b_, 2, 1}));
  ExpectCorruption("feed entry 8");
}

TEST_F(VerifierTest, ALatestPartitionThatIsDeletedIsFound) {
  Erase(EventKey(a2_, 1));
  Put(HeadKey(a2_), EncodeHead(Head{1, 1, true}));
  ExpectCorruption("head of stream (a, 2)");
  EXPECT_EQ(events_.LatestPartition("a").status().code(), StatusCode::kCorruption);
}

TEST_F(VerifierTest, MetadataOfADeletedPartitionIsFound) {
  Apply(DeletePartition{a1_});
  Put(MetadataKey(a1_, "k"), "v");
  ExpectCorruption("stream (a, 1)");
}

TEST_F(VerifierTest, WhatStandsBelowATombstoneIsFound) {
  Put(TombstoneKey("a"), EncodeTombstone(1));
  ExpectCorruption("stream (a, 1)");
}

TEST_F(VerifierTest, MetadataBelowATombstoneIsFound) {
  Put(MetadataKey({"c", 3}, "k"), "v");
  ExpectCorruption("stream (c, 3)");
}

TEST_F(VerifierTest, AHeadThatMakesNoSenseIsFound) {
  Put(HeadKey(b_), EncodeHead(Head{1, 3, false}));
  ExpectCorruption("head of stream (b, 0)");
}

TEST_F(VerifierTest, AKeyOfAnUnknownKindIsFound) {
  for (const char* key : {"A", "G", "N", "Z"}) {
    Put(key, "");
    ExpectCorruption("a key of an unknown kind");
    Erase(key);
  }
}

}  // namespace
}  // namespace tandem
