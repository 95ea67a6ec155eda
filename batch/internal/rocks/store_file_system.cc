#include "tandem/batch/internal/rocks/store_file_system.h"

#include <sys/stat.h>

#include <atomic>
#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

namespace tandem::internal {

namespace {

using rocksdb::FileOptions;
using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;

}  // namespace

// A write-ahead log of the store. Used by one thread at a time, until it is ended; then by any.
class LogFile final : public rocksdb::FSWritableFileOwnerWrapper {
 public:
  LogFile(std::string path, StoreFileSystem* files, std::unique_ptr<rocksdb::FSWritableFile> file)
      : FSWritableFileOwnerWrapper(std::move(file)), path_(std::move(path)), files_(files) {
    known_ = stat(path_.c_str(), &made_) == 0;
  }
  ~LogFile() override {
    const MutexLock lock(files_->mutex_);
    if (files_->newest_log_ == this) files_->newest_log_ = nullptr;
  }

  // Flushes it for the last time.
  IOStatus End() {
    const IOStatus flushed = Sync(IOOptions(), nullptr);
    ended_ = flushed.ok();
    return flushed;
  }

  IOStatus Append(const rocksdb::Slice& data, const IOOptions& options,
                  IODebugContext* debug) override {
    ended_ = false;
    return FSWritableFileOwnerWrapper::Append(data, options, debug);
  }
  IOStatus Append(const rocksdb::Slice& data, const IOOptions& options,
                  const rocksdb::DataVerificationInfo& verification,
                  IODebugContext* debug) override {
    ended_ = false;
    return FSWritableFileOwnerWrapper::Append(data, options, verification, debug);
  }

  IOStatus Sync(const IOOptions& options, IODebugContext* debug) override {
    if (ended_) return IOStatus::OK();
    const IOStatus found = CheckInPlace();
    return found.ok() ? FSWritableFileOwnerWrapper::Sync(options, debug) : found;
  }

  bool IsSyncThreadSafe() const override { return false; }

 private:
  IOStatus CheckInPlace() const {
    struct stat found{};
    const int error = stat(path_.c_str(), &found) == 0 ? 0 : errno;
    if (known_ && error == 0 && found.st_dev == made_.st_dev && found.st_ino == made_.st_ino) {
      return IOStatus::OK();
    }
    const IOStatus directory = files_->CheckInPlace();
    if (!directory.ok()) return directory;
    if (error != 0 && error != ENOENT && error != ENOTDIR) {
      return IOStatus::IOError("the log " + path_ + " can't be reached any more",
                               std::generic_category().message(error));
    }
    return IOStatus::PathNotFound("the log " + path_ + " was removed while the store was open");
  }

  const std::string path_;
  StoreFileSystem* const files_;
  struct stat made_{};
  bool known_ = false;
  std::atomic<bool> ended_ = false;  // flushed for the last time, and not written to since
};

IOStatus StoreFileSystem::CheckInPlace() const {
  const Status found = directory_->CheckInPlace();
  if (found.ok()) return IOStatus::OK();
  return IOStatus::PathNotFound(found.message());
}  // NOLINT(clang-analyzer-cplusplus.NewDeleteLeaks): the status owns its text

IOStatus StoreFileSystem::NewSequentialFile(const std::string& path, const FileOptions& options,
                                            std::unique_ptr<rocksdb::FSSequentialFile>* file,
                                            IODebugContext* debug) {
  IOStatus status = CheckInPlace();
  if (status.ok()) status = FileSystemWrapper::NewSequentialFile(path, options, file, debug);
  return status;
}

IOStatus StoreFileSystem::NewRandomAccessFile(const std::string& path, const FileOptions& options,
                                              std::unique_ptr<rocksdb::FSRandomAccessFile>* file,
                                              IODebugContext* debug) {
  IOStatus status = CheckInPlace();
  if (status.ok()) status = FileSystemWrapper::NewRandomAccessFile(path, options, file, debug);
  return status;
}

IOStatus StoreFileSystem::NewWritableFile(const std::string& path, const FileOptions& options,
                                          std::unique_ptr<rocksdb::FSWritableFile>* file,
                                          IODebugContext* debug) {
  // The logs of a copy that is being made lie elsewhere.
  const bool is_log =
      path.ends_with(".log") && std::filesystem::path(path).parent_path() == directory_->path();
  IOStatus status = CheckInPlace();
  if (status.ok() && is_log) status = EndNewestLog();
  if (status.ok()) status = FileSystemWrapper::NewWritableFile(path, options, file, debug);
  if (!status.ok() || !is_log) return status;
  auto log = std::make_unique<LogFile>(path, this, std::move(*file));
  const MutexLock lock(mutex_);
  newest_log_ = log.get();
  *file = std::move(log);
  return status;
}

IOStatus StoreFileSystem::EndNewestLog() {
  const MutexLock lock(mutex_);
  return newest_log_ == nullptr ? IOStatus::OK() : newest_log_->End();
}

IOStatus StoreFileSystem::DeleteFile(const std::string& path, const IOOptions& options,
                                     IODebugContext* debug) {
  IOStatus status = CheckInPlace();
  if (status.ok()) status = FileSystemWrapper::DeleteFile(path, options, debug);
  return status;
}

IOStatus StoreFileSystem::RenameFile(const std::string& from, const std::string& to,
                                     const IOOptions& options, IODebugContext* debug) {
  IOStatus status = CheckInPlace();
  if (status.ok()) status = FileSystemWrapper::RenameFile(from, to, options, debug);
  return status;
}

IOStatus StoreFileSystem::LinkFile(const std::string& from, const std::string& to,
                                   const IOOptions& options, IODebugContext* debug) {
  IOStatus status = CheckInPlace();
  if (status.ok()) status = FileSystemWrapper::LinkFile(from, to, options, debug);
  return status;
}

}  // namespace tandem::internal
