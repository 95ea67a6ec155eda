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
// Whoever leads lets the latch go on every way out: an exception in a group, most likely for lack
// of memory, stops the store as a failed write does. So what follows it, the answers included,
// takes no memory: the line is linked through the requests, and those are what is posted.

#include <rocksdb/db.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "tandem/base/clock.h"
#include "tandem/base/executor.h"
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
    bool posted = false;  // guarded by mutex_
  };

  // REQUIRES: the caller leads (staging_ is its own) and holds mutex_ through `lock`; Lead lets it
  // go.
  void Lead(std::unique_lock<std::mutex>& lock);
  void Gather(Group& group, std::unique_lock<std::mutex>& lock);
  // Puts the request in line; true if its owner is to lead, for whom staging_ is then set.
  // REQUIRES: mutex_ is held.
  bool Join(Request& request);
  // Lets somebody lead what waits. REQUIRES: mutex_ is held, staging_ is set for him.
  void HandOn();
  void LeadOnExecutor();

  void Finish(Group& group, const Status& status);

  // None of these throws: an exception within is a failure of the group.
  void Begin(Group& group) noexcept;
  void Stage(Group& group, Request& request, const Overlay* in_flight) noexcept;
  // REQUIRES (both): it is the group's turn to write (writing_ is its own).
  Status Write(Group& group) noexcept;
  Status Publish(Group& group) noexcept;

  Status WriteGroup(Group& group, bool& begun);
  Status WriteToRocks(Group& group, bool& begun);
  void NoteFlush();
  Status NoteException() noexcept;  // REQUIRES: called in a catch clause

  rocksdb::DB* const db_;
  Clock* const clock_;
  Executor* const executor_;
  const GroupStamp begin_;
  const std::function<void()> on_stop_;

  mutable std::mutex mutex_;
  Requests waiting_;          // guarded by mutex_
  std::size_t callers_ = 0;   // guarded by mutex_: of those, without a callback
  bool staging_ = false;      // guarded by mutex_: somebody leads a group
  bool lead_posted_ = false;  // guarded by mutex_: staging_ is set for a thread still to begin
  LeadWork lead_{this};
  bool writing_ = false;    // guarded by mutex_: a group is being written
  Signal* turn_ = nullptr;  // guarded by mutex_: of the leader that waits to write
  std::shared_ptr<const Overlay> in_flight_;  // guarded by mutex_: of the group being written
  Status stopped_;  // guarded by mutex_: what callers are told now that nothing is written any more

  RangeDeletions range_deletions_;   // guarded by the turn to write
  std::uint64_t last_group_ = 0;     // guarded by the turn to write
  std::uint64_t flushed_group_ = 0;  // guarded by the turn to write
  std::atomic<bool> threw_ = false;
  std::atomic<std::uint64_t> groups_ = 0;
  std::atomic<std::uint64_t> flushes_ = 0;
};

}  // namespace tandem::internal
