#pragma once

// Shows how far the job is: follows the instance's history as it grows.

#include <cstdint>
#include <stop_token>
#include <string>
#include <thread>

#include <tandem/duroxide.h>
#include "examples/common/progress_line.h"

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

  // Of the thread's own.
  std::uint64_t scheduled_ = 0;
  std::uint64_t completed_ = 0;
  examples::ProgressLine line_;

  std::jthread thread_;
};

}  // namespace checksum
