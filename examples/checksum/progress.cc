#include "examples/checksum/progress.h"

#include <chrono>
#include <utility>
#include <variant>

namespace checksum {

Progress::Progress(duroxide::Client client, std::string instance)
    : client_(client),
      instance_(std::move(instance)),
      thread_([this](const std::stop_token& stop) { Follow(stop); }) {}

void Progress::Finish() {
  thread_.request_stop();
  thread_.join();
  line_.Finish();
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
    const bool ended = last && page->events.empty();
    if (ended || line_.Due(completed_)) Show();
    if (ended) return;
  }
}

void Progress::Count(const duroxide::HistoryBody& body) {
  if (std::holds_alternative<duroxide::ActivityScheduled>(body)) ++scheduled_;
  if (std::holds_alternative<duroxide::ActivityCompleted>(body)) ++completed_;
}

void Progress::Show() {
  if (scheduled_ == 0) return;
  line_.Show(completed_, scheduled_,
             std::to_string(completed_) + " of " + std::to_string(scheduled_) + " activities done");
}

}  // namespace checksum
