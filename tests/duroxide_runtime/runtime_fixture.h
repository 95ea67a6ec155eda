#pragma once

// What tests of a running runtime share: a provider on a manual clock, a log that can be waited
// for, and a gate to hold an activity with. Nothing here sleeps.

#include <gtest/gtest.h>

#include <condition_variable>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tandem/base/manual_clock.h"
#include "tandem/duroxide.h"
#include "tandem/duroxide_runtime/internal/dispatch/parking.h"
#include "tandem/duroxide_runtime/internal/dispatch/tuning.h"
#include "tandem/duroxide_runtime/internal/store/instance_reader.h"
#include "tandem/duroxide_runtime/internal/store/layout.h"
#include "tandem/tests/duroxide_runtime/probe_provider.h"
#include "tandem/tests/duroxide_runtime/provider_factory.h"
#include "tandem/tests/duroxide_runtime/runtimes.h"
#include "tandem/tests/support/temporary_directory.h"

namespace duroxide::testing {

class CollectingLog final : public LogSink {
 public:
  void Log(LogLevel level, std::string_view instance, std::string_view text) override {
    std::lock_guard lock(mutex_);
    lines_.push_back(std::string(LogLevelName(level)) + " " + std::string(instance) + ": " +
                     std::string(text));
    changed_.notify_all();
  }

  // Blocks until `count` lines contain `part`.
  void Await(const std::string& part, std::size_t count = 1) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return CountLocked(part) >= count; });
  }
  std::size_t Count(const std::string& part) {
    std::lock_guard lock(mutex_);
    return CountLocked(part);
  }
  // The last line that contains `part`; empty if there is none.
  std::string Last(const std::string& part) {
    std::lock_guard lock(mutex_);
    for (auto line = lines_.rbegin(); line != lines_.rend(); ++line) {
      if (line->find(part) != std::string::npos) return *line;
    }
    return std::string();
  }

 private:
  std::size_t CountLocked(const std::string& part) const {
    std::size_t count = 0;
    for (const std::string& line : lines_) {
      if (line.find(part) != std::string::npos) ++count;
    }
    return count;
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> lines_;  // guarded by mutex_
};

// Counts who has come, and holds them until it is opened.
class Barrier {
 public:
  void Enter() {
    std::unique_lock lock(mutex_);
    ++entered_;
    changed_.notify_all();
    changed_.wait(lock, [&] { return open_; });
  }
  void AwaitEntered(int count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return entered_ >= count; });
  }
  void Open() {
    std::lock_guard lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int entered_ = 0;    // guarded by mutex_
  bool open_ = false;  // guarded by mutex_
};

// While it lives, time passes from each deadline that somebody waits for to the next, however short
// in real time; a deadline farther than `within` is not waited for by anything under test.
class TimePasses {
 public:
  explicit TimePasses(tandem::ManualClock& clock, std::chrono::seconds within)
      : thread_([&clock, within](const std::stop_token& stop) {
          while (clock.AdvanceWhenAwaited(within, stop)) {
          }
        }) {}

 private:
  const std::jthread thread_;
};

// "fan-7". (Appended: g++ 12 warns about `"fan-" + std::to_string(7)`.)
inline std::string Numbered(std::string prefix, int number) {
  return prefix.append(std::to_string(number));
}

inline constexpr std::chrono::hours kLong{24 * 365};

class RuntimeFixture : public ::testing::TestWithParam<ProviderKind> {
 protected:
  // How many runtimes a StartRuntime starts.
  static std::size_t RuntimeCount() { return GetParam().runtimes; }

  // As the parameter says: live or plain, one runtime or two alike.
  std::unique_ptr<Runtimes> StartRuntime(const Registry& registry) {
    return StartRuntime(registry, RuntimeOptions());
  }
  std::unique_ptr<Runtimes> StartRuntime(const Registry& registry, RuntimeOptions options) {
    std::vector<std::unique_ptr<Runtime>> runtimes;
    while (runtimes.size() < RuntimeCount()) runtimes.push_back(StartOne(registry, options));
    return std::make_unique<Runtimes>(std::move(runtimes));
  }
  // Live or plain as the parameter says, but one: for what a single runtime does or knows.
  std::unique_ptr<Runtime> StartOne(Registry registry, RuntimeOptions options) {
    if (GetParam().plain_runtimes) {
      options.live_instances = 0;
      options.fused_commits = false;
    }
    return StartExactly(std::move(registry), options);
  }
  // One, with these options, whatever the parameter says.
  std::unique_ptr<Runtime> StartExactly(Registry registry, RuntimeOptions options) {
    options.log = &log;
    auto runtime = Runtime::Start(provider, std::move(registry), options);
    EXPECT_TRUE(runtime.ok()) << runtime.status();
    return *std::move(runtime);
  }

  // Blocks until the instance's history has `count` events.
  void AwaitHistory(const std::string& instance, tandem::Version count) {
    tandem::ReadOptions options;
    options.from = count;
    options.wait = kLong;
    ASSERT_TRUE(provider.Read(internal::HistoryStream(instance, 1), options).ok());
  }
  // Blocks until the instance is in that state; looks again after each call that ended.
  void AwaitState(const std::string& instance, InstanceState state) {
    while (true) {
      const std::uint64_t ends = provider.ends();  // before looking: nothing is missed
      if (client.GetStatus(instance)->state == state) return;
      provider.ends().Await(ends + 1);
    }
  }
  // Blocks until work was parked so often because its code is not registered. Time passes while it
  // is handed over before. REQUIRES: nothing else is parked with that diagnosis
  void AwaitUnregistered(const std::string& diagnosis, std::size_t parkings = 1) {
    const std::string handed_over = kHandedOver + diagnosis;
    while (true) {
      const std::size_t lines = log.Count(diagnosis);
      if (lines - log.Count(handed_over) >= parkings) return;
      if (log.Last(diagnosis).find(handed_over) != std::string::npos) {
        clock.Advance(internal::tuning::kHandOverDelay);
      }
      log.Await(diagnosis, lines + 1);
    }
  }
  static inline const std::string kHandedOver = "handed over to other runtimes: ";

  History HistoryOf(const std::string& instance) {
    const auto place = internal::FindInstance(provider, instance);
    EXPECT_TRUE(place.ok()) << place.status();
    auto history = internal::LoadHistory(provider, instance, place->execution, place->head);
    EXPECT_TRUE(history.ok()) << history.status();
    return *std::move(history);
  }

  tandem::ManualClock clock;
  CollectingLog log;
  tandem::testing::TemporaryDirectory directory;
  ProbeProvider provider{GetParam().make(clock, directory.path())};
  Client client{provider};
};

inline std::string KindName(const ::testing::TestParamInfo<ProviderKind>& info) {
  return info.param.name;
}

}  // namespace duroxide::testing
