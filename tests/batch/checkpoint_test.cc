// Copies of a RocksDB store that is in use.

#include <gtest/gtest.h>

#include <atomic>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>
#include <vector>

#include "tandem/batch/provider_admin.h"
#include "tandem/tests/support/store_fixture.h"

namespace tandem {
namespace {

class CheckpointTest : public testing::StoreTest {
 protected:
  std::filesystem::path copy() const { return copies_.path() / "copy"; }

  std::unique_ptr<RocksDbProvider> OpenCopy() {
    RocksDbOptions options;
    options.clock = &clock_;
    options.mode = OpenMode::kOpenExisting;
    auto opened = RocksDbProvider::Open(copy(), options);
    EXPECT_TRUE(opened.ok()) << opened.status();
    return opened.ok() ? *std::move(opened) : nullptr;
  }

  testing::TemporaryDirectory copies_;
  const StreamId stream_{"account-1", 0};
};

TEST_F(CheckpointTest, HoldsWhatWasThereAndNothingLater) {
  ASSERT_TRUE(store_->Append(stream_, {"before"}).ok());
  ASSERT_TRUE(store_->Enqueue("work", "job").ok());
  ASSERT_TRUE(store_->admin()->Checkpoint(copy()).ok());
  ASSERT_TRUE(store_->Append(stream_, {"after"}).ok());
  const auto copied = OpenCopy();
  ASSERT_NE(copied, nullptr);
  EXPECT_EQ(copied->Read(stream_, {})->head, 1U);
  EXPECT_EQ(copied->Dequeue("work")->front().payload, "job");
  EXPECT_EQ(store_->Read(stream_, {})->head, 2U);
}

TEST_F(CheckpointTest, IsAStoreOfItsOwnWhoseTokensMeanNothingElsewhere) {
  ASSERT_TRUE(store_->Enqueue("work", "job").ok());
  ASSERT_TRUE(store_->admin()->Checkpoint(copy()).ok());
  const auto here = store_->Dequeue("work");
  const auto copied = OpenCopy();
  const auto there = copied->Dequeue("work");
  EXPECT_EQ(copied->Ack(here->front().lock_token).code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(store_->Ack(there->front().lock_token).code(), StatusCode::kInvalidArgument);
  EXPECT_TRUE(store_->Ack(here->front().lock_token).ok());
  EXPECT_TRUE(copied->Ack(there->front().lock_token).ok());
}

TEST_F(CheckpointTest, RefusesADirectoryThatExists) {
  EXPECT_EQ(store_->admin()->Checkpoint(copies_.path()).code(), StatusCode::kAlreadyExists);
}

TEST_F(CheckpointTest, RefusesWhateverBearsTheName) {
  std::filesystem::create_directory(copies_.path() / "empty");
  std::filesystem::create_symlink("nowhere", copies_.path() / "dangling");
  for (const char* name : {"empty", "empty/", "dangling"}) {
    EXPECT_EQ(store_->admin()->Checkpoint(copies_.path() / name).code(), StatusCode::kAlreadyExists)
        << name;
  }
  EXPECT_TRUE(std::filesystem::is_empty(copies_.path() / "empty"));
}

TEST_F(CheckpointTest, MakesMissingParents) {
  const auto deep = copies_.path() / "a" / "b" / "copy";
  ASSERT_TRUE(store_->admin()->Checkpoint(deep).ok());
  EXPECT_TRUE(RocksDbProvider::Open(deep, OpenMode::kCreateIfMissing).ok());
}

TEST_F(CheckpointTest, WhatAnInterruptedOneLeftIsRemovedByTheNext) {
  ASSERT_TRUE(store_->Append(stream_, {"before"}).ok());
  const auto left = copies_.path() / ".tandem-copy-aB3xYz";
  std::filesystem::create_directories(left / "store.tmp");
  std::ofstream(left / "store.tmp" / "000004.sst") << "a part";
  ASSERT_TRUE(store_->admin()->Checkpoint(copy()).ok());
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(copies_.path()), {}), 1);
  EXPECT_EQ(OpenCopy()->Read(stream_, {})->head, 1U);
}

TEST_F(CheckpointTest, ForeignFilesBesideItAreLeftAlone) {
  const std::vector<std::filesystem::path> foreign = {
      copy().string() + ".unfinished", copy().string() + ".tmp",
      copies_.path() / ".tandem-copy-aB3xYz" / "thesis", copies_.path() / ".tandem-copy-notes",
      copies_.path() / ".tandem-copy-aB3xYz2" / "store"};
  for (const auto& path : foreign) {
    std::filesystem::create_directories(path);
    std::ofstream(path / "chapter") << "text";
  }
  ASSERT_TRUE(store_->admin()->Checkpoint(copy()).ok());
  for (const auto& path : foreign) EXPECT_TRUE(std::filesystem::exists(path / "chapter")) << path;
}

TEST_F(CheckpointTest, OfSeveralToOnePlaceOneSucceedsAndHoldsEverything) {
  ASSERT_TRUE(store_->Append(stream_, {"event"}).ok());
  for (int round = 0; round < 5; ++round) {
    std::atomic<int> made = 0;
    std::atomic<int> refused = 0;
    {
      std::vector<std::jthread> callers;
      for (int i = 0; i < 3; ++i) {
        callers.emplace_back([&] {
          const Status status = store_->admin()->Checkpoint(copy());
          made += status.ok() ? 1 : 0;
          refused += status.code() == StatusCode::kAlreadyExists ? 1 : 0;
        });
      }
    }
    EXPECT_EQ(made, 1);
    EXPECT_EQ(refused, 2);
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator(copies_.path()), {}), 1);
    ASSERT_EQ(OpenCopy()->Read(stream_, {})->head, 1U);
    std::filesystem::remove_all(copy());
  }
}

TEST_F(CheckpointTest, OneThatFailsLeavesNothing) {
  const auto missing = copies_.path() / "a file" / "copy";
  std::ofstream(copies_.path() / "a file") << "text";
  EXPECT_FALSE(store_->admin()->Checkpoint(missing).ok());
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(copies_.path()), {}), 1);
}

TEST_F(CheckpointTest, WhileBatchesGoOnEventsAndMessagesAgree) {
  std::atomic<bool> stop = false;
  std::thread writer([&] {
    while (!stop) {
      ASSERT_TRUE(
          store_->AtomicBatch({AppendEvents{stream_, {"e"}}, Enqueue{"work", "job", {}}}).ok());
    }
  });
  ReadOptions waiting;
  waiting.from = 100;
  waiting.wait = std::chrono::hours(1);
  ASSERT_TRUE(store_->Read(stream_, waiting).ok());
  const Version acknowledged = store_->Read(stream_, {})->head;
  const Status made = store_->admin()->Checkpoint(copy());
  stop = true;
  writer.join();
  ASSERT_TRUE(made.ok()) << made;
  const auto copied = OpenCopy();
  ASSERT_NE(copied, nullptr);
  const Version head = copied->Read(stream_, {})->head;
  EXPECT_GE(head, acknowledged);
  DequeueOptions all;
  all.max_messages = 4096;
  std::size_t messages = 0;
  while (true) {
    const auto deliveries = copied->Dequeue("work", all);
    ASSERT_TRUE(deliveries.ok()) << deliveries.status();
    if (deliveries->empty()) break;
    messages += deliveries->size();
  }
  EXPECT_EQ(messages, head);
  EXPECT_TRUE(copied->admin()->Verify().ok());
}

}  // namespace
}  // namespace tandem
