// A store whose files may not be read or written.

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <vector>

#include "tandem/batch/rocksdb_provider.h"
#include "tandem/tests/support/temporary_directory.h"

namespace tandem {
namespace {

namespace fs = std::filesystem;

// Root may do everything: while this lives, the process is nobody in particular.
class AsNobody {
 public:
  AsNobody() {
    constexpr uid_t kNobody = 65'534;
    EXPECT_TRUE(was_ != 0 || seteuid(kNobody) == 0);
  }
  ~AsNobody() { EXPECT_TRUE(was_ != 0 || seteuid(0) == 0); }
  AsNobody(const AsNobody&) = delete;
  AsNobody& operator=(const AsNobody&) = delete;

 private:
  const uid_t was_ = geteuid();
};

class PermissionTest : public ::testing::Test {
 protected:
  PermissionTest() {
    fs::permissions(directory_.path(), fs::perms::all);
    const auto store = RocksDbProvider::Open(path_, OpenMode::kCreateIfMissing);
    EXPECT_TRUE(store.ok()) << store.status();
    EXPECT_TRUE((*store)->Append({"stream", 0}, {"event"}).ok());
  }

  // Opens it as somebody who is only allowed what `permissions` say.
  void ExpectDenied(const fs::path& changed, fs::perms permissions, const fs::path& named) {
    const fs::perms before = fs::status(changed).permissions();
    fs::permissions(changed, permissions);
    Status status;
    {
      const AsNobody nobody;
      status = RocksDbProvider::Open(path_, OpenMode::kCreateIfMissing).status();
    }
    fs::permissions(changed, before);
    EXPECT_EQ(status.code(), StatusCode::kIoError) << status;
    EXPECT_NE(status.message().find("Permission denied"), std::string::npos) << status;
    EXPECT_NE(status.message().find(named.string()), std::string::npos) << status;
    const auto store = RocksDbProvider::Open(path_, OpenMode::kCreateIfMissing);
    ASSERT_TRUE(store.ok()) << store.status();
    EXPECT_EQ((*store)->Read({"stream", 0}, {})->head, 1U);
  }

  static constexpr fs::perms kReadOnly = fs::perms::owner_read | fs::perms::owner_exec |
                                         fs::perms::others_read | fs::perms::others_exec;

  testing::TemporaryDirectory directory_;
  const fs::path path_ = fs::canonical(directory_.path()) / "store";
};

TEST_F(PermissionTest, ADirectoryThatMayNotBeReadIsAnIoErrorThatNamesIt) {
  ExpectDenied(path_, fs::perms::none, path_);
}

TEST_F(PermissionTest, ADirectoryThatMayNotBeWrittenIsAnIoErrorThatNamesTheFile) {
  ExpectDenied(path_, kReadOnly, path_);
}

TEST_F(PermissionTest, AParentThatMayNotBeEnteredIsAnIoErrorThatNamesThePath) {
  ExpectDenied(path_.parent_path(), fs::perms::none, path_);
}

TEST_F(PermissionTest, AnyFileThatMayNotBeReadIsAnIoErrorThatNamesIt) {
  fs::permissions(path_, fs::perms::all);
  std::vector<fs::path> needed;
  for (const auto& entry : fs::directory_iterator(path_)) {
    const std::string name = entry.path().filename();
    if (name == "LOCK" || name == "CURRENT" || name.starts_with("MANIFEST")) {
      needed.push_back(entry.path());
    }
  }
  EXPECT_EQ(needed.size(), 3U);
  for (const fs::path& file : needed) {
    if (!fs::exists(file)) continue;  // the open that worked in between has made a newer one
    for (const auto& entry : fs::directory_iterator(path_)) {
      fs::permissions(entry.path(), fs::perms::all);
    }
    ExpectDenied(file, fs::perms::none, file);
  }
}

TEST_F(PermissionTest, AStoreThatMayNotBeMadeIsAnIoErrorThatNamesIt) {
  fs::permissions(directory_.path(), kReadOnly);
  Status status;
  {
    const AsNobody nobody;
    status = RocksDbProvider::Open(directory_.path() / "new", OpenMode::kCreateIfMissing).status();
  }
  EXPECT_EQ(status.code(), StatusCode::kIoError) << status;
  EXPECT_NE(status.message().find("Permission denied"), std::string::npos) << status;
}

}  // namespace
}  // namespace tandem
