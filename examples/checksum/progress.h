#pragma once

// Shows how far the job is: follows the instance's history as it grows. A bar on a terminal, a line
// now and then elsewhere.

#include <chrono>
#include <cstdint>
#include <stop_token>
#include <string>
#include <thread>

#include "duroxide_runtime/client.h"

namespace checksum {

class Progress {
 public:
  // Starts to show; the client's provider outlives it.
  Progress(duroxide::Client client, std::string instance);

  // Shows the last state and ends.
  void Finish();

 private:
  void Follow(const std::stop_token& stop);
  void Count(const duroxide::HistoryBody& body);
  void Show();

  const duroxide::Client client_;
  const std::string instance_;
  const bool terminal_;

  // Of the thread's own.
  std::uint64_t scheduled_ = 0;
  std::uint64_t completed_ = 0;
  std::string shown_;
  std::chrono::steady_clock::time_point next_line_;

  std::jthread thread_;
};

}  // namespace checksum
