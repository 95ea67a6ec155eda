#pragma once

// How far a job is, told on stderr: a bar on a terminal, a plain line now and then elsewhere.

#include <chrono>
#include <cstdint>
#include <string>

namespace examples {

// One thread at a time.
class ProgressLine {
 public:
  // `line_every`: where stderr is no terminal, a line also whenever so much more is done; 0 = only
  // one a second.
  explicit ProgressLine(std::uint64_t line_every = 0);

  // Whether showing something now would not come too early after the last time.
  bool Due(std::uint64_t done) const;

  // Shows it, due or not, unless it is what is shown already. `text` says in words what the bar
  // says in cells.
  void Show(std::uint64_t done, std::uint64_t total, const std::string& text);

  // Ends the bar's line.
  void Finish();

 private:
  using SteadyTime = std::chrono::steady_clock::time_point;

  const bool terminal_;
  const std::uint64_t line_every_;
  std::string shown_;
  std::uint64_t shown_done_ = 0;
  SteadyTime next_;
};

}  // namespace examples
