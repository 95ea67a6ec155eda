#include "tandem/batch/internal/rocks/commit_pipeline.h"

#include <rocksdb/perf_level.h>

#include <new>
#include <utility>

#include "tandem/base/out_of_memory.h"
#include "tandem/base/rocks/rocks_status.h"

namespace tandem::internal {

namespace {

// While a group is written, the leader of the next one sleeps until so many callers wait, or until
// its turn: waking it for each of them would cost more than staging them late.
constexpr std::size_t kCallersToWakeLeader = 8;

// What callers are told from then on; the reason itself, where there is no memory for more.
Status Stopped(const Status& reason) noexcept {
  try {
    return Status::Unavailable("the store takes no writes until it is opened again: " +
                               reason.ToString());
  } catch (const std::bad_alloc&) {
    return OutOfMemory();
  }
}

// What the callers of a group are told whose write failed.
Status WriteFailure(const rocksdb::Status& status) {
  if (status.IsNoSpace()) {
    // It may have shown only when the log was flushed: the record is in it then.
    return Status::NoSpace(
        "the disk is full, and the write may or may not "
        "survive: free space and open the store again");
  }
  // Met by a compaction. Not of the code Corruption: nothing of the batch itself is damaged.
  if (status.IsCorruption()) {
    return Status::IoError(
        "a file of the store is damaged, so it takes no writes; restore a "
        "checkpoint: " +
        status.ToString());
  }
  // The directory or a file in it is gone: what is acknowledged from here on, nobody would find.
  if (status.IsPathNotFound()) {
    return Status::IoError("the write may or may not survive, the store has lost its files: " +
                           status.ToString());
  }
  return Status::Indeterminate("the write may or may not survive, open the store again to see: " +
                               status.ToString());
}

// What the callers of a group are told that an exception has ended after its write had begun. Made
// before it is needed, for there may be no memory then.
const Status& Unfinished() {
  static const Status* const kStatus = new Status(Status::Indeterminate(
      "an exception, most likely for lack of memory, has ended the write: it may or may not "
      "survive, end the process and open the store again to see"));
  return *kStatus;
}

// RocksDB counts every comparison of keys for the calling thread, by default, and a write to the
// memtable is mostly comparisons. While a group is led they are not counted, unless the caller has
// asked for more than the default.
class Uncounted {
 public:
  Uncounted() {
    if (before_ == rocksdb::kEnableCount) rocksdb::SetPerfLevel(rocksdb::kDisable);
  }
  ~Uncounted() { rocksdb::SetPerfLevel(before_); }
  Uncounted(const Uncounted&) = delete;
  Uncounted& operator=(const Uncounted&) = delete;

 private:
  const rocksdb::PerfLevel before_ = rocksdb::GetPerfLevel();
};

}  // namespace

CommitPipeline::CommitPipeline(rocksdb::DB* db, std::vector<rocksdb::ColumnFamilyHandle*> families,
                               Clock* clock, Executor* executor, const GroupStamp& begin,
                               std::function<void()> on_stop)
    : db_(db),
      clock_(clock),
      executor_(executor),
      begin_(begin),
      on_stop_(std::move(on_stop)),
      range_deletions_(std::move(families)) {
  Unfinished();
}

void CommitPipeline::Requests::Push(Request& request) noexcept {
  request.next = nullptr;
  (first_ == nullptr ? first_ : last_->next) = &request;
  last_ = &request;
  ++size_;
}

CommitPipeline::Request& CommitPipeline::Requests::Pop() noexcept {
  TANDEM_REQUIRE(!empty(), "there is a request");
  --size_;
  return *std::exchange(first_, first_->next);
}

Status CommitPipeline::Commit(Proposal& proposal) {
  Request request(proposal);
  mutex_.Lock();
  if (!stopped_.ok()) {
    const Status stopped = stopped_;
    mutex_.Unlock();
    return stopped;
  }
  bool leads = Join(request);
  while (true) {
    if (leads) {
      Lead();  // its group may have been full before this request's turn
    } else {
      mutex_.Unlock();
    }
    request.wake.Wait();
    if (request.done) return request.result;
    mutex_.Lock();
    leads = true;
  }
}

void CommitPipeline::CommitAsync(Proposal& proposal, std::function<void(Status)> done) {
  auto request = std::make_unique<CalledBack>(proposal, std::move(done));
  const MutexLock lock(mutex_);
  if (!stopped_.ok()) {
    request->result = stopped_;
    executor_->Post(*request.release());
    return;
  }
  if (Join(*request.release())) LeadOnExecutor();
}

void CommitPipeline::CalledBack::Run() {
  Request* next = this;
  while (next != nullptr) {
    const std::unique_ptr<CalledBack> request(static_cast<CalledBack*>(next));
    next = request->next;
    request->callback(request->result);
  }
}

bool CommitPipeline::Join(Request& request) {
  waiting_.Push(request);
  if (request.has_caller) ++callers_;
  // A caller does not wait for a thread that has not begun to lead: it is here already.
  const bool overtakes = lead_posted_ && request.has_caller;
  if (!staging_ || overtakes) {
    staging_ = true;
    lead_posted_ = false;
    return true;
  }
  if (turn_ != nullptr && waiting_.size() >= kCallersToWakeLeader) turn_->Notify();
  return false;
}

void CommitPipeline::HandOn() {
  TANDEM_REQUIRE(staging_, "the next leader's place is kept for it");
  if (callers_ == 0) return LeadOnExecutor();
  Request* caller = waiting_.first();
  while (!caller->has_caller) caller = caller->next;
  caller->wake.Notify();
}

void CommitPipeline::LeadOnExecutor() {
  lead_posted_ = true;
  if (!std::exchange(lead_.posted, true)) executor_->Post(lead_);
}

void CommitPipeline::LeadWork::Run() {
  pipeline->mutex_.Lock();
  posted = false;
  if (std::exchange(pipeline->lead_posted_, false)) {
    pipeline->Lead();
  } else {
    pipeline->mutex_.Unlock();
  }
}

void CommitPipeline::Lead() {
  const Uncounted uncounted;
  Group group;
  Gather(group);
  staging_ = false;
  writing_ = true;
  in_flight_ = group.overlay;
  // Somebody may have come after the last look, or been left over: he leads the next group.
  if (!waiting_.empty()) {
    staging_ = true;
    HandOn();
  }
  const Status stopped = stopped_;
  mutex_.Unlock();

  turn_to_write_.Begin();
  Status status = stopped.ok() ? Write(group) : stopped;
  if (status.ok()) status = Publish(group);
  turn_to_write_.End();

  mutex_.Lock();
  writing_ = false;
  in_flight_ = nullptr;
  const bool stops = !status.ok() && stopped_.ok();
  if (stops) stopped_ = Stopped(status);
  if (turn_ != nullptr) turn_->Notify();
  mutex_.Unlock();
  if (stops) on_stop_();
  Finish(group, status);
}

void CommitPipeline::Begin(Group& group) noexcept {
  try {
    group.overlay = std::make_shared<Overlay>();
    group.batch = rocksdb::WriteBatch(kUsualGroupBytes);
  } catch (...) {
    group.failure = NoteException();
  }
}

// Stages what waits, also what arrives while the group before is still being written; returns when
// it is this group's turn.
void CommitPipeline::Gather(Group& group) {
  Begin(group);
  Signal turn;
  while (true) {
    const bool full =
        group.requests.size() >= kGroupProposalsMax || group.batch.GetDataSize() >= kGroupBytesMax;
    if (!full && !waiting_.empty()) {
      Request& request = waiting_.Pop();
      if (request.has_caller) --callers_;
      const std::shared_ptr<const Overlay> in_flight = in_flight_;
      mutex_.Unlock();
      Stage(group, request, in_flight.get());
      mutex_.Lock();
      continue;
    }
    if (!writing_) return;
    turn_ = &turn;
    mutex_.Unlock();
    turn.Wait();
    mutex_.Lock();
    turn_ = nullptr;
  }
}

void CommitPipeline::Stage(Group& group, Request& request, const Overlay* in_flight) noexcept {
  group.requests.Push(request);
  if (!group.failure.ok()) return;
  try {
    Staging staging(db_, in_flight, group.overlay.get(), &group.batch);
    group.failure = request.proposal->Stage(staging, clock_->Now());
  } catch (...) {
    group.failure = NoteException();
  }
  if (!group.failure.ok()) group.culprit = &request;
  if (request.proposal->durability() == Durability::kSync) group.sync = true;
}

Status CommitPipeline::Write(Group& group) noexcept {
  bool begun = false;
  try {
    return WriteGroup(group, begun);
  } catch (...) {
    const Status status = NoteException();
    return begun ? Unfinished() : status;
  }
}

Status CommitPipeline::WriteGroup(Group& group, bool& begun) {
  if (!group.failure.ok()) return group.failure;
  // Where nothing was staged, a kSync answer must not rest on what is not flushed. Then the stamp
  // alone is written and flushed: a flush beside the writes would be a second way.
  const bool rests_on_unflushed = group.sync && flushed_group_ != last_group_;
  return group.batch.Count() > 0 || rests_on_unflushed ? WriteToRocks(group, begun) : Status::Ok();
}

void CommitPipeline::NoteFlush() {
  ++flushes_;
  flushed_group_ = last_group_;
}

Status CommitPipeline::WriteToRocks(Group& group, bool& begun) {
  group.batch.PutLogData(EncodeGroupStamp(
      GroupStamp{begin_.incarnation, ++last_group_, flushed_group_, begin_.first_log}));
  rocksdb::WriteOptions options;
  options.sync = group.sync;
  begun = true;
  const rocksdb::Status status = db_->Write(options, &group.batch);
  if (!status.ok()) return WriteFailure(status);
  ++groups_;
  if (group.sync) NoteFlush();
  if (group.batch.HasDeleteRange()) range_deletions_.Written(*db_, *group.overlay);
  return Status::Ok();
}

Status CommitPipeline::Publish(Group& group) noexcept {
  try {
    for (Request* request = group.requests.first(); request != nullptr; request = request->next) {
      request->proposal->Publish();
    }
    return Status::Ok();
  } catch (...) {
    (void)NoteException();
    return Unfinished();
  }
}

Status CommitPipeline::NoteException() noexcept {
  threw_ = true;
  return StatusOfException();
}

void CommitPipeline::Finish(Group& group, const Status& status) {
  // To the others of the group it is as if the store had stopped before.
  const Status bystander = group.culprit == nullptr ? status : Stopped(status);
  Requests called_back;
  while (!group.requests.empty()) {
    Request& request = group.requests.Pop();
    request.result = &request == group.culprit ? status : bystander;
    if (request.has_caller) {
      request.done = true;
      request.wake.Notify();  // from here on the request may be gone
    } else {
      called_back.Push(request);
    }
  }
  // Not here: a caller that leads must not run into what somebody else's callback waits for.
  if (!called_back.empty()) executor_->Post(static_cast<CalledBack&>(*called_back.first()));
}

Status CommitPipeline::Health() const {
  const MutexLock lock(mutex_);
  return stopped_;
}

CommitCounts CommitPipeline::Counts() const { return {groups_, flushes_}; }

}  // namespace tandem::internal
