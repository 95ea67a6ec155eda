#pragma once

// The one door through which anything is written. A Proposal is a unit that applies all or nothing;
// the door calls it in the serial order of all proposals, and writes what several of them staged in
// one go.

#include <functional>

#include "tandem/base/clock.h"
#include "tandem/base/durability.h"
#include "tandem/base/rocks/staging.h"
#include "tandem/base/status.h"

namespace tandem {

class Proposal {
 public:
  explicit Proposal(Durability durability) : durability_(durability) {}
  virtual ~Proposal() = default;
  Proposal(const Proposal&) = delete;
  Proposal& operator=(const Proposal&) = delete;

  Durability durability() const { return durability_; }

  // Judges the proposal by what `staging` shows and stages its writes, if it stands. A refusal is
  // kept by the proposal itself, which then has staged nothing. A failure that is returned means
  // that it may be half staged: the door then stops the store without writing. REQUIRES: called
  // by the door, holding the commit latch; must not call the door itself.
  virtual Status Stage(Staging& staging, Timestamp now) = 0;

  // Called once the staged writes are visible to readers, and before the proposer is answered.
  virtual void Publish() {}

 private:
  const Durability durability_;
};

class CommitDoor {
 public:
  virtual ~CommitDoor() = default;

  // Blocks until the proposal was staged and what it staged, and what it was judged by, is written
  // (and flushed, for kSync). A failure says that nothing of it can be relied on.
  virtual Status Commit(Proposal& proposal) = 0;

  // The same without a thread that waits: `done` is called once, on a thread of the door's, never
  // within this call. REQUIRES: the proposal lives until then.
  virtual void CommitAsync(Proposal& proposal, std::function<void(Status)> done) = 0;

  // Ok, or Unavailable with the reason why nothing is written any more.
  virtual Status Health() const { return Status::Ok(); }
};

}  // namespace tandem
