// The order of rows among threads: as the input where they share an account, free where not.

#include "examples/ledger/row_order.h"

#include <gtest/gtest.h>

#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "examples/ledger/row_source.h"

namespace ledger {
namespace {

Transaction Row(std::uint64_t number, std::string from, std::string to) {
  return {number, "t" + std::to_string(number), std::move(from), std::move(to), 1, ""};
}

std::vector<std::uint64_t> Numbers(const std::vector<Transaction>& rows) {
  std::vector<std::uint64_t> numbers;
  for (const Transaction& row : rows) numbers.push_back(row.row);
  return numbers;
}

using Rows = std::vector<std::uint64_t>;

TEST(RowOrderTest, RowsWithoutASharedAccountAreTakenAtTheSameTime) {
  RowOrder order(2);
  order.Put(0, Row(1, "a", "b"));
  order.Put(1, Row(2, "c", "d"));
  EXPECT_EQ(Numbers(order.Take(1, 1)), Rows({2}));
  EXPECT_EQ(Numbers(order.Take(0, 1)), Rows({1}));
}

TEST(RowOrderTest, ARowWaitsForThoseBeforeItThatShareAnAccount) {
  RowOrder order(2);
  order.Put(0, Row(1, "a", "b"));
  order.Put(1, Row(2, "b", "c"));
  order.Close();
  Rows second;
  std::jthread other([&] { second = Numbers(order.Take(1, 1)); });
  const std::vector<Transaction> first = order.Take(0, 1);
  EXPECT_EQ(Numbers(first), Rows({1}));
  order.Done(first);
  other.join();
  EXPECT_EQ(second, Rows({2}));
}

TEST(RowOrderTest, AThreadTakesItsOwnFollowingRowsAlong) {
  RowOrder order(2);
  order.Put(0, Row(1, "a", "b"));
  order.Put(0, Row(2, "a", "c"));
  order.Put(1, Row(3, "c", "d"));
  order.Put(0, Row(4, "a", "d"));  // behind row 3, which another thread has
  EXPECT_EQ(Numbers(order.Take(0, 9)), Rows({1, 2}));
}

TEST(RowOrderTest, AtTheEndAndWhenStoppedThereIsNothing) {
  RowOrder order(1);
  order.Put(0, Row(1, "a", "b"));
  order.Close();
  EXPECT_EQ(Numbers(order.Take(0, 9)), Rows({1}));
  EXPECT_TRUE(order.Take(0, 9).empty());
  order.Stop();
  EXPECT_TRUE(order.Take(0, 9).empty());
  EXPECT_FALSE(order.Put(0, Row(2, "a", "b")));
}

TEST(RowOrderTest, EveryAccountSeesItsRowsInTheOrderOfTheInput) {
  constexpr std::size_t kThreads = 4;
  RowOrder order(kThreads);
  std::mutex mutex;
  std::map<std::string, std::uint64_t> last;  // guarded by mutex
  std::uint64_t taken = 0;                    // guarded by mutex
  std::uint64_t out_of_order = 0;             // guarded by mutex
  const auto note = [&](const std::string& account, std::uint64_t row) {
    if (account.empty()) return;
    if (last[account] >= row) ++out_of_order;
    last[account] = row;
  };
  std::vector<std::jthread> threads;
  for (std::size_t thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&, thread] {
      while (true) {
        const std::vector<Transaction> rows = order.Take(thread, 3);
        if (rows.empty()) return;
        {
          const std::scoped_lock lock(mutex);
          for (const Transaction& row : rows) {
            note(row.from, row.row);
            note(row.to, row.row);
            ++taken;
          }
        }
        order.Done(rows);
      }
    });
  }
  GeneratorOptions options;
  options.rows = 5000;
  options.accounts = 12;
  GeneratedSource source(options);
  Transaction row;
  while (*source.Next(row)) {
    const std::size_t thread = LaneOf(row) % kThreads;
    ASSERT_TRUE(order.Put(thread, row));
  }
  order.Close();
  threads.clear();
  EXPECT_EQ(taken, 5012U);
  EXPECT_EQ(out_of_order, 0U);
}

}  // namespace
}  // namespace ledger
