#pragma once

// The file system through which RocksDB reaches the files of one store. RocksDB opens files by
// their paths for as long as the store is open. If the directory is renamed or removed meanwhile,
// those paths lead nowhere, or to another store. So before a file is opened, made, renamed, linked
// or deleted, the directory must still be in its place (HeldDirectory::CheckInPlace), and before a
// log is flushed it must still be the file under its name: a batch is not acknowledged into a file
// that nobody can find any more. Each check is one stat(), beside a call that costs many times
// that.
//
// It also keeps RocksDB from using a log again whose flush has failed, which would end the process:
// the release in Debian 12 has its assertions on. Two threads would flush the same log: the one
// that writes, and a background job that flushes a log that was ended. So a log is flushed when the
// next one is made, by the thread that writes, and flushing it later does nothing. And no thread
// may flush the newest log beside the one that writes (IsSyncThreadSafe is false), which
// Checkpoint would try.

#include <rocksdb/file_system.h>

#include <memory>
#include <string>

#include "tandem/base/mutex.h"
#include "tandem/batch/internal/rocks/held_directory.h"

namespace tandem::internal {

class LogFile;

class StoreFileSystem final : public rocksdb::FileSystemWrapper {
 public:
  // REQUIRES: the directory outlives the file system.
  explicit StoreFileSystem(const HeldDirectory* directory)
      : FileSystemWrapper(rocksdb::FileSystem::Default()), directory_(directory) {}

  const char* Name() const override { return "tandem.StoreFileSystem"; }

  rocksdb::IOStatus NewSequentialFile(const std::string& path, const rocksdb::FileOptions& options,
                                      std::unique_ptr<rocksdb::FSSequentialFile>* file,
                                      rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus NewRandomAccessFile(const std::string& path,
                                        const rocksdb::FileOptions& options,
                                        std::unique_ptr<rocksdb::FSRandomAccessFile>* file,
                                        rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus NewWritableFile(const std::string& path, const rocksdb::FileOptions& options,
                                    std::unique_ptr<rocksdb::FSWritableFile>* file,
                                    rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus DeleteFile(const std::string& path, const rocksdb::IOOptions& options,
                               rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus RenameFile(const std::string& from, const std::string& to,
                               const rocksdb::IOOptions& options,
                               rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus LinkFile(const std::string& from, const std::string& to,
                             const rocksdb::IOOptions& options,
                             rocksdb::IODebugContext* debug) override;

 private:
  friend class LogFile;  // leaves when it is closed

  rocksdb::IOStatus CheckInPlace() const;
  rocksdb::IOStatus EndNewestLog();

  const HeldDirectory* const directory_;
  Mutex mutex_;
  LogFile* newest_log_ TANDEM_GUARDED_BY(mutex_) = nullptr;
};

}  // namespace tandem::internal
