// Bytes that a store hands out and takes back: lock tokens and the ends of pages. Both providers
// refuse what is none of theirs, and change nothing.

#include <array>
#include <memory>

#include "tandem/base/manual_clock.h"
#include "tandem/batch/memory_provider.h"
#include "tandem/batch/provider_admin.h"
#include "tandem/batch/rocksdb_provider.h"
#include "tandem/messagequeue/lock_token.h"
#include "tandem/tests/fuzz_decoders/fuzz_target.h"
#include "tandem/tests/support/temporary_directory.h"

namespace tandem {
namespace {

using testing::Must;

constexpr const char* kQueue = "work";

// Two messages, one of them with a group; the first is leased.
template <typename Store>
void Fill(Store& store) {
  Must(store.Enqueue(kQueue, "alone").ok(), "a message is enqueued");
  EnqueueOptions grouped;
  grouped.group = "group";
  Must(store.Enqueue(kQueue, "grouped", grouped).ok(), "a message with a group is enqueued");
  Must(store.Dequeue(kQueue)->size() == 1, "a message is delivered");
}

// Made once: what is fuzzed changes nothing of them.
class Stores {
 public:
  Stores() {
    RocksDbOptions options;
    options.mode = OpenMode::kCreateIfMissing;
    options.clock = &clock_;
    auto opened = RocksDbProvider::Open(directory_.path(), options);
    Must(opened.ok(), "the store opens");
    rocks_ = *std::move(opened);
    MemoryOptions in_memory;
    in_memory.clock = &clock_;
    memory_ = std::make_unique<MemoryProvider>(in_memory);
    for (Provider* store : all()) Fill(*store);
  }

  std::array<Provider*, 2> all() { return {rocks_.get(), memory_.get()}; }

 private:
  testing::TemporaryDirectory directory_;
  ManualClock clock_;
  std::unique_ptr<RocksDbProvider> rocks_;
  std::unique_ptr<MemoryProvider> memory_;
};

void PassBack(Provider& store, std::string_view bytes) {
  const LockToken token{std::string(bytes)};
  Must(!store.Renew(token, std::chrono::seconds(1)).ok(), "a made-up token renews nothing");
  BrowseOptions options;
  options.after = bytes;
  const Result<BrowsePage> page = store.admin()->Browse(kQueue, options);
  Must(page.ok() || page.status().code() == StatusCode::kInvalidArgument,
       "the end of no page is refused");
  Must(store.admin()->Statistics(kQueue)->messages() == 2, "nothing has changed");
}

}  // namespace
}  // namespace tandem

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes = tandem::testing::FuzzInput(data, size).rest();
  const tandem::LockToken token{std::string(bytes)};
  if (const auto fields = tandem::DecodeToken(token)) {
    tandem::testing::Must(tandem::EncodeToken(*fields) == token, "a token is itself");
  }
  static tandem::Stores stores;
  for (tandem::Provider* store : stores.all()) tandem::PassBack(*store, bytes);
  return 0;
}
