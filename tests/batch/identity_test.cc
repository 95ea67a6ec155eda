// Which directory a store is: held once, whatever the spelling, resolved once, and missed when it
// is gone. (Bind mounts: tests/environment; other processes: tests/crash/creation_test.cc.)

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tandem/batch/provider_admin.h"
#include "tandem/batch/rocksdb_provider.h"
#include "tandem/tests/support/temporary_directory.h"

namespace tandem {
namespace {

namespace fs = std::filesystem;

using Store = std::unique_ptr<RocksDbProvider>;

const StreamId kStream{"account-1", 0};

// Restores the working directory at the end.
class IdentityTest : public ::testing::Test {
 protected:
  IdentityTest() { fs::create_directories(root_ / "a"); }
  ~IdentityTest() override { fs::current_path(before_); }

  static Store Open(const fs::path& path, bool create_if_missing = true) {
    RocksDbOptions options;
    options.mode = create_if_missing ? OpenMode::kCreateIfMissing : OpenMode::kOpenExisting;
    options.write_buffer_bytes = std::size_t{128} << 10;  // new files come soon
    auto opened = RocksDbProvider::Open(path, options);
    EXPECT_TRUE(opened.ok()) << path << ": " << opened.status();
    return opened.ok() ? *std::move(opened) : nullptr;
  }

  // A store with so many events.
  static void MakeStore(const fs::path& path, int events) {
    const Store store = Open(path);
    ASSERT_NE(store, nullptr);
    for (int i = 0; i < events; ++i) ASSERT_TRUE(store->Append(kStream, {"event"}).ok());
  }

  static Version HeadOf(const fs::path& path) {
    const Store store = Open(path, /*create_if_missing=*/false);
    return store == nullptr ? 0 : store->Read(kStream, {})->head;
  }

  // Everything that leads to root_ / "store" from root_.
  std::vector<fs::path> Spellings() const {
    fs::create_directory_symlink(root_ / "store", root_ / "link");
    fs::create_directory_symlink(root_, root_ / "parent-link");
    fs::create_directory_symlink("store", root_ / "relative-link");
    return {root_ / "store",
            "store",
            "./store",
            "store/",
            "store//",
            "store/.",
            "a/../store",
            root_.string() + "//store",
            root_ / "a" / ".." / "store",
            root_ / "link",
            "link",
            "link/",
            "relative-link",
            root_ / "parent-link" / "store",
            "parent-link/parent-link/link"};
  }

  // Buffered batches until one fails, so many at most; each kilobyte fills the buffer a bit more.
  static std::pair<Version, Status> AppendUntilItFails(RocksDbProvider& store) {
    AppendOptions buffered;
    buffered.durability = Durability::kBuffered;
    for (Version acknowledged = store.Read(kStream, {})->head;; ++acknowledged) {
      const auto appended = store.Append(kStream, {std::string(1024, 'x')}, buffered);
      if (!appended.ok()) return {acknowledged, appended.status()};
      if (acknowledged == 2000) return {acknowledged + 1, Status::Ok()};
    }
  }

  void ExpectStopped(RocksDbProvider& store) {
    const Status later = store.Append(kStream, {"later"}).status();
    EXPECT_EQ(later.code(), StatusCode::kUnavailable) << later;
    EXPECT_NE(later.message().find((root_ / "store").string()), std::string::npos) << later;
    EXPECT_TRUE(store.Read(kStream, {}).ok()) << "reads go on";
  }

  const fs::path before_ = fs::current_path();
  testing::TemporaryDirectory directory_;
  const fs::path root_ = fs::canonical(directory_.path());
};

TEST_F(IdentityTest, AStoreIsHeldOnceWhateverTheSpelling) {
  fs::current_path(root_);
  for (const fs::path& holder : {fs::path("store"), root_ / "link"}) {
    MakeStore(root_ / "store", 1);
    fs::remove(root_ / "link");
    fs::remove(root_ / "parent-link");
    fs::remove(root_ / "relative-link");
    const auto spellings = Spellings();
    const Store store = Open(holder);
    ASSERT_NE(store, nullptr);
    for (int round = 0; round < 2; ++round) {  // being refused lets nothing go
      for (const fs::path& spelling : spellings) {
        const Status second = RocksDbProvider::Open(spelling, OpenMode::kCreateIfMissing).status();
        EXPECT_EQ(second.code(), StatusCode::kUnavailable) << spelling << ": " << second;
      }
    }
    EXPECT_TRUE(store->Append(kStream, {"event"}).ok()) << "the holder is not disturbed";
  }
  EXPECT_EQ(HeadOf("store"), 4U);
}

TEST_F(IdentityTest, EverySpellingOpensTheSameStore) {
  fs::current_path(root_);
  MakeStore("store", 1);
  Version events = 1;
  for (const fs::path& spelling : Spellings()) {
    const Store store = Open(spelling, /*create_if_missing=*/false);
    ASSERT_NE(store, nullptr);
    EXPECT_EQ(store->Read(kStream, {})->head, events++);
    ASSERT_TRUE(store->Append(kStream, {"event"}).ok());
  }
}

TEST_F(IdentityTest, AStoreStaysHeldWhenAnotherIsClosedOrFailsToOpen) {
  const Store store = Open(root_ / "store");
  ASSERT_NE(store, nullptr);
  MakeStore(root_ / "other", 1);  // opened and closed
  std::ofstream(root_ / "file") << "text";
  EXPECT_FALSE(RocksDbProvider::Open(root_ / "file", OpenMode::kCreateIfMissing).ok());
  // Closing any descriptor of LOCK drops RocksDB's lock of it, not ours.
  std::ofstream(root_ / "store" / "LOCK", std::ios::app).close();
  EXPECT_EQ(RocksDbProvider::Open(root_ / "store", OpenMode::kCreateIfMissing).status().code(),
            StatusCode::kUnavailable);
  EXPECT_TRUE(store->Append(kStream, {"event"}).ok());
}

TEST_F(IdentityTest, AStoreThatCouldNotBeOpenedIsHeldByNobody) {
  MakeStore(root_ / "store", 1);
  fs::rename(root_ / "store" / "CURRENT", root_ / "CURRENT");
  EXPECT_EQ(RocksDbProvider::Open(root_ / "store", OpenMode::kCreateIfMissing).status().code(),
            StatusCode::kCorruption);
  fs::rename(root_ / "CURRENT", root_ / "store" / "CURRENT");
  EXPECT_EQ(HeadOf(root_ / "store"), 1U);
}

TEST_F(IdentityTest, ARelativePathIsThatOfTheMomentOfOpening) {
  fs::create_directories(root_ / "b");
  MakeStore(root_ / "b" / "store", 3);
  fs::current_path(root_ / "a");
  Store store = Open("store");
  ASSERT_NE(store, nullptr);
  fs::current_path(root_ / "b");  // here is another store of that name
  const auto [acknowledged, status] = AppendUntilItFails(*store);  // new files and compactions
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_TRUE(store->Flush().ok());
  EXPECT_TRUE(store->admin()->Checkpoint("copy").ok()) << "relative to where the call is made";
  EXPECT_TRUE(store->admin()->Verify().ok());
  fs::current_path(before_);
  store.reset();
  EXPECT_EQ(HeadOf(root_ / "a" / "store"), acknowledged);
  EXPECT_EQ(HeadOf(root_ / "b" / "store"), 3U) << "untouched";
  EXPECT_EQ(HeadOf(root_ / "b" / "copy"), acknowledged);
}

TEST_F(IdentityTest, AWorkingDirectoryThatIsGoneIsAnErrorForARelativePathOnly) {
  fs::create_directories(root_ / "gone");
  fs::current_path(root_ / "gone");
  fs::remove(root_ / "gone");
  EXPECT_EQ(RocksDbProvider::Open("store", OpenMode::kCreateIfMissing).status().code(),
            StatusCode::kIoError);
  MakeStore(root_ / "store", 1);
}

TEST_F(IdentityTest, ARenamedDirectoryStopsTheStoreAtTheNextFlush) {
  Store store = Open(root_ / "store");
  ASSERT_NE(store, nullptr);
  ASSERT_TRUE(store->Append(kStream, {"before"}).ok());
  fs::rename(root_ / "store", root_ / "moved");
  const Status failed = store->Append(kStream, {"after"}).status();
  EXPECT_EQ(failed.code(), StatusCode::kIoError) << failed;
  EXPECT_NE(failed.message().find((root_ / "store").string()), std::string::npos) << failed;
  EXPECT_NE(failed.message().find("renamed"), std::string::npos) << failed;
  ExpectStopped(*store);
  EXPECT_EQ(store->admin()->Checkpoint(root_ / "copy").code(), StatusCode::kUnavailable);
  store.reset();
  EXPECT_GE(HeadOf(root_ / "moved"), 1U);
  EXPECT_FALSE(fs::exists(root_ / "store")) << "nothing is made in the old place";
}

TEST_F(IdentityTest, ABarrierNoticesARenamedDirectory) {
  const Store store = Open(root_ / "store");
  ASSERT_NE(store, nullptr);
  AppendOptions buffered;
  buffered.durability = Durability::kBuffered;
  ASSERT_TRUE(store->Append(kStream, {"event"}, buffered).ok());
  fs::rename(root_ / "store", root_ / "moved");
  EXPECT_EQ(store->Flush().code(), StatusCode::kIoError);
  ExpectStopped(*store);
}

TEST_F(IdentityTest, ARenamedDirectoryStopsTheStoreAtTheNextNewFile) {
  Store store = Open(root_ / "store");
  ASSERT_NE(store, nullptr);
  fs::rename(root_ / "store", root_ / "moved");
  const auto [acknowledged, status] = AppendUntilItFails(*store);
  EXPECT_EQ(status.code(), StatusCode::kIoError) << status;
  EXPECT_GT(acknowledged, 0U) << "what is only buffered needs no file";
  ExpectStopped(*store);
  store.reset();
  EXPECT_GE(HeadOf(root_ / "moved"), acknowledged);
}

TEST_F(IdentityTest, AStoreThatTookThePlaceOfAnotherIsUntouched) {
  MakeStore(root_ / "other", 3);
  Store store = Open(root_ / "store");
  ASSERT_NE(store, nullptr);
  fs::rename(root_ / "store", root_ / "moved");
  fs::rename(root_ / "other", root_ / "store");
  const auto [acknowledged, status] = AppendUntilItFails(*store);
  EXPECT_EQ(status.code(), StatusCode::kIoError) << status;
  EXPECT_NE(status.message().find("another directory"), std::string::npos) << status;
  ExpectStopped(*store);
  store.reset();
  EXPECT_EQ(HeadOf(root_ / "store"), 3U);
  EXPECT_GE(HeadOf(root_ / "moved"), acknowledged);
}

TEST_F(IdentityTest, ARemovedDirectoryStopsTheStoreBeforeItAcknowledgesAnything) {
  const Store store = Open(root_ / "store");
  ASSERT_NE(store, nullptr);
  fs::remove_all(root_ / "store");
  const Status failed = store->Append(kStream, {"event"}).status();
  EXPECT_EQ(failed.code(), StatusCode::kIoError) << failed;
  ExpectStopped(*store);
}

TEST_F(IdentityTest, ARemovedLogStopsTheStoreBeforeItAcknowledgesAnything) {
  const Store store = Open(root_ / "store");
  ASSERT_NE(store, nullptr);
  ASSERT_TRUE(store->Append(kStream, {"event"}).ok());
  for (const auto& entry : fs::directory_iterator(root_ / "store")) {
    if (entry.path().extension() == ".log") fs::remove(entry.path());
  }
  const Status failed = store->Append(kStream, {"event"}).status();
  EXPECT_EQ(failed.code(), StatusCode::kIoError) << failed;
  EXPECT_NE(failed.message().find(".log was removed"), std::string::npos) << failed;
  ExpectStopped(*store);
}

TEST_F(IdentityTest, AnEmptyPathAndOneWithAZeroByteAreInvalid) {
  const Store store = Open(root_ / "store");
  ASSERT_NE(store, nullptr);
  for (const fs::path& path : {fs::path(""), root_ / std::string("st\0re", 5)}) {
    EXPECT_EQ(RocksDbProvider::Open(path, OpenMode::kCreateIfMissing).status().code(),
              StatusCode::kInvalidArgument);
    EXPECT_EQ(store->admin()->Checkpoint(path).code(), StatusCode::kInvalidArgument);
  }
  EXPECT_EQ(std::distance(fs::directory_iterator(root_), {}), 2) << "a, and the store";
}

}  // namespace
}  // namespace tandem
