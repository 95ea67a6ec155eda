#include <gtest/gtest.h>

#include <spawn.h>
#include <sys/wait.h>

#include <string>

#include "tandem/batch/provider_admin.h"
#include "tandem/batch/rocksdb_provider.h"
#include "tandem/tests/support/temporary_directory.h"

namespace tandem {
namespace {

// The exit status of the program, as waitpid() tells it.
int RunGlobalStore(std::string directory) {
  std::string program = TANDEM_GLOBAL_STORE;
  char* arguments[] = {program.data(), directory.data(), nullptr};
  pid_t child = 0;
  if (posix_spawn(&child, program.c_str(), nullptr, nullptr, arguments, environ) != 0) return -1;
  int status = 0;
  return waitpid(child, &status, 0) == child ? status : -1;
}

TEST(GlobalStoreTest, AStoreAtNamespaceScopeEndsWithTheProcessAndLosesNothing) {
  const testing::TemporaryDirectory directory;
  const std::filesystem::path path = directory.path() / "store";
  for (Version round = 1; round <= 3; ++round) {
    EXPECT_EQ(RunGlobalStore(path), 0);
    const auto store = RocksDbProvider::Open(path, OpenMode::kCreateIfMissing);
    ASSERT_TRUE(store.ok()) << store.status();
    EXPECT_EQ((*store)->Read({"stream", 0}, {})->head, 100 * round);
    EXPECT_TRUE((*store)->admin()->Verify().ok());
  }
}

}  // namespace
}  // namespace tandem
