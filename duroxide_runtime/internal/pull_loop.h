#pragma once

// A PullLoop is a number of threads that take work from one queue and hand it to a function, until
// they are stopped. While the store is in trouble they log once, wait longer and longer, and go on.

#include <atomic>
#include <chrono>
#include <cstddef>
#include <functional>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "batch/provider.h"
#include "duroxide_runtime/log.h"

namespace duroxide::internal {

class PullLoop {
 public:
  // What was dequeued together. Returns the store's error, if that is what kept it from its work.
  using Handler =
      std::function<tandem::Status(std::vector<tandem::Delivery>, const std::stop_token& stop)>;

  // The options of a Dequeue, asked for before each; the loop itself sets how long it waits.
  using Options = std::function<tandem::DequeueOptions()>;

  // `provider` and `log` outlive the loop.
  PullLoop(tandem::Provider& provider, LogSink& log, std::string_view queue, std::size_t threads,
           Options options, Handler handler);
  ~PullLoop();
  PullLoop(const PullLoop&) = delete;
  PullLoop& operator=(const PullLoop&) = delete;

  // Takes no further work. What is running runs to its end.
  void RequestStop() { stop_.request_stop(); }
  // REQUIRES: RequestStop was called.
  void Join();

 private:
  void Run();
  void NoteTrouble(const tandem::Status& status);
  void NoteRecovery();

  tandem::Provider& provider_;
  LogSink& log_;
  const std::string queue_;
  const Options options_;
  const Handler handler_;
  std::stop_source stop_;
  std::atomic<bool> in_trouble_ = false;
  std::vector<std::thread> threads_;
};

// Blocks for `duration` of the clock; false when stop was requested before.
bool SleepFor(tandem::Clock& clock, std::chrono::milliseconds duration,
              const std::stop_token& stop);

}  // namespace duroxide::internal
