#include "tandem/tests/crash/file_faults.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdarg>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <string_view>

namespace tandem::testing {
namespace {

struct State {
  std::shared_mutex frozen;  // shared by every write and sync
  std::mutex mutex;          // guards what follows
  FileFault fault;
  bool armed = false;
  std::uint64_t injected = 0;
  std::map<std::string, std::uint64_t> durable;
  std::set<std::string> directories;
  std::atomic<bool> skip_syncs = false;
};

// Never destroyed: files are written until the very end of the process.
State& TheState() {
  static State* const kState = new State;
  return *kState;
}

std::string PathOf(int fd) {
  char path[4096];
  const std::string link = "/proc/self/fd/" + std::to_string(fd);
  const ssize_t size = readlink(link.c_str(), path, sizeof(path));
  return size < 0 ? std::string() : std::string(path, static_cast<std::size_t>(size));
}

// The thread inside WithFilesFrozen may write.
thread_local bool freezing = false;

std::shared_lock<std::shared_mutex> EnterCall() {
  return freezing ? std::shared_lock<std::shared_mutex>() : std::shared_lock(TheState().frozen);
}

bool Matches(const FileFault& fault, std::string_view path) {
  const std::string_view name = path.substr(path.find_last_of('/') + 1);
  return path.ends_with(fault.suffix) && name.starts_with(fault.prefix);
}

// The fault, if this call is the one that fails.
std::optional<FileFault> Injected(FileFault::Call call, const std::string& path) {
  State& state = TheState();
  const std::lock_guard lock(state.mutex);
  if (!state.armed || state.fault.call != call || !Matches(state.fault, path)) return std::nullopt;
  if (state.fault.countdown > 1) {
    --state.fault.countdown;
    return std::nullopt;
  }
  state.armed = state.fault.again;
  ++state.injected;
  return state.fault;
}

std::optional<FileFault> Injected(FileFault::Call call, int fd) {
  State& state = TheState();
  {
    const std::lock_guard lock(state.mutex);
    if (!state.armed || state.fault.call != call) return std::nullopt;
  }
  return Injected(call, PathOf(fd));
}

// A call that fails with the fault's error, or is made.
int CallOrFail(FileFault::Call call, const char* path, const std::function<std::int64_t()>& made) {
  const auto lock = EnterCall();
  if (const auto fault = Injected(call, std::string(path))) {
    errno = fault->error;
    return -1;
  }
  return static_cast<int>(made());
}

int Sync(std::int64_t number, int fd) {
  State& state = TheState();
  const auto lock = EnterCall();
  if (const auto fault = Injected(FileFault::Call::kSync, fd)) {
    errno = fault->error;
    return -1;
  }
  struct stat before{};
  const bool known = fstat(fd, &before) == 0;
  const int result = state.skip_syncs ? 0 : static_cast<int>(syscall(number, fd));
  if (result == 0 && known) {
    const std::lock_guard guard(state.mutex);
    if (S_ISDIR(before.st_mode)) {
      state.directories.insert(PathOf(fd));
    } else {
      state.durable[PathOf(fd)] = static_cast<std::uint64_t>(before.st_size);
    }
  }
  return result;
}

}  // namespace

void ArmFault(const FileFault& fault) {
  State& state = TheState();
  const std::lock_guard lock(state.mutex);
  state.fault = fault;
  state.armed = true;
  state.injected = 0;
}

void DisarmFault() {
  State& state = TheState();
  const std::lock_guard lock(state.mutex);
  state.armed = false;
}

std::uint64_t FaultsInjected() {
  State& state = TheState();
  const std::lock_guard lock(state.mutex);
  return state.injected;
}

void SkipSyncs(bool skip) { TheState().skip_syncs = skip; }

std::map<std::string, std::uint64_t> DurableSizes() {
  State& state = TheState();
  const std::lock_guard lock(state.mutex);
  return state.durable;
}

std::set<std::string> SyncedDirectories() {
  State& state = TheState();
  const std::lock_guard lock(state.mutex);
  return state.directories;
}

void WithFilesFrozen(const std::function<void()>& look) {
  const std::unique_lock lock(TheState().frozen);
  freezing = true;
  look();
  freezing = false;
}

}  // namespace tandem::testing

// NOLINTBEGIN(readability-inconsistent-declaration-parameter-name)
extern "C" ssize_t write(int fd, const void* bytes, std::size_t count) {
  using tandem::testing::FileFault;
  const auto lock = tandem::testing::EnterCall();
  if (const auto fault = tandem::testing::Injected(FileFault::Call::kWrite, fd)) {
    if (fault->written > 0) {
      syscall(SYS_write, fd, bytes, std::min(count, fault->written));
    }
    if (fault->error == 0) return static_cast<ssize_t>(count);
    errno = fault->error;
    return -1;
  }
  return syscall(SYS_write, fd, bytes, count);
}

extern "C" int fdatasync(int fd) { return tandem::testing::Sync(SYS_fdatasync, fd); }

extern "C" ssize_t pread(int fd, void* bytes, std::size_t count, off_t offset) {
  using tandem::testing::FileFault;
  if (const auto fault = tandem::testing::Injected(FileFault::Call::kRead, fd)) {
    errno = fault->error;
    return -1;
  }
  return syscall(SYS_pread64, fd, bytes, count, offset);
}

extern "C" int unlink(const char* path) {
  return tandem::testing::CallOrFail(tandem::testing::FileFault::Call::kUnlink, path,
                                     [&] { return syscall(SYS_unlink, path); });
}

extern "C" int open(const char* path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  const bool makes = (flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE;
  const mode_t mode = makes ? va_arg(arguments, mode_t) : 0;
  va_end(arguments);
  return tandem::testing::CallOrFail(tandem::testing::FileFault::Call::kOpen, path, [&] {
    return syscall(SYS_openat, AT_FDCWD, path, flags, mode);
  });
}

extern "C" int link(const char* from, const char* to) {
  return tandem::testing::CallOrFail(tandem::testing::FileFault::Call::kLink, to,
                                     [&] { return syscall(SYS_link, from, to); });
}

extern "C" int mkdir(const char* path, mode_t mode) {
  return tandem::testing::CallOrFail(tandem::testing::FileFault::Call::kMkdir, path,
                                     [&] { return syscall(SYS_mkdir, path, mode); });
}

extern "C" int fallocate(int fd, int mode, off_t offset, off_t length) {
  using tandem::testing::FileFault;
  if (const auto fault = tandem::testing::Injected(FileFault::Call::kAllocate, fd)) {
    errno = fault->error;
    return -1;
  }
  return static_cast<int>(syscall(SYS_fallocate, fd, mode, offset, length));
}

extern "C" int rename(const char* from, const char* to) {
  return tandem::testing::CallOrFail(tandem::testing::FileFault::Call::kRename, to, [&] {
    const auto result = syscall(SYS_rename, from, to);
    auto& state = tandem::testing::TheState();
    const std::lock_guard guard(state.mutex);
    if (auto moved = state.durable.extract(from); result == 0 && !moved.empty()) {
      moved.key() = to;
      state.durable.erase(to);
      state.durable.insert(std::move(moved));
    }
    return result;
  });
}

extern "C" int fsync(int fd) { return tandem::testing::Sync(SYS_fsync, fd); }
// NOLINTEND(readability-inconsistent-declaration-parameter-name)
