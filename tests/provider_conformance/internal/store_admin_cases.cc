// Administration of the whole store: verify and checkpoint (A7, A8).

#include <atomic>
#include <filesystem>
#include <string>
#include <vector>

#include "tandem/tests/provider_conformance/internal/conformance_test.h"

namespace tandem::conformance {

CONFORMANCE_CHAPTER(StoreAdmin)

namespace {

class StoreAdminTest : public ConformanceTest {
 protected:
  const StreamId a_{"a", 0};
};

CONFORMANCE_CASE(StoreAdmin, VerifyCountsWhatIsThere,
                 Shows("A7").Needs(Part::kAdmin).Needs(Part::kReopen)) {
  EXPECT_EQ(Must(admin().Verify()).events, 0U);
  Append(a_, {"1", "2", "3"});
  Append({"a", 1}, {"1"});
  Append({"b", 0}, {"1"});
  Put(kQueue, "1", {.key = "k"});
  PutIn("g", "2");
  Put("later", "3", {.delay = kHour});
  TakeOne(kQueue);
  for (int round = 0; round < 2; ++round) {
    const VerifyReport report = Must(admin().Verify());
    EXPECT_EQ(report.entities, 2U);
    EXPECT_EQ(report.streams, 3U);
    EXPECT_EQ(report.events, 5U);
    EXPECT_EQ(report.queues, 2U);
    EXPECT_EQ(report.messages, 3U);
    Reopen();
  }
}

CONFORMANCE_CASE(StoreAdmin, VerifySucceedsAfterDeletions, Shows("A7", "A6").Needs(Part::kAdmin)) {
  Append(a_, {"1", "2", "3"});
  Append({"a", 1}, {"1", "2", "3"});
  Append({"b", 0}, {"1"});
  Put(kQueue, "dead", {.group = "g", .key = "k"});
  Abandon(TakeOne(kQueue).lock_token);
  Take(kQueue, {.max_deliveries = 1});
  DeleteStream(a_);
  DeleteWhole("b");
  Must(admin().Truncate({"a", 1}, 3));
  const VerifyReport report = Must(admin().Verify());
  EXPECT_EQ(report.events, 1U);
  EXPECT_EQ(report.messages, 1U);
}

CONFORMANCE_CASE(StoreAdmin, VerifyMayRunWhileBatchesDo, Shows("A7").Needs(Part::kAdmin)) {
  std::atomic<bool> done = false;
  auto verifier = std::async(std::launch::async, [&] {
    while (!done) {
      const VerifyReport report = Must(admin().Verify());
      ASSERT_EQ(report.events, report.messages);
    }
  });
  for (int i = 0; i < 100; ++i) Commit({AppendEvents{a_, {"x"}}, Enqueue{kQueue, "x", {}}});
  done = true;
  verifier.get();
}

CONFORMANCE_CASE(StoreAdmin, ACheckpointIsAStoreOfItsOwn,
                 Shows("A8", "L8").Needs(Part::kAdmin).Needs(Part::kCheckpoint)) {
  Append(a_, {"1", "2"});
  SetMetadata(a_, {{"k", "v"}});
  Put(kQueue, "held", {.key = "k"});
  Put(kQueue, "free");
  const LockToken held = TakeOne(kQueue).lock_token;
  const std::filesystem::path directory = NewDirectory();
  Must(admin().Checkpoint(directory));
  Append(a_, {"3"});
  Put(kQueue, "later");
  const auto copy = kind().open(clock(), directory);
  EXPECT_EQ(TextsOf(Must(copy->Read(a_, {}))), Numbered("", 2));
  EXPECT_EQ(Must(copy->ReadMetadata(a_, {})).entries.size(), 1U);
  EXPECT_EQ(Code(copy->Ack(held)), StatusCode::kInvalidArgument);
  const Deliveries first = Must(copy->Dequeue(kQueue));
  ASSERT_EQ(TextsOf(first), Texts{"held"}) << "its lease ended";
  EXPECT_EQ(Code(store().Ack(first[0].lock_token)), StatusCode::kInvalidArgument);
  EXPECT_EQ(TextsOf(Must(copy->Dequeue(kQueue))), Texts{"free"});
  EXPECT_TRUE(Must(copy->Dequeue(kQueue)).empty());
  Must(copy->admin()->Verify());
  Must(copy->Append(a_, {"another third"}));
  EXPECT_EQ(Events(a_), Numbered("", 3));
  Ack(held);
}

CONFORMANCE_CASE(StoreAdmin, ACheckpointIsOfOneMoment,
                 Shows("A8", "B1").Needs(Part::kAdmin).Needs(Part::kCheckpoint)) {
  std::atomic<bool> done = false;
  std::vector<std::future<void>> writers;
  for (std::uint64_t writer = 0; writer < 2; ++writer) {
    writers.push_back(std::async(std::launch::async, [&, writer] {
      while (!done) Commit({AppendEvents{{"own", writer}, {"x"}}, Enqueue{kQueue, "x", {}}});
    }));
  }
  std::vector<std::filesystem::path> directories;
  for (int i = 0; i < 3; ++i) {
    const Version before = Head({"own", 0}) + Head({"own", 1});
    directories.push_back(NewDirectory());
    Must(admin().Checkpoint(directories.back()));
    const auto copy = kind().open(clock(), directories.back());
    const VerifyReport report = Must(copy->admin()->Verify());
    EXPECT_EQ(report.events, report.messages) << "each batch is there whole or not at all";
    EXPECT_GE(report.events, before) << "what was acknowledged before is there";
  }
  done = true;
  for (auto& writer : writers) writer.get();
}

CONFORMANCE_CASE(StoreAdmin, ACheckpointOverwritesNothing,
                 Shows("A8").Needs(Part::kAdmin).Needs(Part::kCheckpoint)) {
  const std::filesystem::path directory = NewDirectory();
  std::filesystem::create_directories(directory);
  EXPECT_EQ(Code(admin().Checkpoint(directory)), StatusCode::kAlreadyExists);
  EXPECT_TRUE(std::filesystem::is_empty(directory));
  EXPECT_EQ(Code(admin().Checkpoint("")), StatusCode::kInvalidArgument);
}

CONFORMANCE_CASE(StoreAdmin, ACheckpointMakesTheDirectoriesAboveIt,
                 Shows("A8").Needs(Part::kAdmin).Needs(Part::kCheckpoint)) {
  Append(a_, {"1"});
  const std::filesystem::path directory = NewDirectory() / "of" / "today";
  Must(admin().Checkpoint(directory));
  const auto copy = kind().open(clock(), directory);
  EXPECT_EQ(TextsOf(Must(copy->Read(a_, {}))), Numbered("", 1));
}

}  // namespace
}  // namespace tandem::conformance
