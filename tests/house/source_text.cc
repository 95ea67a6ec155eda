#include "tandem/tests/house/source_text.h"

#include <algorithm>
#include <fstream>
#include <iterator>

namespace tandem::house {
namespace {

bool IsOurText(const std::filesystem::path& path) {
  static const std::vector<std::string> kExtensions = {".h",  ".cc",   ".capnp", ".cmake", ".txt",
                                                       ".md", ".json", ".sh",    ".supp"};
  const std::string extension = path.extension().string();
  const std::string name = path.filename().string();
  return std::ranges::find(kExtensions, extension) != kExtensions.end() || name == "dev" ||
         path.parent_path().filename() == ".ci";
}

bool IsSkippedFolder(const std::string& name) {
  return name == "build" || (name.starts_with('.') && name != ".ci");
}

}  // namespace

std::vector<SourceFile> ReadSourceTree(const std::filesystem::path& root) {
  std::vector<SourceFile> files;
  using Walk = std::filesystem::recursive_directory_iterator;
  for (Walk entry(root), end; entry != end; ++entry) {
    if (entry->is_directory() && IsSkippedFolder(entry->path().filename().string())) {
      entry.disable_recursion_pending();
    } else if (entry->is_regular_file() && IsOurText(entry->path())) {
      std::ifstream in(entry->path(), std::ios::binary);
      files.push_back({std::filesystem::relative(entry->path(), root).generic_string(),
                       std::string(std::istreambuf_iterator<char>(in), {})});
    }
  }
  std::ranges::sort(files, {}, &SourceFile::path);
  return files;
}

const std::vector<SourceFile>& ProjectFiles() {
  static const std::vector<SourceFile> kFiles = ReadSourceTree(TANDEM_SOURCE_DIR);
  return kFiles;
}

}  // namespace tandem::house
