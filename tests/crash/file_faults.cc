#include "tests/crash/file_faults.h"

#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <mutex>
#include <optional>
#include <shared_mutex>

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

// The fault, if this call is the one that fails.
std::optional<FileFault> Injected(FileFault::Call call, int fd) {
  State& state = TheState();
  const std::lock_guard lock(state.mutex);
  if (!state.armed || state.fault.call != call || !PathOf(fd).ends_with(state.fault.suffix)) {
    return std::nullopt;
  }
  if (state.fault.countdown > 1) {
    --state.fault.countdown;
    return std::nullopt;
  }
  state.armed = state.fault.again;
  ++state.injected;
  return state.fault;
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
  const auto lock = tandem::testing::EnterCall();
  return static_cast<int>(syscall(SYS_unlink, path));
}

extern "C" int rename(const char* from, const char* to) {
  const auto lock = tandem::testing::EnterCall();
  const int result = static_cast<int>(syscall(SYS_rename, from, to));
  auto& state = tandem::testing::TheState();
  const std::lock_guard guard(state.mutex);
  if (auto moved = state.durable.extract(from); result == 0 && !moved.empty()) {
    moved.key() = to;
    state.durable.erase(to);
    state.durable.insert(std::move(moved));
  }
  return result;
}

extern "C" int fsync(int fd) { return tandem::testing::Sync(SYS_fsync, fd); }
// NOLINTEND(readability-inconsistent-declaration-parameter-name)
