// What Append promises: versions without gaps, expected versions, binary safety.

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/limits.h"
#include "tests/support/store_fixture.h"

namespace tandem {
namespace {

class AppendTest : public testing::StoreTest {
 protected:
  Result<AppendResult> AppendIf(const Expected& expected, std::vector<std::string> events) {
    return store_->Append(stream_, std::move(events), AppendOptions{.expected = expected});
  }

  const StreamId stream_{"account-1", 0};
};

TEST_F(AppendTest, VersionsAndPositionsAreConsecutive) {
  const auto first = store_->Append(stream_, {"a", "b", "c"});
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_EQ(first->first, 1U);
  EXPECT_EQ(first->last, 3U);
  EXPECT_EQ(first->position, 3U);
  const auto other = store_->Append({"account-2", 0}, {"x", "y"});
  ASSERT_TRUE(other.ok()) << other.status();
  EXPECT_EQ(other->first, 1U);
  EXPECT_EQ(other->position, 5U);
  const auto second = store_->Append(stream_, {"d"});
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_EQ(second->first, 4U);
  EXPECT_EQ(second->last, 4U);
  EXPECT_EQ(second->position, 6U);

  const auto page = store_->Read(stream_, {});
  ASSERT_EQ(page->events.size(), 4U);
  const std::vector<Position> positions = {1, 2, 3, 6};
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(page->events[i].version, i + 1);
    EXPECT_EQ(page->events[i].position, positions[i]);
  }
}

TEST_F(AppendTest, PositionsGoOnAfterReopen) {
  ASSERT_TRUE(store_->Append(stream_, {"a", "b"}).ok());
  Reopen();
  const auto appended = store_->Append(stream_, {"c"});
  ASSERT_TRUE(appended.ok()) << appended.status();
  EXPECT_EQ(appended->first, 3U);
  EXPECT_EQ(appended->position, 3U);
}

TEST_F(AppendTest, EventsBearTheTimeOfTheirAppend) {
  const Timestamp start = clock_.Now();
  ASSERT_TRUE(store_->Append(stream_, {"a"}).ok());
  clock_.Advance(std::chrono::microseconds(1));
  ASSERT_TRUE(store_->Append(stream_, {"b"}).ok());
  const auto page = store_->Read(stream_, {});
  EXPECT_EQ(page->events[0].appended_at, start);
  EXPECT_EQ(page->events[1].appended_at, start + std::chrono::microseconds(1));
}

TEST_F(AppendTest, AnyHoldsForEveryStream) {
  EXPECT_TRUE(AppendIf(Expected::Any(), {"a"}).ok());
  EXPECT_TRUE(AppendIf(Expected::Any(), {"b"}).ok());
}

TEST_F(AppendTest, NoStreamHoldsOnlyBeforeTheFirstEvent) {
  EXPECT_TRUE(AppendIf(Expected::NoStream(), {"a"}).ok());
  const auto again = AppendIf(Expected::NoStream(), {"b"});
  ASSERT_EQ(again.status().code(), StatusCode::kConflict) << again.status();
  ASSERT_NE(again.status().conflict(), nullptr);
  EXPECT_EQ(again.status().conflict()->actual, 1U);
  EXPECT_EQ(store_->Read(stream_, {})->head, 1U);
}

TEST_F(AppendTest, ExistsHoldsOnlyAfterTheFirstEvent) {
  const auto early = AppendIf(Expected::Exists(), {"a"});
  ASSERT_EQ(early.status().code(), StatusCode::kConflict) << early.status();
  EXPECT_EQ(early.status().conflict()->actual, 0U);
  EXPECT_TRUE(AppendIf(Expected::Any(), {"a"}).ok());
  EXPECT_TRUE(AppendIf(Expected::Exists(), {"b"}).ok());
}

TEST_F(AppendTest, ExactlyHoldsForThatVersionOnly) {
  EXPECT_TRUE(AppendIf(Expected::Exactly(0), {"a", "b"}).ok());
  for (const Version wrong : {Version{0}, Version{1}, Version{3}, kVersionMax}) {
    const auto refused = AppendIf(Expected::Exactly(wrong), {"c"});
    ASSERT_EQ(refused.status().code(), StatusCode::kConflict) << wrong;
    EXPECT_EQ(refused.status().conflict()->actual, 2U);
  }
  const auto appended = AppendIf(Expected::Exactly(2), {"c"});
  ASSERT_TRUE(appended.ok()) << appended.status();
  EXPECT_EQ(appended->last, 3U);
}

TEST_F(AppendTest, MetadataAloneMakesNoStream) {
  ASSERT_TRUE(store_->AtomicBatch({UpdateMetadata{stream_, {{"k", "v"}}, {}}}).ok());
  EXPECT_TRUE(AppendIf(Expected::NoStream(), {"a"}).ok());
}

TEST_F(AppendTest, AnEmptyListOfEventsIsAPureCheck) {
  const auto nothing = AppendIf(Expected::NoStream(), {});
  ASSERT_TRUE(nothing.ok()) << nothing.status();
  EXPECT_EQ(nothing->first, 1U);
  EXPECT_EQ(nothing->last, 0U);
  EXPECT_EQ(nothing->position, 0U);
  EXPECT_FALSE(store_->LatestPartition(stream_.entity)->has_value());

  ASSERT_TRUE(store_->Append(stream_, {"a", "b"}).ok());
  const auto checked = AppendIf(Expected::Exactly(2), {});
  ASSERT_TRUE(checked.ok()) << checked.status();
  EXPECT_EQ(checked->first, 3U);
  EXPECT_EQ(checked->last, 2U);
  EXPECT_EQ(checked->position, 0U);
  EXPECT_EQ(AppendIf(Expected::Exactly(1), {}).status().code(), StatusCode::kConflict);
  EXPECT_EQ(store_->Append(stream_, {"c"})->position, 3U) << "a check takes no position";
}

TEST_F(AppendTest, NamesAndPayloadsAreBinary) {
  std::string all_bytes;
  for (int byte = 0; byte < 256; ++byte) all_bytes.push_back(static_cast<char>(byte));
  const std::vector<std::string> names = {std::string(1, '\0'),
                                          std::string(2, '\0'),
                                          std::string("\0\1", 2),
                                          std::string("\0\xFF", 2),
                                          std::string(1, '\xFF'),
                                          "\xFF\xFF",
                                          "a",
                                          std::string("a\0", 2),
                                          std::string("a\0\1b", 4),
                                          "a\xFF",
                                          all_bytes};
  for (const std::string& name : names) {
    ASSERT_TRUE(store_->Append({name, 7}, {name, "", all_bytes + name}).ok());
  }
  for (int round = 0; round < 2; ++round) {
    for (const std::string& name : names) {
      const auto page = store_->Read({name, 7}, {});
      ASSERT_TRUE(page.ok()) << page.status();
      ASSERT_EQ(page->events.size(), 3U);
      EXPECT_EQ(page->events[0].payload, name);
      EXPECT_EQ(page->events[1].payload, "");
      EXPECT_EQ(page->events[2].payload, all_bytes + name);
      EXPECT_EQ(store_->LatestPartition(name)->value().partition, 7U);
    }
    Reopen();
  }
}

TEST_F(AppendTest, StreamsOfOneEntityAndOfItsPrefixesAreApart) {
  const std::vector<StreamId> streams = {
      {"a", 0}, {"a", 1}, {"a", 256}, {"a", kVersionMax}, {"aa", 0}, {std::string("a\0", 2), 0},
      {"b", 0}};
  for (std::size_t i = 0; i < streams.size(); ++i) {
    ASSERT_TRUE(
        store_->Append(streams[i], std::vector<std::string>(i + 1, std::to_string(i))).ok());
  }
  for (std::size_t i = 0; i < streams.size(); ++i) {
    for (const Direction direction : {Direction::kForward, Direction::kBackward}) {
      const auto page = store_->Read(streams[i], ReadOptions{.direction = direction});
      ASSERT_TRUE(page.ok()) << page.status();
      EXPECT_EQ(page->head, i + 1);
      ASSERT_EQ(page->events.size(), i + 1);
      for (const Event& event : page->events) EXPECT_EQ(event.payload, std::to_string(i));
    }
  }
}

TEST_F(AppendTest, BadNamesAndSizesAreRefused) {
  EXPECT_EQ(store_->Append({"", 0}, {"a"}).status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(store_->Append({std::string(kNameBytesMax + 1, 'n'), 0}, {"a"}).status().code(),
            StatusCode::kTooLarge);
  EXPECT_EQ(store_->Append(stream_, {"a", std::string(kPayloadBytesMax + 1, 'p')}).status().code(),
            StatusCode::kTooLarge);
  EXPECT_EQ(store_->Read(stream_, {})->head, 0U);
  EXPECT_TRUE(store_->Append({std::string(kNameBytesMax, 'n'), 0}, {"a"}).ok());
}

TEST_F(AppendTest, TheLargestPayloadComesBack) {
  const std::string payload(kPayloadBytesMax, 'p');
  ASSERT_TRUE(store_->Append(stream_, {payload}).ok());
  Reopen();
  const auto page = store_->Read(stream_, {});
  ASSERT_TRUE(page.ok()) << page.status();
  ASSERT_EQ(page->events.size(), 1U);
  EXPECT_TRUE(page->events[0].payload == payload);
}

TEST_F(AppendTest, BufferedAppendsAreReadAtOnceAndFlushedLater) {
  const RocksDbStats before = store_->Stats();
  ASSERT_TRUE(
      store_->Append(stream_, {"a"}, AppendOptions{.durability = Durability::kBuffered}).ok());
  EXPECT_EQ(store_->Read(stream_, {})->head, 1U);
  EXPECT_EQ(store_->Stats().flushes, before.flushes);
  ASSERT_TRUE(store_->Flush().ok());
  EXPECT_EQ(store_->Stats().flushes, before.flushes + 1);
}

}  // namespace
}  // namespace tandem
