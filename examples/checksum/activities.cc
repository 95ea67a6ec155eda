#include "examples/checksum/activities.h"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <memory>
#include <utility>

namespace checksum {

namespace {

namespace fs = std::filesystem;

// An activity hashes so many files, or so many bytes, at most (or one larger file).
constexpr std::size_t kBatchFilesMax = 64;
constexpr std::uintmax_t kBatchBytesMax = std::uintmax_t{8} << 20;

// A page lists so many files: it bounds what one fan-out has in the air.
constexpr std::size_t kPageFilesMax = 4096;

using File = std::pair<std::string, std::uintmax_t>;  // path, bytes

struct Walk {
  std::vector<File> files;
  std::vector<std::string> unreadable;  // directories
};

void WalkDirectory(const fs::path& directory, Walk& walk) {
  std::error_code error;
  fs::directory_iterator it(directory, error);
  for (; !error && it != fs::directory_iterator(); it.increment(error)) {
    std::error_code
        vanished;  // such a file counts as empty here, and as unreadable when it is hashed
    if (it->is_symlink(vanished)) continue;
    if (it->is_directory(vanished)) {
      WalkDirectory(it->path(), walk);
    } else if (it->is_regular_file(vanished)) {
      const std::uintmax_t bytes = it->file_size(vanished);
      walk.files.emplace_back(it->path().string(), vanished ? 0 : bytes);
    }
  }
  if (error) walk.unreadable.push_back(directory.string());
}

std::string ToHex(const unsigned char* bytes, std::size_t count) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string hex;
  for (std::size_t i = 0; i < count; ++i) {
    hex += kDigits[bytes[i] >> 4];
    hex += kDigits[bytes[i] & 15];
  }
  return hex;
}

FileDigest HashFile(const std::string& path) {
  FileDigest digest{path, {}, 0};
  std::ifstream file(path, std::ios::binary);
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(),
                                                                        &EVP_MD_CTX_free);
  if (!file || EVP_DigestInit_ex(context.get(), EVP_sha256(), nullptr) != 1) return digest;
  std::array<char, std::size_t{64} << 10> buffer;
  while (file) {
    file.read(buffer.data(), buffer.size());
    EVP_DigestUpdate(context.get(), buffer.data(), static_cast<std::size_t>(file.gcount()));
    digest.bytes += static_cast<std::uint64_t>(file.gcount());
  }
  if (file.bad()) return digest;
  std::array<unsigned char, EVP_MAX_MD_SIZE> hash;
  unsigned int hash_bytes = 0;
  EVP_DigestFinal_ex(context.get(), hash.data(), &hash_bytes);
  digest.sha256 = ToHex(hash.data(), hash_bytes);
  return digest;
}

}  // namespace

Result<FilePage> ListFiles(const ListRequest& request) {
  std::error_code error;
  if (!fs::is_directory(request.directory, error)) {
    return Status::NotFound("there is no directory " + request.directory);
  }
  Walk walk;
  WalkDirectory(request.directory, walk);
  std::vector<File>& files = walk.files;
  std::ranges::sort(files);
  std::erase_if(files, [&](const File& file) { return file.first <= request.after; });
  FilePage page;
  if (request.after.empty()) page.unreadable = std::move(walk.unreadable);
  page.more = files.size() > kPageFilesMax;
  if (page.more) files.resize(kPageFilesMax);
  std::uintmax_t batch_bytes = 0;
  for (auto& [path, bytes] : files) {
    const bool fits = !page.batches.empty() && page.batches.back().size() < kBatchFilesMax &&
                      batch_bytes + bytes <= kBatchBytesMax;
    if (!fits) {
      page.batches.emplace_back();
      batch_bytes = 0;
    }
    batch_bytes += bytes;
    page.last = path;
    page.batches.back().push_back(std::move(path));
  }
  return page;
}

Result<HashedFiles> HashFiles(const std::vector<std::string>& paths) {
  HashedFiles hashed;
  hashed.reserve(paths.size());
  for (const std::string& path : paths) hashed.push_back(HashFile(path));
  return hashed;
}

}  // namespace checksum
