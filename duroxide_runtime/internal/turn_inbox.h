#pragma once

// The turns of this runtime, one at a time for each instance. Whoever brings a cause while a turn
// of the instance is running leaves it in the inbox, and whoever runs that turn takes it into the
// next: so what arrives during a flush shares the one after it.
//
// Thread-safe.

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/guarded.h"
#include "duroxide_runtime/internal/turn_cause.h"

namespace duroxide::internal {

class TurnInbox {
 public:
  // What waits for one instance at most; a result more is for whoever brings it to report.
  static constexpr std::size_t kWaitingMax = 1024;

  enum class Answer {
    kRun,    // the caller runs the turns of the instance from now on, until Next returns nothing
    kTaken,  // whoever runs them takes it along
    kFull,   // nobody takes it; `cause` is untouched
  };
  Answer Offer(const std::string& instance, TurnCause& cause) {
    const auto inboxes = inboxes_.Lock();
    const auto [inbox, is_new] = inboxes->try_emplace(instance);
    const bool is_result = std::holds_alternative<ActivityResult>(cause);
    if (is_result && inbox->second.size() >= kWaitingMax) return Answer::kFull;
    inbox->second.push_back(std::move(cause));
    return is_new ? Answer::kRun : Answer::kTaken;
  }
  // The same without a cause; false if somebody runs them already.
  bool Begin(const std::string& instance) { return inboxes_.Lock()->try_emplace(instance).second; }

  // The causes of the next turn, at most `max`, in order of arrival. REQUIRES: the caller runs the
  // turns of the instance; when it gets nothing, it does so no longer.
  std::vector<TurnCause> Next(const std::string& instance, std::size_t max) {
    std::vector<TurnCause> causes;
    const auto inboxes = inboxes_.Lock();
    const auto inbox = inboxes->find(instance);
    std::vector<TurnCause>& waiting = inbox->second;
    if (waiting.empty()) {
      inboxes->erase(inbox);
      return causes;
    }
    if (waiting.size() <= max) {
      causes.swap(waiting);
      return causes;
    }
    std::vector<TurnCause> rest;
    for (TurnCause& cause : waiting) {
      (causes.size() < max ? causes : rest).push_back(std::move(cause));
    }
    waiting.swap(rest);
    return causes;
  }

  // All that waits. REQUIRES: the caller runs the turns of the instance; it does so no longer.
  std::vector<TurnCause> End(const std::string& instance) {
    return std::move(inboxes_.Lock()->extract(instance).mapped());
  }

 private:
  // There is one for each instance of which a turn is running.
  tandem::Guarded<std::map<std::string, std::vector<TurnCause>>> inboxes_;
};

}  // namespace duroxide::internal
