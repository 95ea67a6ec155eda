#pragma once

// Hands rows to threads so that the outcome is that of one thread: each account sees its rows in
// the order of the input, while rows that share no account are decided at the same time. What it
// does is for order alone; that no decision is made on an old state is the store's business, by
// versions.
//
// Every account with rows under way has a line of the threads that are going to use it, in the
// order of the input. A thread may take its next row when that is at the front of the lines of both
// accounts, and nobody else holds these. The oldest row of all always may, so nothing is stuck.

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "examples/ledger/transaction.h"

namespace ledger {

// Thread-safe.
class RowOrder {
 public:
  explicit RowOrder(std::size_t threads);

  // Adds the next row of the input, for `thread`; blocks while that one has a lot to do. False once
  // stopped. One thread puts.
  bool Put(std::size_t thread, Transaction row);

  // No row follows.
  void Close();

  // Everybody returns at once, and nothing more is handed out.
  void Stop();

  // Blocks until the thread's next row may be decided, and takes up to `rows_max` that may. Empty
  // at the end.
  std::vector<Transaction> Take(std::size_t thread, std::size_t rows_max);

  // The rows that were taken are committed: others may use the accounts.
  void Done(const std::vector<Transaction>& rows);

 private:
  struct Line {
    std::deque<std::size_t> threads;  // of the rows not taken yet
    std::size_t holder = 0;           // whose rows are taken and not done,
    std::size_t held = 0;             // and how many; 0 = nobody's
  };
  struct Worker {
    std::deque<Transaction> rows;
    std::condition_variable may_go_on;
    std::condition_variable has_room;
  };

  bool MayUse(std::size_t thread, const std::string& account) const;
  bool MayTake(std::size_t thread) const;
  void Enter(std::size_t thread, const std::string& account);
  void Leave(const std::string& account);

  std::mutex mutex_;
  // Guarded by mutex_:
  std::deque<Worker> workers_;  // as many as threads; a deque, since they can't be moved
  std::unordered_map<std::string, Line> lines_;
  bool closed_ = false;
  bool stopped_ = false;
};

}  // namespace ledger
