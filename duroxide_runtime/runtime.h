#pragma once

// A Runtime runs orchestrations and activities: it takes work from a provider, and puts what comes
// of it back. All state is in the provider, so a runtime can stop or die at any moment, and several
// may share one provider; each then takes what it gets.
//
//   auto runtime = duroxide::Runtime::Start(provider, std::move(registry));
//   if (!runtime.ok()) ...
//   runtime.value()->client().Start(kChecksum, "instance-1", "/usr/include");

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <utility>

#include "batch/provider.h"
#include "duroxide_runtime/client.h"
#include "duroxide_runtime/log.h"
#include "duroxide_runtime/registry.h"

namespace duroxide {

struct RuntimeOptions {
  RuntimeOptions() {}  // not an aggregate: safe as a temporary beside a co_await on g++ 12

  std::size_t orchestration_threads = 2;  // turns at a time; 0: this runtime runs activities only
  std::size_t activity_threads = 4;       // activities at a time; 0: orchestrations only

  // How long work is kept from others when this runtime dies. Renewed while it lives.
  std::chrono::milliseconds lease{30'000};

  LogSink* log = nullptr;  // outlives the runtime; null: StderrLogSink()

  // Where the seeds of instances come from; empty: the system's random device. Thread-safe.
  std::function<std::uint64_t()> seeds;
};

// Counts since the start of the runtime.
struct RuntimeStats {
  std::uint64_t turns = 0;               // stored
  std::uint64_t activities_run = 0;      // with a stored result, be it a failure
  std::uint64_t activities_dropped = 0;  // results dropped: cancelled, or the lease was lost
  std::uint64_t turn_conflicts = 0;      // turns dropped because somebody else was faster
  std::uint64_t messages_dropped = 0;    // duplicates, late completions, unknown instances
  std::uint64_t parked = 0;              // times that work was put aside with a diagnosis
};

// Thread-safe.
class Runtime {
 public:
  // Starts the threads. `provider` outlives the runtime. Errors: InvalidArgument (options, or a
  // mistake in the registry).
  static Result<std::unique_ptr<Runtime>> Start(tandem::Provider& provider, Registry registry,
                                                const RuntimeOptions& options);
  static Result<std::unique_ptr<Runtime>> Start(tandem::Provider& provider, Registry registry) {
    return Start(provider, std::move(registry), RuntimeOptions());
  }

  ~Runtime();  // shuts down
  Runtime(const Runtime&) = delete;
  Runtime& operator=(const Runtime&) = delete;

  // A client that also knows what is registered here; it must not outlive the runtime.
  Client client() const;

  // Takes no new work, lets what runs come to its end and stores it, then returns. May be called
  // again, and from several threads; not from an activity.
  void Shutdown();

  RuntimeStats Stats() const;

 private:
  struct Impl;
  explicit Runtime(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace duroxide
