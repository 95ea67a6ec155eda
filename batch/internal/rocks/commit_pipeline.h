#pragma once

// The commit door of the RocksDB provider, and the only place that writes to the database.
//
// Proposals that wait at the same time form a group: one of the waiting callers leads it. It calls
// each proposal's Stage in turn, which is the serial order of everything, and writes what they
// staged as one rocksdb::WriteBatch with one flush, if any of them asks for one. Two groups are
// under way at a time:
//
//   group N     staged | being written and flushed ........ | published, callers answered
//   group N+1            being staged, and grows meanwhile .. | being written and flushed ...
//
// Group N+1 is judged by the database under what N staged (View), so it need not wait for N's
// flush; its callers are answered after N's, because it is written after N.
//
// A proposal that nobody waits for is answered by a callback on the executor. As long as callers
// wait, one of them leads; a thread of the executor leads only when all that waits is asynchronous,
// so a caller never depends on another thread being woken.
//
// Each group carries a stamp as log data, with consecutive numbers: recovery notices a missing one
// (group_stamp.h). After a failed write or flush nothing is written any more.
//
// The leading thread lets the latch go on every way out: an exception in a group, most likely for
// lack of memory, stops the store as a failed write does. So what follows it, the answers included,
// takes no memory: the line is linked through the requests, and those are what is posted.

#include <rocksdb/db.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "tandem/base/check.h"
#include "tandem/base/clock.h"
#include "tandem/base/executor.h"
#include "tandem/base/mutex.h"
#include "tandem/base/rocks/commit_door.h"
#include "tandem/base/rocks/staging.h"
#include "tandem/base/status.h"
#include "tandem/batch/internal/log/group_stamp.h"
#include "tandem/batch/internal/rocks/range_deletions.h"

namespace tandem::internal {

struct CommitCounts {
  std::uint64_t groups = 0;   // written
  std::uint64_t flushes = 0;  // of the write-ahead log
};

// Thread-safe.
class CommitPipeline final : public CommitDoor {
 public:
  // What one group holds at most.
  static constexpr std::size_t kGroupProposalsMax = 4096;
  static constexpr std::size_t kGroupBytesMax = std::size_t{8} << 20;
  // What is reserved for it.
  static constexpr std::size_t kUsualGroupBytes = 4096;

  // `families`: all that are written to. `begin` is the stamp of the record that names the
  // incarnation: the groups follow it. `on_stop` is called once, when the store has stopped: to
  // wake who waits for what never comes. REQUIRES: `executor` is closed before the pipeline is
  // destroyed.
  CommitPipeline(rocksdb::DB* db, std::vector<rocksdb::ColumnFamilyHandle*> families, Clock* clock,
                 Executor* executor, const GroupStamp& begin, std::function<void()> on_stop);

  Status Commit(Proposal& proposal) override;
  void CommitAsync(Proposal& proposal, std::function<void(Status)> done) override;
  Status Health() const override;

  CommitCounts Counts() const;

  // True once there was an exception in a group, perhaps out of RocksDB.
  bool threw() const { return threw_; }

 private:
  // A caller that waits in Commit, or a callback.
  struct Request {
    explicit Request(Proposal& proposal) : proposal(&proposal) {}
    Proposal* const proposal;
    Request* next = nullptr;  // in the list that it is in
    bool has_caller = true;   // else it is a CalledBack
    Signal wake;              // done, or to lead
    bool done = false;        // set before it is woken; else it is woken to lead
    Status result;            // set before it is woken as done
  };

  // Nobody waits for it: who answers it owns it. Posted, it calls back, and so do those behind it.
  struct CalledBack final : Request, Executor::Work {
    CalledBack(Proposal& proposal, std::function<void(Status)> done)
        : Request(proposal), callback(std::move(done)) {
      has_caller = false;
    }
    void Run() override;
    const std::function<void(Status)> callback;
  };

  // First in, first out. Takes no memory.
  class Requests {
   public:
    bool empty() const { return first_ == nullptr; }
    std::size_t size() const { return size_; }
    Request* first() const { return first_; }
    void Push(Request& request) noexcept;
    Request& Pop() noexcept;  // REQUIRES: it is not empty

   private:
    Request* first_ = nullptr;
    Request* last_ = nullptr;
    std::size_t size_ = 0;
  };

  // Of the leader whose group is being written: from the moment that it sets writing_ until it
  // clears it. There is nothing to lock; the analysis, and a check where REQUIRES are checked, see
  // to it that one thread has it.
  class TANDEM_CAPABILITY("turn") TurnToWrite {
   public:
    void Begin() TANDEM_ACQUIRE() {
      TANDEM_REQUIRE(!taken_.exchange(true), "one group is written at a time");
    }
    void End() TANDEM_RELEASE() {
      TANDEM_REQUIRE(taken_.exchange(false), "a turn ends that has begun");
    }

   private:
    std::atomic<bool> taken_ = false;
  };

  struct Group {
    Requests requests;
    rocksdb::WriteBatch batch;
    std::shared_ptr<Overlay> overlay;  // null: it has failed at its beginning
    bool sync = false;
    Status failure;              // of a Stage: nothing of the group is written
    Request* culprit = nullptr;  // whose Stage that was
  };

  // Posted where all that waits is asynchronous. One at a time.
  struct LeadWork final : Executor::Work {
    explicit LeadWork(CommitPipeline* pipeline) : pipeline(pipeline) {}
    void Run() override;
    CommitPipeline* const pipeline;
    bool posted = false;  // under the mutex of the pipeline
  };

  // REQUIRES: the caller leads (staging_ is its own). Lead lets the mutex go; Gather does, while it
  // stages or waits.
  void Lead() TANDEM_RELEASE(mutex_);
  void Gather(Group& group) TANDEM_REQUIRES(mutex_);
  // Puts the request in line; true if its owner is to lead, for whom staging_ is then set.
  bool Join(Request& request) TANDEM_REQUIRES(mutex_);
  // Lets another thread lead what waits. REQUIRES: staging_ is set for it.
  void HandOn() TANDEM_REQUIRES(mutex_);
  void LeadOnExecutor() TANDEM_REQUIRES(mutex_);

  void Finish(Group& group, const Status& status);

  // None of these throws: an exception within is a failure of the group.
  void Begin(Group& group) noexcept;
  void Stage(Group& group, Request& request, const Overlay* in_flight) noexcept;
  Status Write(Group& group) noexcept TANDEM_REQUIRES(turn_to_write_);
  Status Publish(Group& group) noexcept TANDEM_REQUIRES(turn_to_write_);

  Status WriteGroup(Group& group, bool& begun) TANDEM_REQUIRES(turn_to_write_);
  Status WriteToRocks(Group& group, bool& begun) TANDEM_REQUIRES(turn_to_write_);
  void NoteFlush() TANDEM_REQUIRES(turn_to_write_);
  Status NoteException() noexcept;  // REQUIRES: called in a catch clause

  rocksdb::DB* const db_;
  Clock* const clock_;
  Executor* const executor_;
  const GroupStamp begin_;
  const std::function<void()> on_stop_;

  mutable Mutex mutex_;
  Requests waiting_ TANDEM_GUARDED_BY(mutex_);
  std::size_t callers_ TANDEM_GUARDED_BY(mutex_) = 0;  // of those, without a callback
  bool staging_ TANDEM_GUARDED_BY(mutex_) = false;     // a thread leads a group
  bool lead_posted_ TANDEM_GUARDED_BY(mutex_) =
      false;  // staging_ is set for a thread still to begin
  LeadWork lead_{this};
  bool writing_ TANDEM_GUARDED_BY(mutex_) = false;    // a group is being written
  Signal* turn_ TANDEM_GUARDED_BY(mutex_) = nullptr;  // of the leader that waits to write
  std::shared_ptr<const Overlay> in_flight_
      TANDEM_GUARDED_BY(mutex_);  // of the group being written
  // What callers get now that nothing is written any more.
  Status stopped_ TANDEM_GUARDED_BY(mutex_);

  TurnToWrite turn_to_write_;
  RangeDeletions range_deletions_ TANDEM_GUARDED_BY(turn_to_write_);
  std::uint64_t last_group_ TANDEM_GUARDED_BY(turn_to_write_) = 0;
  std::uint64_t flushed_group_ TANDEM_GUARDED_BY(turn_to_write_) = 0;
  std::atomic<bool> threw_ = false;
  std::atomic<std::uint64_t> groups_ = 0;
  std::atomic<std::uint64_t> flushes_ = 0;
};

}  // namespace tandem::internal
