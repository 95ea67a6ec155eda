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

// An activity hashes so many files, or so many bytes, at most (or one larger file).
constexpr std::size_t kBatchFilesMax = 64;
constexpr std::uintmax_t kBatchBytesMax = std::uintmax_t{8} << 20;

// A page lists so many files: it bounds what one fan-out has in the air.
constexpr std::size_t kPageFilesMax = 4096;

using File = std::pair<std::string, std::uintmax_t>;  // path, bytes

Result<std::vector<File>> WalkFiles(const std::string& directory, const std::string& after) {
  namespace fs = std::filesystem;
  std::error_code error;
  std::vector<File> files;
  fs::recursive_directory_iterator it(directory, fs::directory_options::skip_permission_denied,
                                      error);
  if (error) return Status::NotFound("can't list " + directory + ": " + error.message());
  for (; it != fs::recursive_directory_iterator(); it.increment(error)) {
    if (error) break;
    std::error_code
        ignored;  // a file that vanishes meanwhile counts as empty, and is hashed as such
    if (!it->is_regular_file(ignored) || it->is_symlink(ignored)) continue;
    std::string path = it->path().string();
    if (path <= after) continue;
    const std::uintmax_t bytes = it->file_size(ignored);
    files.emplace_back(std::move(path), ignored ? 0 : bytes);
  }
  if (error) return Status::IoError("can't list " + directory + ": " + error.message());
  std::ranges::sort(files);
  return files;
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
  TANDEM_ASSIGN_OR_RETURN(std::vector<File> files, WalkFiles(request.directory, request.after));
  FilePage page;
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
