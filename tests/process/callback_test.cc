// What a callback must not do, and what then happens: the same for both providers.

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <semaphore>
#include <stdexcept>
#include <string>
#include <vector>

#include "tandem/batch/memory_provider.h"
#include "tandem/batch/rocksdb_provider.h"
#include "tandem/tests/support/temporary_directory.h"

namespace tandem {
namespace {

enum class Kind { kRocksDb, kMemory };

class CallbackDeathTest : public ::testing::TestWithParam<Kind> {
 protected:
  CallbackDeathTest() { GTEST_FLAG_SET(death_test_style, "threadsafe"); }

  std::unique_ptr<Provider> Open() {
    if (GetParam() == Kind::kMemory) return std::make_unique<MemoryProvider>();
    auto opened = RocksDbProvider::Open(directory_.path() / "store", OpenMode::kCreateIfMissing);
    EXPECT_TRUE(opened.ok()) << opened.status();
    return *std::move(opened);
  }

  testing::TemporaryDirectory directory_;
};

[[noreturn]] void Throw() { throw std::runtime_error("out of a callback"); }

[[noreturn]] void WaitForTheEnd() {
  while (true) std::binary_semaphore(0).acquire();
}

TEST_P(CallbackDeathTest, AnExceptionOutOfACallbackEndsTheProcess) {
  const auto calls = [](Provider& store) {
    return std::vector<std::function<void()>>{
        [&store] {
          store.AtomicBatchAsync({AppendEvents{{"stream", 0}, {"event"}}}, {},
                                 [](const auto&) { Throw(); });
        },
        [&store] { store.ReadAsync({"stream", 0}, {}, [](const auto&) { Throw(); }); },
        [&store] { store.DequeueAsync({"queue"}, {}, [](const auto&) { Throw(); }); },
        // Of bad arguments.
        [&store] { store.AtomicBatchAsync({CancelMessage{}}, {}, [](const auto&) { Throw(); }); },
        [&store] { store.ReadAsync({"", 0}, {}, [](const auto&) { Throw(); }); },
        [&store] { store.DequeueAsync({}, {}, [](const auto&) { Throw(); }); }};
  };
  constexpr std::size_t kCalls = 6;
  for (std::size_t i = 0; i < kCalls; ++i) {
    EXPECT_DEATH(
        {
          const auto store = Open();
          calls(*store)[i]();
          WaitForTheEnd();
        },
        "out of a callback")
        << i;
  }
}

TEST_P(CallbackDeathTest, AProviderThatIsDestroyedWithinItsCallbackSaysSo) {
  EXPECT_DEATH(
      {
        std::unique_ptr<Provider> store = Open();
        store->AtomicBatchAsync({AppendEvents{{"stream", 0}, {"event"}}}, {},
                                [&store](const auto&) { store.reset(); });
        WaitForTheEnd();
      },
      "destroyed within one of its callbacks");
  EXPECT_DEATH(
      {
        std::unique_ptr<Provider> store = Open();
        store->ReadAsync({"stream", 0}, {}, [&store](const auto&) { store.reset(); });
        WaitForTheEnd();
      },
      "destroyed within one of its callbacks");
}

INSTANTIATE_TEST_SUITE_P(, CallbackDeathTest, ::testing::Values(Kind::kRocksDb, Kind::kMemory),
                         [](const auto& info) {
                           return info.param == Kind::kRocksDb ? "RocksDb" : "Memory";
                         });

}  // namespace
}  // namespace tandem
