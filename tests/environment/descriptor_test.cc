// A process that has no file descriptors left, and the share of them that a store takes.

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "tandem/batch/provider_admin.h"
#include "tandem/batch/rocksdb_provider.h"
#include "tandem/tests/support/temporary_directory.h"

// Where it sees a type for the first time, the sanitizer of undefined behaviour looks for its table
// by means of a pipe, and takes a lack of descriptors for a wrong table.
extern "C" const char* __ubsan_default_options() {  // NOLINT(bugprone-reserved-identifier)
  return "suppressions=" TANDEM_UBSAN_SUPPRESSIONS;
}

namespace tandem {
namespace {

namespace fs = std::filesystem;

const StreamId kStream{"stream", 0};

rlim_t OpenDescriptors() {
  rlim_t count = 0;
  for (const auto& entry : fs::directory_iterator("/proc/self/fd")) {
    count += entry.exists() ? 1 : 0;
  }
  return count;
}

// Sets the limit of descriptors for as long as it lives.
class DescriptorLimit {
 public:
  explicit DescriptorLimit(rlim_t limit) {
    EXPECT_EQ(getrlimit(RLIMIT_NOFILE, &before_), 0);
    const rlimit lowered{limit, before_.rlim_max};
    EXPECT_EQ(setrlimit(RLIMIT_NOFILE, &lowered), 0);
  }
  ~DescriptorLimit() { EXPECT_EQ(setrlimit(RLIMIT_NOFILE, &before_), 0); }
  DescriptorLimit(const DescriptorLimit&) = delete;
  DescriptorLimit& operator=(const DescriptorLimit&) = delete;

 private:
  rlimit before_{};
};

class DescriptorTest : public ::testing::Test {
 protected:
  DescriptorTest() {
    const auto store = RocksDbProvider::Open(path_, OpenMode::kCreateIfMissing);
    EXPECT_TRUE(store.ok()) << store.status();
    EXPECT_TRUE((*store)->Append(kStream, {"event"}).ok());
  }

  void ExpectWhole() {
    const auto store = RocksDbProvider::Open(path_, OpenMode::kCreateIfMissing);
    ASSERT_TRUE(store.ok()) << store.status();
    EXPECT_EQ((*store)->Read(kStream, {})->head, 1U);
  }

  static void ExpectTooMany(const Status& status) {
    EXPECT_EQ(status.code(), StatusCode::kIoError) << status;
    EXPECT_NE(status.message().find("Too many open files"), std::string::npos) << status;
  }

  testing::TemporaryDirectory directory_;
  const fs::path path_ = fs::canonical(directory_.path()) / "store";
};

TEST_F(DescriptorTest, OpeningWithTooFewDescriptorsIsAnIoErrorThatSaysSo) {
  const rlim_t used = OpenDescriptors();
  int refused = 0;
  bool opened = false;
  for (rlim_t spare = 0; spare <= 40 && !opened; ++spare) {
    const DescriptorLimit limit(used + spare);
    const auto store = RocksDbProvider::Open(path_, OpenMode::kCreateIfMissing);
    opened = store.ok();
    if (opened) break;
    ExpectTooMany(store.status());
    ++refused;
  }
  EXPECT_TRUE(opened);
  EXPECT_GT(refused, 3);
  ExpectWhole();
}

TEST_F(DescriptorTest, ACheckpointWithTooFewDescriptorsIsAnIoErrorAndTheStoreGoesOn) {
  const auto store = RocksDbProvider::Open(path_, OpenMode::kCreateIfMissing);
  ASSERT_TRUE(store.ok()) << store.status();
  const fs::path copy = path_.parent_path() / "copy";
  const rlim_t used = OpenDescriptors();
  for (rlim_t spare = 0; spare <= 8; ++spare) {
    const DescriptorLimit limit(used + spare);
    const Status made = (*store)->admin()->Checkpoint(copy);
    if (made.ok()) break;
    ExpectTooMany(made);
    EXPECT_FALSE(fs::exists(copy));
  }
  EXPECT_TRUE((*store)->Append({"other", 0}, {"event"}).ok());
}

TEST_F(DescriptorTest, ALogThatCantBeMadeStopsTheStoreAndLosesNothing) {
  RocksDbOptions options;
  options.mode = OpenMode::kCreateIfMissing;
  options.write_buffer_bytes = std::size_t{64} << 10;
  std::uint64_t acknowledged = 0;
  {
    const auto store = RocksDbProvider::Open(path_, options);
    ASSERT_TRUE(store.ok()) << store.status();
    const DescriptorLimit limit(OpenDescriptors());
    // Full after a dozen: then it takes a new log, and a table.
    Status status;
    constexpr int kEnough = 200;
    for (int i = 0; i < kEnough && status.ok(); ++i) {
      status = (*store)->Append({"other", 0}, {std::string(8000, 'x')}).status();
      if (status.ok()) ++acknowledged;
    }
    EXPECT_TRUE(status.code() == StatusCode::kIoError ||
                status.code() == StatusCode::kIndeterminate)
        << status;
    EXPECT_NE(status.message().find("Too many open files"), std::string::npos) << status;
    EXPECT_EQ((*store)->Append({"other", 0}, {"x"}).status().code(), StatusCode::kUnavailable);
    EXPECT_EQ((*store)->Read(kStream, {})->head, 1U) << "reads go on";
  }
  ExpectWhole();
  const auto store = RocksDbProvider::Open(path_, OpenMode::kCreateIfMissing);
  ASSERT_TRUE(store.ok()) << store.status();
  EXPECT_GE((*store)->LatestPartition("other").value()->head, acknowledged);
}

TEST_F(DescriptorTest, AStoreKeepsHalfOfTheDescriptorsForTheProgram) {
  constexpr rlim_t kLimit = 400;
  const DescriptorLimit limit(kLimit);
  const auto store = RocksDbProvider::Open(path_, OpenMode::kCreateIfMissing);
  ASSERT_TRUE(store.ok()) << store.status();
  std::string found;
  for (const auto& entry : fs::directory_iterator(path_)) {
    if (!entry.path().filename().string().starts_with("OPTIONS-")) continue;
    std::ifstream file(entry.path());
    for (std::string line; std::getline(file, line);) {
      if (line.find("max_open_files=") != std::string::npos) found = line;
    }
  }
  EXPECT_NE(found.find("max_open_files=200"), std::string::npos) << found;
}

}  // namespace
}  // namespace tandem
