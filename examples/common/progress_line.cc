#include "examples/common/progress_line.h"

#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdio>

namespace examples {

namespace {

constexpr std::size_t kBarCells = 40;
constexpr std::chrono::milliseconds kBarEvery{100};
constexpr std::chrono::milliseconds kLineEvery{1000};

std::string Bar(std::uint64_t done, std::uint64_t total) {
  const double part = total == 0 ? 1.0 : static_cast<double>(done) / static_cast<double>(total);
  const auto filled =
      std::min(kBarCells, static_cast<std::size_t>(part * static_cast<double>(kBarCells)));
  return std::string(filled, '#') + std::string(kBarCells - filled, '.');
}

}  // namespace

ProgressLine::ProgressLine(std::uint64_t line_every)
    : terminal_(isatty(STDERR_FILENO) == 1),
      line_every_(line_every),
      next_(std::chrono::steady_clock::now() + (terminal_ ? kBarEvery : kLineEvery)) {}

bool ProgressLine::Due(std::uint64_t done) const {
  if (!terminal_ && line_every_ > 0 && done >= shown_done_ + line_every_) return true;
  return std::chrono::steady_clock::now() >= next_;
}

void ProgressLine::Show(std::uint64_t done, std::uint64_t total, const std::string& text) {
  next_ = std::chrono::steady_clock::now() + (terminal_ ? kBarEvery : kLineEvery);
  shown_done_ = done;
  if (text == shown_) return;
  if (terminal_) {
    // A shorter text leaves nothing of a longer one.
    const std::size_t width = std::max(text.size(), shown_.size());
    std::fprintf(stderr, "\r[%s] %-*s", Bar(done, total).c_str(), static_cast<int>(width),
                 text.c_str());
  } else {
    std::fprintf(stderr, "%s\n", text.c_str());
  }
  shown_ = text;
}

void ProgressLine::Finish() {
  if (terminal_ && !shown_.empty()) std::fputc('\n', stderr);
  shown_.clear();
}

}  // namespace examples
