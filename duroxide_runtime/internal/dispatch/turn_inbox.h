#pragma once

// The turns of this runtime, one at a time for each instance. A thread that brings a cause while a
// turn of the instance is running leaves it in the inbox, and whoever runs that turn takes it into
// the next: so what arrives during a flush shares the one after it.
//
// Thread-safe.

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tandem/base/guarded.h"
#include "tandem/duroxide_runtime/internal/dispatch/tuning.h"
#include "tandem/duroxide_runtime/internal/dispatch/turn_cause.h"

namespace duroxide::internal {

class TurnInbox {
 public:
  // The right to run the turns of an instance, and the duty. Should it go away before its time, by
  // an exception, it drops what waits: those leases end by themselves, and the work comes again.
  class Runner {
   public:
    Runner(TurnInbox& inbox, std::string instance)
        : inbox_(&inbox), instance_(std::move(instance)) {}
    Runner(Runner&& other) noexcept
        : inbox_(std::exchange(other.inbox_, nullptr)), instance_(std::move(other.instance_)) {}
    Runner& operator=(Runner&&) = delete;
    ~Runner() {
      if (inbox_ != nullptr) inbox_->End(instance_);
    }

    const std::string& instance() const { return instance_; }

    // The causes of the next turn, at most `max`, in order of arrival. When there is none, the
    // right is gone.
    std::vector<TurnCause> Next(std::size_t max) {
      std::vector<TurnCause> causes = inbox_->Next(instance_, max);
      if (causes.empty()) inbox_ = nullptr;
      return causes;
    }
    // Gives the right up, unless something waits.
    bool Release() {
      const bool released = inbox_->Release(instance_);
      if (released) inbox_ = nullptr;
      return released;
    }
    // All that waits. The right is gone.
    std::vector<TurnCause> End() { return std::exchange(inbox_, nullptr)->End(instance_); }

   private:
    TurnInbox* inbox_;  // null: the right is gone
    std::string instance_;
  };

  struct Offered {
    std::optional<Runner> runner;  // the caller runs the turns of the instance from now on
    bool taken = false;            // or whoever runs them takes it along; else `cause` is untouched
  };
  // A result is for the caller to report once kInboxWaitingMax causes wait.
  Offered Offer(const std::string& instance, TurnCause& cause) {
    const auto inboxes = inboxes_.Lock();
    const auto [inbox, is_new] = inboxes->try_emplace(instance);
    const bool is_result = std::holds_alternative<ActivityResult>(cause);
    if (is_result && inbox->second.size() >= tuning::kInboxWaitingMax) return {};
    inbox->second.push_back(std::move(cause));
    if (!is_new) return {std::nullopt, true};
    return {std::make_optional<Runner>(*this, instance), false};
  }
  // The same without a cause; nullopt if somebody runs them already.
  std::optional<Runner> Begin(const std::string& instance) {
    if (!inboxes_.Lock()->try_emplace(instance).second) return std::nullopt;
    return std::make_optional<Runner>(*this, instance);
  }

 private:
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
  bool Release(const std::string& instance) {
    const auto inboxes = inboxes_.Lock();
    const auto inbox = inboxes->find(instance);
    if (!inbox->second.empty()) return false;
    inboxes->erase(inbox);
    return true;
  }
  std::vector<TurnCause> End(const std::string& instance) {
    return std::move(inboxes_.Lock()->extract(instance).mapped());
  }

  // There is one for each instance of which a turn is running.
  tandem::Guarded<std::map<std::string, std::vector<TurnCause>>> inboxes_;
};

}  // namespace duroxide::internal
