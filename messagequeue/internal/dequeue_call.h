#pragma once

// One Dequeue on its way, as a state machine: it says what to do next, and whoever drives it does
// that, on a thread that blocks or without one.
//
//   Next() -> kCommit    commit proposal(), then tell Committed() how it went
//             kWait      wait for a notification, until `until()` at most
//             kDone      TakeResult()

#include <memory>
#include <string>
#include <vector>

#include "tandem/base/clock.h"
#include "tandem/base/result.h"
#include "tandem/base/rocks/commit_door.h"
#include "tandem/messagequeue/internal/dequeue_proposal.h"

namespace tandem::internal {

// Not thread-safe. What it waits for notifies `wake`, until it is destroyed.
class DequeueCall {
 public:
  enum class Need { kCommit, kWait, kDone };

  DequeueCall(QueueParts& parts, const CommitDoor& door, const Clock& clock,
              std::vector<std::string> queues, const DequeueOptions& options, Notifiable* wake);
  // Hands on what it was woken for and has not taken.
  ~DequeueCall();
  DequeueCall(const DequeueCall&) = delete;
  DequeueCall& operator=(const DequeueCall&) = delete;

  // `stopped`: is to end with what there is.
  Need Next(bool stopped);

  Proposal& proposal();
  void Committed(const Status& status);
  Timestamp until() const { return until_; }
  Result<std::vector<Delivery>> TakeResult() { return std::move(result_); }

 private:
  Result<Need> Decide(bool stopped);
  Need Finish(Result<std::vector<Delivery>> result) {
    result_ = std::move(result);
    done_ = true;
    return Need::kDone;
  }

  QueueParts& parts_;
  const CommitDoor& door_;
  const Clock& clock_;
  const std::vector<std::string> queues_;
  const DequeueOptions options_;
  const Timestamp deadline_;
  Waiter waiter_;

  bool begun_ = false;  // BeginCall
  std::unique_ptr<DequeueProposal> proposal_;
  bool looked_at_written_ = false;  // what was written before the end is offered
  Timestamp until_ = kNever;
  bool done_ = false;
  Result<std::vector<Delivery>> result_ = std::vector<Delivery>();
};

}  // namespace tandem::internal
