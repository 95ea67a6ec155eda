#include "examples/ledger/row_order.h"

#include <utility>

namespace ledger {

namespace {

// Rows that wait for one thread: enough to find some that may go on, few enough to be no burden.
constexpr std::size_t kRowsWaitingMax = 512;

template <typename Function>
void ForEachAccount(const Transaction& row, Function function) {
  if (!row.from.empty()) function(row.from);
  if (!row.to.empty()) function(row.to);
}

}  // namespace

RowOrder::RowOrder(std::size_t threads) : workers_(threads) {}

bool RowOrder::Put(std::size_t thread, Transaction row) {
  std::unique_lock lock(mutex_);
  Worker& worker = workers_[thread];
  worker.has_room.wait(lock, [&] { return stopped_ || worker.rows.size() < kRowsWaitingMax; });
  if (stopped_) return false;
  ForEachAccount(row, [&](const auto& name) { lines_[name].threads.push_back(thread); });
  worker.rows.push_back(std::move(row));
  worker.may_go_on.notify_one();
  return true;
}

void RowOrder::Close() {
  const std::unique_lock lock(mutex_);
  closed_ = true;
  for (Worker& worker : workers_) worker.may_go_on.notify_one();
}

void RowOrder::Stop() {
  const std::unique_lock lock(mutex_);
  stopped_ = true;
  for (Worker& worker : workers_) {
    worker.may_go_on.notify_one();
    worker.has_room.notify_one();
  }
}

std::vector<Transaction> RowOrder::Take(std::size_t thread, std::size_t rows_max) {
  std::unique_lock lock(mutex_);
  Worker& worker = workers_[thread];
  worker.may_go_on.wait(
      lock, [&] { return stopped_ || (worker.rows.empty() ? closed_ : MayTake(thread)); });
  std::vector<Transaction> taken;
  while (!stopped_ && taken.size() < rows_max && !worker.rows.empty() && MayTake(thread)) {
    ForEachAccount(worker.rows.front(), [&](const auto& name) { Enter(thread, name); });
    taken.push_back(std::move(worker.rows.front()));
    worker.rows.pop_front();
  }
  worker.has_room.notify_one();
  return taken;
}

void RowOrder::Done(const std::vector<Transaction>& rows) {
  const std::unique_lock lock(mutex_);
  for (const Transaction& row : rows) {
    ForEachAccount(row, [&](const auto& name) { Leave(name); });
  }
}

// A thread's rows stand in a line in the order in which it takes them. So if the front is the
// thread's, it is its next row that uses the account.
bool RowOrder::MayUse(std::size_t thread, const std::string& account) const {
  const Line& line = lines_.at(account);
  return line.threads.front() == thread && (line.held == 0 || line.holder == thread);
}

bool RowOrder::MayTake(std::size_t thread) const {
  bool may = true;
  ForEachAccount(workers_[thread].rows.front(),
                 [&](const auto& name) { may = may && MayUse(thread, name); });
  return may;
}

void RowOrder::Enter(std::size_t thread, const std::string& account) {
  Line& line = lines_.at(account);
  line.threads.pop_front();
  line.holder = thread;
  ++line.held;
}

void RowOrder::Leave(const std::string& account) {
  const auto found = lines_.find(account);
  Line& line = found->second;
  if (--line.held > 0) return;
  if (line.threads.empty()) {
    lines_.erase(found);
  } else {
    workers_[line.threads.front()].may_go_on.notify_one();
  }
}

}  // namespace ledger
