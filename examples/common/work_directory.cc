#include "examples/common/work_directory.h"

#include <cerrno>
#include <cstdlib>
#include <system_error>
#include <utility>

namespace examples {

namespace fs = std::filesystem;
using tandem::Status;

WorkDirectory::WorkDirectory(fs::path path, bool temporary)
    : path_(std::move(path)), temporary_(temporary) {}

tandem::Result<WorkDirectory> WorkDirectory::Make(const std::string& given,
                                                  const std::string& name) {
  if (!given.empty()) {
    std::error_code error;
    fs::create_directories(given, error);
    if (error) return Status::IoError("can't make " + given + ": " + error.message());
    return WorkDirectory(given, false);
  }
  std::string path = fs::temp_directory_path() / (name + "-XXXXXX");
  if (mkdtemp(path.data()) == nullptr) {
    return Status::IoError("no temporary directory: " + std::generic_category().message(errno));
  }
  return WorkDirectory(path, true);
}

void WorkDirectory::RemoveIfTemporary() const {
  std::error_code ignored;
  if (temporary_) fs::remove_all(path_, ignored);
}

fs::path ProgramBeside(const std::string& name) {
  return fs::read_symlink("/proc/self/exe").parent_path() / name;
}

}  // namespace examples
