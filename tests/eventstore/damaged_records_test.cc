// Records of events under every key prefix, damaged in many ways: each leaves at most its own
// stream unreadable, every error is typed, and nothing loops or counts beyond the numbers.

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "tandem/base/rocks/commit_door.h"
#include "tandem/eventstore/internal/event_keys.h"
#include "tandem/eventstore/internal/event_values.h"
#include "tandem/tests/eventstore/events_fixture.h"

namespace tandem {
namespace {

using internal::EncodeFeedEntry;
using internal::EncodeHead;
using internal::EncodeTombstone;
using internal::EventKey;
using internal::FeedEntry;
using internal::FeedKey;
using internal::Head;
using internal::HeadKey;
using internal::MetadataKey;
using internal::RocksEventStore;
using internal::TombstoneKey;

// Writes each proposal by itself.
class PlainDoor final : public CommitDoor {
 public:
  explicit PlainDoor(rocksdb::DB* db) : db_(db) {}

  Status Commit(Proposal& proposal) override {
    Overlay overlay;
    rocksdb::WriteBatch batch;
    Staging staging(db_, nullptr, &overlay, &batch);
    TANDEM_RETURN_IF_ERROR(proposal.Stage(staging, Timestamp()));
    TANDEM_RETURN_IF_ERROR(FromRocks(db_->Write(rocksdb::WriteOptions(), &batch), "write"));
    proposal.Publish();
    return Status::Ok();
  }
  void CommitAsync(Proposal& proposal, std::function<void(Status)> done) override {
    done(Commit(proposal));
  }

 private:
  rocksdb::DB* const db_;
};

class DamagedRecordsTest : public testing::EventsTest {
 protected:
  using Records = std::map<std::string, std::string>;

  DamagedRecordsTest() {
    Apply(AppendEvents{{"a", 0}, {"1"}});
    Apply(AppendEvents{{"a", 1}, {"2", "3", "4"}});
    Apply(UpdateMetadata{{"a", 1}, {{"k", "v"}}});
    Apply(AppendEvents{{"a", 2}, {"5"}});
    Apply(DeletePartition{{"a", 0}});
    Apply(AppendEvents{{"dead", 3}, {"6"}});
    Apply(DeleteEntity{"dead"});
    Apply(UpdateMetadata{{"only metadata", 0}, {{"k", "v"}}});
    Apply(AppendEvents{canary_, {"7"}});
    Apply(AppendEvents{{"z", 0}, {"8"}});
    sound_ = ReadRecords();
  }

  Records ReadRecords() {
    Records records;
    const std::unique_ptr<rocksdb::Iterator> it(db_->NewIterator(rocksdb::ReadOptions(), family()));
    for (it->SeekToFirst(); it->Valid(); it->Next()) {
      records.emplace(it->key().ToString(), it->value().ToString());
    }
    return records;
  }

  void WriteRecords(const Records& records) {
    rocksdb::WriteBatch batch;
    for (const auto& [key, value] : ReadRecords()) ASSERT_TRUE(batch.Delete(key).ok());
    for (const auto& [key, value] : records) ASSERT_TRUE(batch.Put(key, value).ok());
    ASSERT_TRUE(db_->Write(rocksdb::WriteOptions(), &batch).ok());
  }

  // What bytes may turn into.
  static std::vector<std::string> Garbled(const std::string& bytes) {
    std::vector<std::string> garbled = {"", "x", std::string(8, '\0'), std::string(40, '\xFF'),
                                        bytes + std::string(8, '\0')};
    garbled.push_back(bytes.substr(0, bytes.size() / 2));
    for (std::size_t i = 0; i < bytes.size(); i += 5) {
      garbled.push_back(bytes);
      garbled.back()[i] = static_cast<char>(garbled.back()[i] ^ 0x81);
    }
    return garbled;
  }

  // One operation, judged and, if it stands, staged: a failure there would stop the store.
  template <typename Operation>
  Status Change(RocksEventStore& events, const Operation& operation) {
    Group group;
    Staging staging(db_.get(), nullptr, &group.overlay, &group.batch);
    TANDEM_RETURN_IF_ERROR(events.Check(operation, staging));
    if constexpr (requires { events.Stage(operation, clock_.Now(), staging); }) {
      EXPECT_TRUE(events.Stage(operation, clock_.Now(), staging).ok()) << "it stops the store";
    }
    Write(group);
    return Status::Ok();
  }

  static void ExpectTyped(const Status& status) {
    const std::set<StatusCode> typed = {StatusCode::kOk, StatusCode::kCorruption,
                                        StatusCode::kConflict};
    EXPECT_TRUE(typed.contains(status.code())) << status;
  }

  void ReadFeed(RocksEventStore& events) {
    Position after = 0;
    for (int pages = 0;; ++pages) {
      ASSERT_LT(pages, 100) << "the feed does not end";
      const auto page = events.ReadAll(after, {});
      ExpectTyped(page.status());
      if (!page.ok() || page->next == after) return;
      after = page->next;
    }
  }

  void UseStream(RocksEventStore& events, const StreamId& stream) {
    for (const Direction direction : {Direction::kForward, Direction::kBackward}) {
      ReadOptions options;
      options.direction = direction;
      ExpectTyped(events.Read(stream, options).status());
      options.from = kVersionMax;
      ExpectTyped(events.Read(stream, options).status());
    }
    ExpectTyped(events.ReadMetadata(stream, {}).status());
    ExpectTyped(events.LatestPartition(stream.entity).status());
    ExpectTyped(events.ListPartitions(stream.entity, {}).status());
    ExpectTyped(Change(events, AppendEvents{stream, {"new"}}));
    ExpectTyped(Change(events, UpdateMetadata{stream, {{"new", "v"}}}));
    ExpectTyped(Change(events, CheckVersion{stream, Expected::Exists()}));
    ExpectTyped(Change(events, CheckMetadata{stream, "k", "v"}));
    ExpectTyped(events.Truncate(door_, stream, 2).status());
    ExpectTyped(Change(events, DeletePartition{stream}));
    ReadFeed(events);
  }

  // The store is opened as it is, and everything done with it that can be.
  void UseEverything() {
    RocksEventStore events(db_.get(), family(), &clock_, nullptr);
    ASSERT_TRUE(events.Recover().ok());
    const auto before = events.Read(canary_, {});
    ASSERT_TRUE(before.ok()) << before.status();
    ASSERT_EQ(before->events.size(), 1U);
    EXPECT_TRUE(Change(events, AppendEvents{canary_, {"more"}}).ok());
    EXPECT_TRUE(events.LatestPartition(canary_.entity).ok());
    EXPECT_TRUE(events.ListEntities({}).ok()) << "a list of names reads no record";
    ExpectTyped(events.Verify(nullptr).status());
    ReadFeed(events);
    const std::vector<StreamId> streams = {{"a", 0},    {"a", 1},    {"a", 2}, {"only metadata", 0},
                                           {"dead", 3}, {"dead", 4}, {"z", 0}};
    for (const StreamId& stream : streams) UseStream(events, stream);
    for (const StreamId& stream : streams) {
      ExpectTyped(Change(events, DeleteEntity{stream.entity}));
    }
    const auto after = events.Read(canary_, {});
    ASSERT_TRUE(after.ok()) << after.status();
    EXPECT_EQ(after->head, 2U);
  }

  void UseWith(const Records& records, const std::string& what) {
    SCOPED_TRACE(what);
    WriteRecords(records);
    UseEverything();
  }

  bool IsOfTheCanary(const std::string& key) const {
    return key == HeadKey(canary_) || key == EventKey(canary_, 1);
  }

  static std::string Named(const std::string& bytes) {
    return rocksdb::Slice(bytes).ToString(true);
  }

  const StreamId canary_{"canary", 0};
  Records sound_;
  PlainDoor door_{db_.get()};
};

TEST_F(DamagedRecordsTest, ADamagedValueStopsNoMoreThanItsOwnStream) {
  for (const auto& [key, value] : sound_) {
    if (IsOfTheCanary(key)) continue;
    Records records = sound_;
    records.erase(key);
    UseWith(records, "without " + Named(key));
    for (const std::string& garbled : Garbled(value)) {
      records[key] = garbled;
      UseWith(records, Named(key) + " is " + Named(garbled));
      if (HasFatalFailure()) return;
    }
  }
}

TEST_F(DamagedRecordsTest, AKeyOfNoKnownFormStopsNothingAndVerifyNamesIt) {
  for (const char kind : {'F', 'H', 'M', 'T', 'V', '\0', 'E', 'Z', '\xFF'}) {
    for (const std::string& rest :
         {std::string(), std::string("x"), std::string("x\0", 2), std::string("x\0\1", 3),
          std::string("x\0\1\0\0", 5), std::string(30, '\xFF'), std::string(30, '\0')}) {
      Records records = sound_;
      const std::string key = std::string(1, kind) + rest;
      records[key] = "garbage";
      UseWith(records, "with " + Named(key));
      if (HasFatalFailure()) return;
      WriteRecords(records);
      RocksEventStore events(db_.get(), family(), &clock_, nullptr);
      EXPECT_EQ(events.Verify(nullptr).status().code(), StatusCode::kCorruption) << Named(key);
    }
  }
}

TEST_F(DamagedRecordsTest, NumbersNearTheirEndNeitherLoopNorWrap) {
  std::vector<std::uint64_t> numbers = {0, std::uint64_t{1} << 32};
  for (const int bits : {61, 62, 63}) {
    for (const int beside : {-1, 0, 1}) numbers.push_back((std::uint64_t{1} << bits) + beside);
  }
  for (const int below : {2, 1, 0}) numbers.push_back(kVersionMax - below);
  const StreamId stream{"a", 1};
  for (const std::uint64_t number : numbers) {
    const std::string value = std::to_string(number);
    const std::vector<std::pair<std::string, std::string>> hostile = {
        {HeadKey(stream), EncodeHead(Head{number, 1, false})},
        {HeadKey(stream), EncodeHead(Head{number, number, false})},
        {HeadKey(stream), EncodeHead(Head{3, number, false})},
        {HeadKey(stream), EncodeHead(Head{number, 1, true})},
        {HeadKey({"a", number}), EncodeHead(Head{number, 1, false})},
        {TombstoneKey("dead"), EncodeTombstone(number)},
        {TombstoneKey("a"), EncodeTombstone(number)},
        {FeedKey(number), EncodeFeedEntry(FeedEntry{stream, 1, number})},
        {FeedKey(number), EncodeFeedEntry(FeedEntry{stream, number, 1})},
        {FeedKey(number), "garbage"},
        {FeedKey(4), EncodeFeedEntry(FeedEntry{stream, number, number})},
        {EventKey(stream, number), "garbage"},
        {MetadataKey({"a", number}, "k"), "v"}};
    for (const auto& [key, record] : hostile) {
      Records records = sound_;
      records[key] = record;
      UseWith(records, Named(key) + " with " + value);
      if (HasFatalFailure()) return;
    }
  }
}

// Positions are given out behind the last feed key, whatever stands there.
TEST_F(DamagedRecordsTest, APositionIsNeverGivenTwiceAlsoBehindADamagedFeedRecord) {
  Records records = sound_;
  records[FeedKey(8)] = "garbage";
  records[FeedKey(kVersionMax)] = "garbage";
  WriteRecords(records);
  RocksEventStore events(db_.get(), family(), &clock_, nullptr);
  ASSERT_TRUE(events.Recover().ok());
  EXPECT_TRUE(Change(events, AppendEvents{canary_, {"more"}}).ok());
  EXPECT_EQ(events.Read(canary_, {})->events.back().position, 9U);

  const auto before = events.ReadAll(6, {});
  ASSERT_TRUE(before.ok()) << before.status();
  EXPECT_EQ(before->next, 7U) << "a page ends in front of what cannot be read";
  const auto damaged = events.ReadAll(7, {});
  EXPECT_EQ(damaged.status().code(), StatusCode::kCorruption);
  const auto behind = events.ReadAll(8, {});
  ASSERT_TRUE(behind.ok()) << behind.status();
  EXPECT_EQ(behind->events.size(), 1U);
}

TEST_F(DamagedRecordsTest, ADamagedStreamCanBeDeletedWithItsEntity) {
  Records records = sound_;
  records[HeadKey({"a", 1})] = "garbage";
  WriteRecords(records);
  RocksEventStore events(db_.get(), family(), &clock_, nullptr);
  ASSERT_TRUE(events.Recover().ok());
  EXPECT_EQ(Change(events, AppendEvents{{"a", 1}, {"x"}}).code(), StatusCode::kCorruption);
  EXPECT_TRUE(Change(events, DeleteEntity{"a"}).ok());
  const auto counts = events.Verify(nullptr);
  ASSERT_TRUE(counts.ok()) << counts.status();
  EXPECT_TRUE(Change(events, AppendEvents{{"a", 3}, {"a new life"}}).ok());
}

}  // namespace
}  // namespace tandem
