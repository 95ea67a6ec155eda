#include "tandem/batch/internal/rocks/store_copy.h"

#include <fcntl.h>
#include <rocksdb/utilities/checkpoint.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <memory>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "tandem/base/rocks/rocks_status.h"
#include "tandem/batch/internal/rocks/held_directory.h"

namespace tandem::internal {

namespace fs = std::filesystem;

namespace {

constexpr std::uint64_t kCopyTheLog = std::numeric_limits<std::uint64_t>::max();

// Six characters for mkdtemp() follow.
constexpr const char* kWorkplacePrefix = ".tandem-copy-";
constexpr std::size_t kWorkplaceSuffix = 6;
constexpr int kAttemptsMax = 20;

// In it; RocksDB adds ".tmp" for what it is still copying.
constexpr const char* kCopyName = "store";

// Removes what is ours, and the directory if there is nothing else in it.
void RemoveWorkplace(const fs::path& directory) {
  std::error_code ignored;
  fs::remove_all(directory / kCopyName, ignored);
  fs::remove_all(directory / (std::string(kCopyName) + ".tmp"), ignored);
  fs::remove(directory, ignored);
}

// Where a copy is made. It is locked while it is used: one that nobody holds was left by a process
// that ended.
class Workplace {
 public:
  static Result<std::unique_ptr<Workplace>> Make(const fs::path& parent) {
    Status failure;
    for (int attempt = 0; attempt < kAttemptsMax; ++attempt) {
      std::string name = parent / (kWorkplacePrefix + std::string(kWorkplaceSuffix, 'X'));
      if (mkdtemp(name.data()) == nullptr) {
        return SystemFailure("can't make a directory in " + parent.string(), errno);
      }
      auto held = HeldDirectory::Hold(name);
      if (held.ok()) return std::unique_ptr<Workplace>(new Workplace(*std::move(held)));
      failure = held.status();  // another copy took it for a left one before we could hold it
      RemoveWorkplace(name);
    }
    return failure;
  }
  ~Workplace() { RemoveWorkplace(held_->path()); }
  Workplace(const Workplace&) = delete;
  Workplace& operator=(const Workplace&) = delete;

  static void RemoveLeftovers(const fs::path& parent) {
    std::error_code error;
    std::vector<fs::path> left;
    for (const auto& entry : fs::directory_iterator(parent, error)) {
      const std::string name = entry.path().filename();
      if (name.starts_with(kWorkplacePrefix) &&
          name.size() == std::string(kWorkplacePrefix).size() + kWorkplaceSuffix) {
        left.push_back(entry.path());
      }
    }
    for (const fs::path& path : left) {
      if (const auto held = HeldDirectory::Hold(path); held.ok()) RemoveWorkplace(path);
    }
  }

  fs::path copy() const { return held_->path() / kCopyName; }

 private:
  explicit Workplace(std::unique_ptr<HeldDirectory> held) : held_(std::move(held)) {}
  const std::unique_ptr<HeldDirectory> held_;
};

Status CopyFiles(const StoreDatabase& source, const fs::path& copy) {
  rocksdb::Checkpoint* made = nullptr;
  TANDEM_RETURN_IF_ERROR(
      FromRocks(rocksdb::Checkpoint::Create(source.db.get(), &made), "checkpoint"));
  const std::unique_ptr<rocksdb::Checkpoint> checkpoint(made);
  // The log is copied, and so are batches that are not flushed: nothing waits for a memtable.
  return FromRocks(checkpoint->CreateCheckpoint(copy.string(), kCopyTheLog),
                   "checkpoint to " + copy.string());
}

// `sequence`: RocksDB's number of the last change when the copy was begun. Each change has a number
// of its own, so a copy that lacks a file or an end has a lower one.
Status CheckAndRenew(const StoreDatabase& source, rocksdb::SequenceNumber sequence,
                     const fs::path& copy, RocksDbOptions options) {
  options.mode = OpenMode::kOpenExisting;
  TANDEM_ASSIGN_OR_RETURN(const auto copied, OpenStoreDatabase(copy, options));
  if (copied->identity.store != source.identity.store ||
      copied->identity.incarnation != source.identity.incarnation + 1) {
    return Status::Corruption(copy.string(), "the copy is not of this store");
  }
  if (copied->db->GetLatestSequenceNumber() <= sequence) {
    return Status::Corruption(copy.string(), "the copy lacks changes that the store has");
  }
  return RenewIdentity(*copied);
}

}  // namespace

Status CopyStore(const StoreDatabase& source, const fs::path& target,
                 const RocksDbOptions& options) {
  TANDEM_ASSIGN_OR_RETURN(const fs::path path, ResolveDirectory(target));
  const Status exists =
      Status::AlreadyExists(path.string() + " exists; a copy gets a new directory");
  std::error_code error;
  if (fs::exists(fs::symlink_status(path, error))) return exists;
  const fs::path parent = path.parent_path();
  TANDEM_RETURN_IF_ERROR(MakeDirectory(parent));
  Workplace::RemoveLeftovers(parent);
  TANDEM_ASSIGN_OR_RETURN(const auto workplace, Workplace::Make(parent));

  const rocksdb::SequenceNumber sequence = source.db->GetLatestSequenceNumber();
  TANDEM_RETURN_IF_ERROR(CopyFiles(source, workplace->copy()));
  TANDEM_RETURN_IF_ERROR(CheckAndRenew(source, sequence, workplace->copy(), options));
  // rename() alone would replace an empty directory that appeared meanwhile.
  if (renameat2(AT_FDCWD, workplace->copy().c_str(), AT_FDCWD, path.c_str(), RENAME_NOREPLACE) !=
      0) {
    if (errno == EEXIST) return exists;
    return SystemFailure("can't give the copy its name " + path.string(), errno);
  }
  return FlushName(path);
}

}  // namespace tandem::internal
