#include "tandem/tests/support/temporary_directory.h"

#include <unistd.h>

#include <cstdlib>
#include <string>

#include "tandem/base/check.h"

namespace tandem::testing {
namespace {

std::filesystem::path MakeDirectory(const std::filesystem::path& parent) {
  std::string name = parent / "tandem-test-XXXXXX";
  TANDEM_CHECK(mkdtemp(name.data()) != nullptr, "a temporary directory can be made");
  return name;
}

void Remove(const std::filesystem::path& path) {
  std::error_code ignored;
  std::filesystem::remove_all(path, ignored);
}

// Holds the directories of a test program and of the processes that it starts. A death test and a
// killed process leave theirs behind, and each store in them takes 76 MB in advance: so the program
// that was first removes them all when it exits.
std::filesystem::path MakeProgramDirectory() {
  constexpr char kVariable[] = "TANDEM_TEST_DIRECTORY";
  if (const char* const of_parent = std::getenv(kVariable); of_parent != nullptr) return of_parent;
  static const std::filesystem::path path = MakeDirectory(std::filesystem::temp_directory_path());
  // Others may pass: a test of permissions looks at its own as another user.
  std::filesystem::permissions(path, std::filesystem::perms::owner_all |
                                         std::filesystem::perms::group_exec |
                                         std::filesystem::perms::others_exec);
  static const pid_t owner = getpid();
  setenv(kVariable, path.c_str(), 1);
  constexpr auto kRemove = [] {
    if (owner == getpid()) Remove(path);
  };
  std::atexit(kRemove);
  std::at_quick_exit(kRemove);
  return path;
}

const std::filesystem::path& ProgramDirectory() {
  static const std::filesystem::path directory = MakeProgramDirectory();
  return directory;
}

}  // namespace

TemporaryDirectory::TemporaryDirectory() : path_(MakeDirectory(ProgramDirectory())) {}

TemporaryDirectory::~TemporaryDirectory() { Remove(path_); }

}  // namespace tandem::testing
