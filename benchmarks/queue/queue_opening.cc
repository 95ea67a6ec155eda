// Opening a store after a clean close, with few and with many messages, by a process of its own
// (queue_probe.cc): how long until it is open and until the first message is there, and the memory.

#include <algorithm>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "tandem/benchmarks/frame/own_process.h"
#include "tandem/benchmarks/frame/store_copy.h"
#include "tandem/benchmarks/queue/queue_parts.h"
#include "tandem/benchmarks/queue/queue_store.h"
#include "tandem/tests/support/temporary_directory.h"

namespace tandem::benchmarks {

namespace {

constexpr std::uint64_t kFewMessages = 1000;
constexpr std::uint64_t kStep = 5000;
constexpr std::uint64_t kWorkedMax = 100'000;  // messages worked through to see the memory then

// A store that was filled and closed. How much of it is then only in the log, to be replayed when
// it is opened, depends on when RocksDB last wrote a table; this one was closed when it was a lot.
class ClosedStore {
 public:
  explicit ClosedStore(std::uint64_t messages) {
    TandemQueue queue(directory_.path());
    queue.Fill(messages);
    if (messages <= kFewMessages) return;
    const std::uint64_t log_bytes = RocksDbOptions().write_buffer_bytes * 3 / 4;
    for (std::uint64_t more = 0; more < messages && LogBytes(directory_.path()) < log_bytes;
         more += kStep) {
      queue.Fill(kStep);
    }
  }

  const std::filesystem::path& directory() const { return directory_.path(); }

 private:
  const testing::TemporaryDirectory directory_;
};

void MeasureOpening(benchmark::State& state, const ClosedStore& store, bool cold,
                    std::uint64_t cycles) {
  for (const char* mode : {"tandem", "raw"}) {
    const testing::TemporaryDirectory copy;
    CopyStore(store.directory(), copy.path());
    state.counters["log_mib"] =
        static_cast<double>(LogBytes(copy.path())) / static_cast<double>(1 << 20);
    if (cold) DropFromPageCache(copy.path());
    RunSelf(state, {"probe", mode, copy.path().string(), std::to_string(cycles)});
  }
}

}  // namespace

std::vector<FigureTable> RegisterOpening(const Settings& settings) {
  std::vector<std::uint64_t> depths = {kFewMessages};
  if (settings.messages_max > kFewMessages) depths.push_back(settings.messages_max);
  for (const std::uint64_t messages : depths) {
    const auto store = std::make_shared<std::unique_ptr<ClosedStore>>();
    for (const bool cold : {false, true}) {
      const std::string name = "opening/" + std::to_string(messages) + (cold ? "/cold" : "/warm");
      RegisterFigure(settings, name, [=](benchmark::State& state) {
        if (*store == nullptr) *store = std::make_unique<ClosedStore>(messages);
        MeasureOpening(state, **store, cold, std::min(kWorkedMax, settings.messages_max));
        state.counters["messages"] = static_cast<double>(messages);
      });
    }
  }
  return {{"opening",
           {"messages waiting", "page cache"},
           {{"log to replay MiB", "log_mib", 1},
            {"Open ms", "tandem_open_ms", 0},
            {"first message ms", "tandem_first_ms", 0},
            {"Open by RocksDB alone ms", "raw_open_ms", 0},
            {"memory MiB: open", "opened_mib", 0},
            {"first message", "first_mib", 0},
            {"after 100,000 more", "worked_mib", 0},
            {"peak", "peak_mib", 0}}}};
}

}  // namespace tandem::benchmarks
