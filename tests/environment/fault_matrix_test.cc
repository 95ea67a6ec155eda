// Every kind of file, every call of the operating system that may fail, every error, at every
// moment of a store's life: nothing but typed errors, nothing acknowledged is lost, and the store
// opens again once the cause is gone. RocksDB's assertions are on in Debian's release: a failure
// that it does not expect would end this process.
//
// A run plays a random sample. TANDEM_ALL_FAULTS=1 plays all of them, which takes minutes.

#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "tandem/batch/provider_admin.h"
#include "tandem/batch/rocksdb_provider.h"
#include "tandem/tests/crash/file_faults.h"
#include "tandem/tests/crash/store_files.h"
#include "tandem/tests/support/random_seed.h"
#include "tandem/tests/support/temporary_directory.h"

namespace tandem {
namespace {

namespace fs = std::filesystem;
using testing::FileFault;
using Call = FileFault::Call;
using Store = std::unique_ptr<RocksDbProvider>;

const StreamId kStream{"stream", 0};

struct FileKind {
  const char* name;
  const char* prefix;
  const char* suffix;
};
constexpr FileKind kLog{"log", "", ".log"};
constexpr FileKind kTable{"table", "", ".sst"};
constexpr FileKind kManifest{"manifest", "MANIFEST-", ""};
constexpr FileKind kCurrent{"current", "CURRENT", ""};
constexpr FileKind kTemporary{"temporary", "", ".dbtmp"};
constexpr FileKind kOptions{"options", "OPTIONS-", ""};
constexpr FileKind kLock{"lock", "LOCK", ""};
constexpr FileKind kIdentity{"identity", "IDENTITY", ""};
constexpr FileKind kDirectory{"directory", "store", ""};
constexpr FileKind kAny{"any", "", ""};

enum class Moment { kCreate, kOpen, kAppend, kFlush, kRead, kCheckpoint, kClose };
constexpr const char* kMomentNames[] = {"create", "open",       "append", "flush",
                                        "read",   "checkpoint", "close"};

// What may fail, and where it happens at all.
struct FailingCall {
  Call call;
  const char* name;
  std::vector<int> errors;
  std::vector<FileKind> kinds;
  std::vector<Moment> moments;
};

std::vector<FailingCall> Calls() {
  using enum Moment;
  const std::vector<FileKind> written = {kLog, kTable, kManifest, kTemporary, kAny};
  const std::vector<Moment> writing = {kCreate, kOpen, kAppend, kFlush, kCheckpoint, kClose};
  return {
      {Call::kOpen,
       "open",
       {EMFILE, EACCES, EROFS, ENOSPC, EIO},
       {kLog, kTable, kManifest, kCurrent, kTemporary, kOptions, kLock, kIdentity, kDirectory,
        kAny},
       {kCreate, kOpen, kFlush, kRead, kCheckpoint, kClose}},
      {Call::kWrite, "write", {ENOSPC, EIO}, written, writing},
      {Call::kSync,
       "sync",
       {ENOSPC, EIO},
       {kLog, kTable, kManifest, kTemporary, kDirectory, kAny},
       writing},
      {Call::kRead, "read", {EIO}, {kTable, kAny}, {kOpen, kAppend, kFlush, kRead, kCheckpoint}},
      {Call::kRename,
       "rename",
       {EROFS, EACCES, ENOSPC, EIO},
       {kCurrent, kOptions, kIdentity, kDirectory, kAny},
       {kCreate, kOpen, kCheckpoint}},
      {Call::kLink, "link", {EROFS, EACCES, ENOSPC, EIO}, {kTable, kAny}, {kCheckpoint}},
      {Call::kUnlink,
       "unlink",
       {EROFS, EACCES, EIO},
       {kLog, kTable, kManifest, kOptions, kAny},
       {kOpen, kFlush, kCheckpoint, kClose}},
      {Call::kMkdir,
       "mkdir",
       {EROFS, EACCES, ENOSPC, EIO},
       {kDirectory, kAny},
       {kCreate, kCheckpoint}},
      {Call::kAllocate, "allocate", {ENOSPC, EIO}, {kLog, kTable, kManifest, kAny}, writing}};
}

struct Play {
  FileKind kind;
  const FailingCall* call;
  int error = 0;
  Moment moment = Moment::kOpen;
  std::uint64_t countdown = 1;
  bool again = false;

  std::string ToString() const {
    return std::string(call->name) + " of " + kind.name + " at " +
           kMomentNames[static_cast<int>(moment)] + ", errno " + std::to_string(error) + ", call " +
           std::to_string(countdown) + (again ? " and all later ones" : "");
  }
};

void PrintTo(const FailingCall& call, std::ostream* out) { *out << call.name; }

std::vector<Play> AllPlays(const FailingCall& call) {
  std::vector<Play> plays;
  for (const FileKind& kind : call.kinds) {
    for (const int error : call.errors) {
      for (const Moment moment : call.moments) {
        for (const std::uint64_t countdown : {1, 2, 5}) {
          for (const bool again : {false, true}) {
            plays.push_back({kind, &call, error, moment, countdown, again});
          }
        }
      }
    }
  }
  return plays;
}

class FaultMatrix : public ::testing::TestWithParam<FailingCall> {
 protected:
  FaultMatrix() {
    testing::SkipSyncs(true);
    const Store store = Open(template_);
    for (Version i = 0; i < kTemplateEvents; ++i) {  // several tables
      EXPECT_TRUE(Append(*store, Durability::kBuffered).ok());
    }
    EXPECT_TRUE(store->Flush().ok());
  }
  ~FaultMatrix() override {
    testing::DisarmFault();
    testing::SkipSyncs(false);
  }

  Result<Store> TryOpen(const fs::path& path) const {
    RocksDbOptions options;
    options.mode = OpenMode::kCreateIfMissing;
    options.write_buffer_bytes = std::size_t{64} << 10;
    options.block_cache_bytes = 0;
    return RocksDbProvider::Open(path, options);
  }
  Store Open(const fs::path& path) const {
    auto opened = TryOpen(path);
    EXPECT_TRUE(opened.ok()) << opened.status();
    return opened.ok() ? *std::move(opened) : nullptr;
  }

  Status Append(RocksDbProvider& store, Durability durability) {
    AppendOptions options;
    options.durability = durability;
    std::string payload(1000, '\0');
    for (char& byte : payload) byte = static_cast<char>(random_());
    const Status status = store.Append(kStream, {payload}, options).status();
    ++(status.ok() ? acknowledged_ : failed_);
    return status;
  }

  static void ExpectTyped(const Status& status) {
    switch (status.code()) {
      case StatusCode::kOk:
      case StatusCode::kNoSpace:
      case StatusCode::kIoError:
      case StatusCode::kIndeterminate:
        return;
      default:
        ADD_FAILURE() << status;
    }
  }

  // False if the store has stopped.
  bool AppendSeveral(RocksDbProvider& store, Durability durability, int most) {
    for (int i = 0; i < most; ++i) {
      const Status status = Append(store, durability);
      ExpectTyped(status);
      if (status.ok()) continue;
      const Status next = Append(store, durability);
      if (GetParam().call == Call::kRead && next.code() != StatusCode::kUnavailable) {
        ExpectTyped(next);  // what a batch reads fails for that batch alone
        continue;
      }
      EXPECT_EQ(next.code(), StatusCode::kUnavailable) << next << " after " << status;
      return false;
    }
    return true;
  }

  void Live(const Play& play, const fs::path& path) {
    if (play.moment == Moment::kCreate) fs::remove_all(path);
    Store store;
    const bool opens = play.moment == Moment::kCreate || play.moment == Moment::kOpen;
    if (opens) {
      Arm(play);
      auto opened = TryOpen(path);
      if (!opened.ok()) return ExpectTyped(opened.status());
      store = *std::move(opened);
    } else {
      store = Open(path);
      ASSERT_NE(store, nullptr);
      if (play.moment == Moment::kClose) AppendSeveral(*store, Durability::kBuffered, 40);
      Arm(play);
    }
    if (play.moment == Moment::kCheckpoint) {
      const fs::path copy = path.parent_path() / "copy";
      const Status made = store->admin()->Checkpoint(copy);
      ExpectTyped(made);
      if (!made.ok()) {
        EXPECT_FALSE(fs::exists(copy) && made.message().find("flush of") == std::string::npos);
      }
    }
    if (play.moment == Moment::kRead) {
      ReadOptions options;
      options.from = 1;
      for (int i = 0; i < 3; ++i) ExpectTyped(store->Read(kStream, options).status());
      ExpectTyped(store->ReadAll(0, {}).status());
      ExpectTyped(store->admin()->Verify().status());
    }
    if (play.moment != Moment::kClose) {
      const bool goes_on = AppendSeveral(*store, Durability::kSync, 6);
      if (goes_on && play.moment == Moment::kFlush) {
        AppendSeveral(*store, Durability::kBuffered, 500);
      }
    }
    store.reset();
  }

  static void Arm(const Play& play) {
    FileFault fault;
    fault.call = play.call->call;
    fault.countdown = play.countdown;
    fault.error = play.error;
    fault.again = play.again;
    fault.prefix = play.kind.prefix;
    fault.suffix = play.kind.suffix;
    testing::ArmFault(fault);
  }

  // True if the fault happened.
  bool PlayOnce(const Play& play) {
    SCOPED_TRACE(play.ToString());
    const fs::path path = parent_ / "store";
    testing::CopyStore(template_, path);
    failed_ = 0;
    acknowledged_ = play.moment == Moment::kCreate ? 0 : kTemplateEvents;
    Live(play, path);
    const bool happened = testing::FaultsInjected() > 0;
    testing::DisarmFault();
    const Store store = Open(path);
    if (store != nullptr) {
      const Version head = store->Read(kStream, {})->head;
      EXPECT_GE(head, acknowledged_) << "lost";
      EXPECT_LE(head, acknowledged_ + failed_);
      EXPECT_TRUE(store->admin()->Verify().ok());
      EXPECT_TRUE(store->Append({"later", 0}, {"event"}).ok());
    }
    fs::remove_all(parent_ / "copy");
    return happened;
  }

  static constexpr Version kTemplateEvents = 400;
  std::mt19937_64 random_{testing::TestSeed()};
  testing::TemporaryDirectory directory_;
  const fs::path parent_ = fs::canonical(directory_.path());
  const fs::path template_ = parent_ / "template";
  Version acknowledged_ = 0;
  Version failed_ = 0;
};

TEST_P(FaultMatrix, IsATypedErrorThatLosesNothing) {
  std::vector<Play> plays = AllPlays(GetParam());
  std::ranges::shuffle(plays, random_);
  const char* const all = std::getenv("TANDEM_ALL_FAULTS");  // NOLINT(concurrency-mt-unsafe)
  const bool plays_all = all != nullptr && std::string(all) == "1";
  constexpr std::size_t kSample = 20;
  if (!plays_all) plays.resize(std::min(plays.size(), kSample));
  int happened = 0;
  for (const Play& play : plays) {
    happened += PlayOnce(play) ? 1 : 0;
    if (HasFailure()) {
      std::cout << "failed: " << play.ToString() << std::endl;
      if (!plays_all) return;
    }
  }
  EXPECT_GT(happened, 0);
  std::cout << plays.size() << " plays, in " << happened << " of them the call failed" << std::endl;
}

INSTANTIATE_TEST_SUITE_P(Calls, FaultMatrix, ::testing::ValuesIn(Calls()),
                         [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace tandem
