#include "examples/ledger/bank.h"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <stop_token>
#include <thread>
#include <utility>
#include <vector>

#include "examples/ledger/projection.h"
#include "examples/ledger/row_order.h"

namespace ledger {

namespace {

using tandem::Result;
using tandem::Status;

constexpr std::chrono::milliseconds kProgressEvery{5};
constexpr std::chrono::hours kWaitForMessages{1};
constexpr std::size_t kMessagesPerStep = 512;

// The threads' common end: how many still run, and the first error.
class Finish {
 public:
  explicit Finish(std::size_t threads) : running_(threads) {}

  void ThreadEnded(const Status& status) {
    const std::scoped_lock lock(mutex_);
    --running_;
    if (first_error_.ok()) first_error_ = status;
    changed_.notify_all();
  }

  // Blocks until all threads have ended, but not for long. Whether they have.
  bool WaitABit() {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, kProgressEvery, [&] { return running_ == 0; });
  }

  Status first_error() const {
    const std::scoped_lock lock(mutex_);
    return first_error_;
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t running_;  // guarded by mutex_
  Status first_error_;   // guarded by mutex_
};

class Bank {
 public:
  Bank(tandem::Provider& store, const BankOptions& options, const Inbox& inbox,
       Projection projection)
      : options_(options),
        filter_(inbox),
        projection_(std::move(projection)),
        accounts_(store),
        order_(options.threads),
        input_done_(options.threads + 1) {
    projected_ = projection_.view().counts.messages;
    for (std::size_t i = 0; i < options.threads; ++i) {
      tellers_.emplace_back(store, accounts_, inbox, options.teller);
    }
  }

  Result<BankStats> Run(RowSource& source,
                        const std::function<void(const BankProgress&)>& on_progress) {
    Finish projected(1);
    std::jthread projector([&](const std::stop_token& stop) {
      const Status status = Project(stop);
      if (!status.ok()) order_.Stop();
      projected.ThreadEnded(status);
    });
    std::vector<std::jthread> threads;
    threads.emplace_back([&] { End(ReadInput(source)); });
    for (std::size_t i = 0; i < tellers_.size(); ++i) {
      threads.emplace_back([this, i] { End(Decide(i)); });
    }
    while (!input_done_.WaitABit()) on_progress(Progress());
    // All messages are there now: the projection ends when it finds none.
    projector.request_stop();
    while (!projected.WaitABit()) on_progress(Progress());
    on_progress(Progress());
    TANDEM_RETURN_IF_ERROR(input_done_.first_error());
    TANDEM_RETURN_IF_ERROR(projected.first_error());
    return Stats();
  }

 private:
  void End(const Status& status) {
    if (!status.ok()) order_.Stop();
    input_done_.ThreadEnded(status);
  }

  Status ReadInput(RowSource& source) {
    Transaction row;
    while (true) {
      TANDEM_ASSIGN_OR_RETURN(const bool more, source.Next(row));
      if (!more) break;
      TANDEM_ASSIGN_OR_RETURN(const bool done, filter_.IsDone(row));
      if (done) {
        ++found_;
        continue;
      }
      const std::size_t thread = LaneOf(row) % options_.threads;
      if (!order_.Put(thread, std::move(row))) return Status::Ok();  // who stopped it tells why
    }
    TANDEM_RETURN_IF_ERROR(filter_.CheckEnd());
    order_.Close();
    return Status::Ok();
  }

  Status Decide(std::size_t thread) {
    while (true) {
      const std::vector<Transaction> rows = order_.Take(thread, options_.rows_per_batch);
      if (rows.empty()) return Status::Ok();
      TANDEM_RETURN_IF_ERROR(tellers_[thread].Apply(rows));
      order_.Done(rows);
      decided_ += rows.size();
    }
  }

  Status Project(const std::stop_token& stop) {
    tandem::DequeueOptions options;
    options.max_messages = kMessagesPerStep;
    options.wait = kWaitForMessages;
    options.stop = stop;
    while (true) {
      const bool last = stop.stop_requested();
      TANDEM_ASSIGN_OR_RETURN(const std::size_t messages, projection_.Step(options));
      if (last && messages == 0) return Status::Ok();
      projected_ += messages;
      projection_batches_ += messages > 0 ? 1 : 0;
    }
  }

  BankProgress Progress() const { return {found_, decided_, projected_}; }

  BankStats Stats() const {
    BankStats stats;
    for (const Teller& teller : tellers_) {
      stats.tellers.done += teller.stats().done;
      stats.tellers.refused += teller.stats().refused;
      stats.tellers.batches += teller.stats().batches;
      stats.tellers.conflicts += teller.stats().conflicts;
    }
    stats.projection_batches = projection_batches_;
    return stats;
  }

  // Constant after construction:
  const BankOptions options_;

  // Of one thread each:
  ResumeFilter filter_;
  Projection projection_;
  std::vector<Teller> tellers_;

  // With their own synchronization:
  AccountCache accounts_;
  RowOrder order_;
  Finish input_done_;
  std::atomic<std::uint64_t> found_{0};
  std::atomic<std::uint64_t> decided_{0};
  std::atomic<std::uint64_t> projected_{0};
  std::atomic<std::uint64_t> projection_batches_{0};
};

}  // namespace

Result<BankStats> RunBank(tandem::Provider& store, RowSource& source, const BankOptions& options,
                          const std::function<void(const BankProgress&)>& on_progress) {
  TANDEM_ASSIGN_OR_RETURN(const Inbox inbox, ReadInbox(store));
  TANDEM_ASSIGN_OR_RETURN(Projection projection,
                          Projection::Open(store, options.teller.durability));
  return Bank(store, options, inbox, std::move(projection)).Run(source, on_progress);
}

}  // namespace ledger
