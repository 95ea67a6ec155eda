#include "batch/internal/commit_pipeline.h"

#include <rocksdb/perf_level.h>

#include <algorithm>
#include <utility>

#include "base/rocks/rocks_status.h"

namespace tandem::internal {

namespace {

// While a group is written, the leader of the next one sleeps until so many callers wait, or until
// its turn: waking it for each of them would cost more than staging them late.
constexpr std::size_t kCallersToWakeLeader = 8;

Status Stopped(const Status& reason) {
  return Status::Unavailable("the store takes no writes until it is opened again: " +
                             reason.ToString());
}

// What the callers of a group are told whose write failed.
Status WriteFailure(const rocksdb::Status& status) {
  if (status.IsNoSpace()) {
    // It may have shown only when the log was flushed: the record is in it then.
    return Status::NoSpace(
        "the disk is full, and the write may or may not "
        "survive: free space and open the store again");
  }
  // The directory or a file in it is gone: what is acknowledged from here on, nobody would find.
  if (status.IsPathNotFound()) {
    return Status::IoError("the write may or may not survive, the store has lost its files: " +
                           status.ToString());
  }
  return Status::Indeterminate("the write may or may not survive, open the store again to see: " +
                               status.ToString());
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

Status CommitPipeline::Commit(Proposal& proposal) {
  Request request(proposal);
  std::unique_lock lock(mutex_);
  if (!stopped_.ok()) return Stopped(stopped_);
  bool leads = Join(request);
  while (true) {
    if (leads) {
      Lead(lock);  // its group may have been full before this request's turn
    } else {
      lock.unlock();
    }
    request.wake.Wait();
    if (request.done) return request.result;
    lock.lock();
    leads = true;
  }
}

void CommitPipeline::CommitAsync(Proposal& proposal, std::function<void(Status)> done) {
  const std::lock_guard lock(mutex_);
  if (!stopped_.ok()) {
    executor_->Post([done = std::move(done), status = Stopped(stopped_)] { done(status); });
    return;
  }
  auto request = std::make_unique<Request>(proposal);
  request->callback = std::move(done);
  if (Join(*request.release())) LeadOnExecutor();
}

bool CommitPipeline::Join(Request& request) {
  waiting_.push_back(&request);
  if (!request.callback) ++callers_;
  // A caller does not wait for a thread that has not begun to lead: it is here already.
  const bool overtakes = lead_posted_ && !request.callback;
  if (!staging_ || overtakes) {
    staging_ = true;
    lead_posted_ = false;
    return true;
  }
  if (turn_ != nullptr && waiting_.size() >= kCallersToWakeLeader) turn_->Notify();
  return false;
}

void CommitPipeline::HandOn() {
  if (callers_ == 0) return LeadOnExecutor();
  const auto is_caller = [](const Request* request) { return !request->callback; };
  (*std::ranges::find_if(waiting_, is_caller))->wake.Notify();
}

void CommitPipeline::LeadOnExecutor() {
  lead_posted_ = true;
  executor_->Post([this] {
    std::unique_lock lock(mutex_);
    if (std::exchange(lead_posted_, false)) Lead(lock);
  });
}

void CommitPipeline::Lead(std::unique_lock<std::mutex>& lock) {
  const Uncounted uncounted;
  Group group;
  Gather(group, lock);
  staging_ = false;
  writing_ = true;
  in_flight_ = group.overlay;
  // Somebody may have come after the last look, or been left over: he leads the next group.
  if (!waiting_.empty()) {
    staging_ = true;
    HandOn();
  }
  const Status stopped = stopped_;
  lock.unlock();

  Status status = stopped.ok() ? Write(group) : Stopped(stopped);
  if (status.ok()) {
    for (Request* request : group.requests) request->proposal->Publish();
  }

  lock.lock();
  writing_ = false;
  in_flight_ = nullptr;
  const bool stops = !status.ok() && stopped_.ok();
  if (stops) stopped_ = status;
  if (turn_ != nullptr) turn_->Notify();
  lock.unlock();
  if (stops) on_stop_();
  Finish(group, status);
}

// Stages what waits, also what arrives while the group before is still being written; returns when
// it is this group's turn.
void CommitPipeline::Gather(Group& group, std::unique_lock<std::mutex>& lock) {
  Signal turn;
  while (true) {
    const bool full =
        group.requests.size() >= kGroupProposalsMax || group.batch.GetDataSize() >= kGroupBytesMax;
    if (!full && !waiting_.empty()) {
      Request& request = *waiting_.front();
      waiting_.pop_front();
      if (!request.callback) --callers_;
      const std::shared_ptr<const Overlay> in_flight = in_flight_;
      lock.unlock();
      Stage(group, request, in_flight.get());
      lock.lock();
      continue;
    }
    if (!writing_) return;
    turn_ = &turn;
    lock.unlock();
    turn.Wait();
    lock.lock();
    turn_ = nullptr;
  }
}

void CommitPipeline::Stage(Group& group, Request& request, const Overlay* in_flight) {
  group.requests.push_back(&request);
  if (!group.failure.ok()) return;
  Staging staging(db_, in_flight, group.overlay.get(), &group.batch);
  group.failure = request.proposal->Stage(staging, clock_->Now());
  if (!group.failure.ok()) group.culprit = &request;
  if (request.proposal->durability() == Durability::kSync) group.sync = true;
}

Status CommitPipeline::Write(Group& group) {
  if (!group.failure.ok()) return group.failure;
  // Where nothing was staged, a kSync answer must not rest on what is not flushed. Then the stamp
  // alone is written and flushed: a flush beside the writes would be a second way.
  const bool rests_on_unflushed = group.sync && flushed_group_ != last_group_;
  return group.batch.Count() > 0 || rests_on_unflushed ? WriteToRocks(group) : Status::Ok();
}

void CommitPipeline::NoteFlush() {
  ++flushes_;
  flushed_group_ = last_group_;
}

Status CommitPipeline::WriteToRocks(Group& group) {
  group.batch.PutLogData(EncodeGroupStamp(
      GroupStamp{begin_.incarnation, ++last_group_, flushed_group_, begin_.first_log}));
  rocksdb::WriteOptions options;
  options.sync = group.sync;
  const rocksdb::Status status = db_->Write(options, &group.batch);
  if (!status.ok()) return WriteFailure(status);
  ++groups_;
  if (group.sync) NoteFlush();
  return Status::Ok();
}

void CommitPipeline::Finish(Group& group, const Status& status) {
  std::vector<std::unique_ptr<Request>> called_back;
  for (Request* request : group.requests) {
    const bool bystander = group.culprit != nullptr && group.culprit != request;
    request->result = bystander ? Stopped(status) : status;
    if (request->callback) {
      called_back.emplace_back(request);
    } else {
      request->done = true;
      request->wake.Notify();  // from here on the request may be gone
    }
  }
  if (called_back.empty()) return;
  // Not here: a caller that leads must not run into what somebody else's callback waits for.
  executor_->Post([requests = std::make_shared<decltype(called_back)>(std::move(called_back))] {
    for (const auto& request : *requests) request->callback(request->result);
  });
}

Status CommitPipeline::Health() const {
  const std::lock_guard lock(mutex_);
  return stopped_.ok() ? Status::Ok() : Stopped(stopped_);
}

CommitCounts CommitPipeline::Counts() const { return {groups_, flushes_}; }

}  // namespace tandem::internal
