// What a mount does to a store: two ways to one directory, one that is read-only, one that hides
// the store's directory.

#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "tandem/batch/provider_admin.h"
#include "tandem/batch/rocksdb_provider.h"
#include "tandem/tests/environment/small_disk.h"

namespace tandem {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kDiskBytes = std::size_t{20} << 20;
const StreamId kStream{"stream", 0};

class MountTest : public ::testing::Test {
 protected:
  void MakeStore() {
    const auto store = RocksDbProvider::Open(path_, OpenMode::kCreateIfMissing);
    ASSERT_TRUE(store.ok()) << store.status();
    ASSERT_TRUE((*store)->Append(kStream, {"event"}).ok());
  }

  void ExpectReadOnly(const Status& status, const fs::path& named) {
    EXPECT_EQ(status.code(), StatusCode::kIoError) << status;
    EXPECT_NE(status.message().find("Read-only file system"), std::string::npos) << status;
    EXPECT_NE(status.message().find(named.string()), std::string::npos) << status;
  }

  const testing::SmallDisk disk_{kDiskBytes};
  const fs::path path_ = disk_.path() / "store";
};

TEST_F(MountTest, AStoreIsHeldOnceAlsoThroughABindMount) {
  MakeStore();
  fs::create_directory(disk_.path() / "bound");
  testing::BindMount(path_, disk_.path() / "bound");
  for (const char* holder : {"store", "bound"}) {
    const auto store = RocksDbProvider::Open(disk_.path() / holder, OpenMode::kCreateIfMissing);
    ASSERT_TRUE(store.ok()) << store.status();
    for (const char* other : {"store", "bound"}) {
      EXPECT_EQ(
          RocksDbProvider::Open(disk_.path() / other, OpenMode::kCreateIfMissing).status().code(),
          StatusCode::kUnavailable);
    }
    EXPECT_TRUE((*store)->Append(kStream, {"event"}).ok());
  }
  testing::Unmount(disk_.path() / "bound");
}

TEST_F(MountTest, AReadOnlyMountIsAnIoErrorThatNamesTheFile) {
  MakeStore();
  disk_.SetReadOnly(true);
  ExpectReadOnly(RocksDbProvider::Open(path_, OpenMode::kCreateIfMissing).status(), path_ / "LOCK");
  ExpectReadOnly(RocksDbProvider::Open(disk_.path() / "new", OpenMode::kCreateIfMissing).status(),
                 disk_.path() / "new");
  disk_.SetReadOnly(false);
  const auto store = RocksDbProvider::Open(path_, OpenMode::kCreateIfMissing);
  ASSERT_TRUE(store.ok()) << store.status();
  EXPECT_EQ((*store)->Read(kStream, {})->head, 1U);
  const testing::SmallDisk other(kDiskBytes);
  other.SetReadOnly(true);
  ExpectReadOnly((*store)->admin()->Checkpoint(other.path() / "copy"), other.path());
}

TEST_F(MountTest, AMountOverTheDirectoryStopsTheStore) {
  MakeStore();
  const testing::SmallDisk other(kDiskBytes);
  {
    const auto store = RocksDbProvider::Open(path_, OpenMode::kCreateIfMissing);
    ASSERT_TRUE(store.ok()) << store.status();
    testing::BindMount(other.path(), path_);
    const Status failed = (*store)->Append(kStream, {"event"}).status();
    EXPECT_EQ(failed.code(), StatusCode::kIoError) << failed;
    EXPECT_NE(failed.message().find("another directory"), std::string::npos) << failed;
    EXPECT_EQ((*store)->Append(kStream, {"event"}).status().code(), StatusCode::kUnavailable);
  }
  EXPECT_TRUE(fs::is_empty(other.path())) << "nothing is made in the wrong place";
  testing::Unmount(path_);
  const auto store = RocksDbProvider::Open(path_, OpenMode::kCreateIfMissing);
  ASSERT_TRUE(store.ok()) << store.status();
  EXPECT_GE((*store)->Read(kStream, {})->head, 1U);
}

}  // namespace
}  // namespace tandem
