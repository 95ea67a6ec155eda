#include "tandem/cli/bench/work_directory.h"

#include <cerrno>
#include <cstdlib>
#include <string>
#include <system_error>
#include <utility>

namespace tandem::bench {

namespace {

namespace fs = std::filesystem;

// RocksDB's file that says which manifest holds; every store has it.
bool IsStore(const fs::path& directory) {
  std::error_code ignored;
  return fs::exists(directory / "CURRENT", ignored);
}

// The store that `directory`, an absolute path, is or lies in; empty if none.
fs::path StoreAround(const fs::path& directory) {
  for (fs::path at = directory;; at = at.parent_path()) {
    if (IsStore(at)) return at;
    if (at == at.parent_path()) return {};
  }
}

}  // namespace

Result<WorkDirectory> WorkDirectory::Make(const fs::path& where) {
  std::error_code error;
  const fs::path whole = fs::canonical(where, error);
  if (error == std::errc::no_such_file_or_directory) {
    return Status::NotFound("there is no directory " + where.string() + "; nothing was made");
  }
  if (error == std::errc::not_a_directory) {
    return Status::InvalidArgument(where.string() + " is no directory");
  }
  if (error) return Status::IoError("can't look at " + where.string() + ": " + error.message());
  if (!fs::is_directory(whole, error)) {
    return Status::InvalidArgument(where.string() + " is no directory");
  }
  if (const fs::path store = StoreAround(whole); !store.empty()) {
    return Status::InvalidArgument(store.string() + " is a store; nothing is measured in one");
  }
  std::string path = whole / "tandem-bench.XXXXXX";
  if (mkdtemp(path.data()) == nullptr) {
    const std::string text = "can't make a directory in " + where.string() + ": " +
                             std::generic_category().message(errno);
    return errno == ENOSPC || errno == EDQUOT ? Status::NoSpace(text) : Status::IoError(text);
  }
  return WorkDirectory(path);
}

WorkDirectory::WorkDirectory(WorkDirectory&& other) noexcept
    : path_(std::exchange(other.path_, {})) {}

WorkDirectory::~WorkDirectory() {
  std::error_code ignored;
  if (!path_.empty()) fs::remove_all(path_, ignored);
}

}  // namespace tandem::bench
