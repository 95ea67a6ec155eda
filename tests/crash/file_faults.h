#pragma once

// Stands between the process and the operating system: this file defines
// write(), fdatasync(), fsync(), pread(), open(), rename(), link(), unlink(),
// mkdir() and fallocate() for the whole executable, RocksDB included, so no
// product code knows about it. Files are recognised by the beginning and the
// end of their names; only write-ahead logs (".log") are meddled with unless a
// test says otherwise.
//
// Thread-safe.

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <set>
#include <string>

namespace tandem::testing {

struct FileFault {
  enum class Call { kWrite, kSync, kRead, kOpen, kRename, kLink, kUnlink, kMkdir, kAllocate };
  Call call = Call::kWrite;
  std::uint64_t countdown = 1;  // which such call from now on fails: 1 = the next
  int error = 5;                // errno; EIO. Of a write, 0: it claims to have written all
  std::size_t written = 0;      // of a failing write: so many bytes get through
  bool again = false;           // all later ones fail, too
  std::string suffix = ".log";  // of the file's path; empty: every file
  std::string prefix;           // of the file's name; of a rename or link, the new one's
};

// Replaces a fault that is armed. Counts from now.
void ArmFault(const FileFault& fault);
void DisarmFault();
std::uint64_t FaultsInjected();  // since ArmFault

// Syncs succeed without reaching the device: for tests that open thousands of
// stores.
void SkipSyncs(bool skip);

// The directories whose names in them were flushed.
std::set<std::string> SyncedDirectories();

// How much of each file a power cut leaves for certain: its size when its last
// successful sync began.
std::map<std::string, std::uint64_t> DurableSizes();

// Calls `look` while no write, sync, unlink or rename is under way.
void WithFilesFrozen(const std::function<void()>& look);

}  // namespace tandem::testing
