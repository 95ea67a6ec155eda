#include "examples/checksum/progress.h"

#include <unistd.h>

#include <cstdio>
#include <utility>
#include <variant>

namespace checksum {

namespace {

constexpr int kBarCells = 40;
constexpr std::chrono::seconds kLineEvery{1};

}  // namespace

Progress::Progress(duroxide::Client client, std::string instance)
    : client_(client),
      instance_(std::move(instance)),
      terminal_(isatty(STDERR_FILENO) == 1),
      next_line_(std::chrono::steady_clock::now() + kLineEvery),
      thread_([this](const std::stop_token& stop) { Follow(stop); }) {}

void Progress::Finish() {
  thread_.request_stop();
  thread_.join();
  if (terminal_ && !shown_.empty()) std::fputc('\n', stderr);
}

void Progress::Follow(const std::stop_token& stop) {
  duroxide::HistoryOptions options;
  options.wait = std::chrono::milliseconds(200);
  options.stop = stop;
  while (true) {
    const bool last = stop.stop_requested();
    const auto page = client_.ReadHistory(instance_, options);
    if (!page.ok()) return;  // the main program meets the same failure, and reports it
    for (const duroxide::HistoryEvent& event : page->events) Count(event.body);
    options.from = page->next;
    if (!page->events.empty()) Show();
    if (last && page->events.empty()) return;
  }
}

void Progress::Count(const duroxide::HistoryBody& body) {
  if (std::holds_alternative<duroxide::ActivityScheduled>(body)) ++scheduled_;
  if (std::holds_alternative<duroxide::ActivityCompleted>(body)) ++completed_;
}

void Progress::Show() {
  const auto now = std::chrono::steady_clock::now();
  if (scheduled_ == 0 || (!terminal_ && now < next_line_)) return;
  next_line_ = now + kLineEvery;
  std::string text =
      std::to_string(completed_) + " of " + std::to_string(scheduled_) + " activities done";
  if (text == shown_) return;
  if (terminal_) {
    const auto filled = static_cast<std::size_t>(kBarCells * completed_ / scheduled_);
    const std::string bar = std::string(filled, '#') + std::string(kBarCells - filled, '.');
    std::fprintf(stderr, "\r[%s] %s ", bar.c_str(), text.c_str());
  } else {
    std::fprintf(stderr, "%s\n", text.c_str());
  }
  shown_ = std::move(text);
}

}  // namespace checksum
