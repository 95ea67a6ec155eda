#include "tandem/cli/bench/work_directory.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "tandem/providers/open_store.h"
#include "tandem/tests/support/temporary_directory.h"

namespace tandem::bench {
namespace {

namespace fs = std::filesystem;

class WorkDirectoryTest : public ::testing::Test {
 protected:
  StatusCode CodeOf(const fs::path& where) { return WorkDirectory::Make(where).status().code(); }

  const testing::TemporaryDirectory around_;
};

TEST_F(WorkDirectoryTest, RemovesItselfWithWhatIsInIt) {
  {
    auto made = WorkDirectory::Make(around_.path());
    ASSERT_TRUE(made.ok()) << made.status();
    const WorkDirectory work = *std::move(made);
    EXPECT_EQ(work.path().parent_path(), fs::canonical(around_.path()));
    fs::create_directories(work.path() / "a" / "b");
    std::ofstream(work.path() / "a" / "file") << "x";
  }
  EXPECT_TRUE(fs::is_empty(around_.path()));
}

TEST_F(WorkDirectoryTest, TwoDoNotMeet) {
  const auto one = WorkDirectory::Make(around_.path());
  const auto other = WorkDirectory::Make(around_.path());
  ASSERT_TRUE(one.ok() && other.ok());
  EXPECT_NE(one->path(), other->path());
}

TEST_F(WorkDirectoryTest, WhatIsNoDirectoryIsATypedError) {
  EXPECT_EQ(CodeOf(around_.path() / "nothing"), StatusCode::kNotFound);
  std::ofstream(around_.path() / "file") << "x";
  EXPECT_EQ(CodeOf(around_.path() / "file"), StatusCode::kInvalidArgument);
  EXPECT_EQ(CodeOf(around_.path() / "file" / "x"), StatusCode::kInvalidArgument);
  EXPECT_EQ(CodeOf("/proc/self"), StatusCode::kIoError);  // nobody can make anything there
}

TEST_F(WorkDirectoryTest, NothingIsMadeInAStore) {
  const fs::path store = around_.path() / "orders";
  ASSERT_TRUE(OpenStore(store.string(), OpenMode::kCreateIfMissing).ok());
  const auto before = std::distance(fs::directory_iterator(store), fs::directory_iterator());
  EXPECT_EQ(CodeOf(store), StatusCode::kInvalidArgument);
  fs::create_directory(store / "below");
  EXPECT_EQ(CodeOf(store / "below"), StatusCode::kInvalidArgument);
  fs::remove(store / "below");
  EXPECT_EQ(std::distance(fs::directory_iterator(store), fs::directory_iterator()), before);
  EXPECT_TRUE(OpenStore(store.string()).ok());
}

}  // namespace
}  // namespace tandem::bench
