#include "examples/ledger/recount.h"

namespace ledger {

namespace {

// Whether the transaction is done.
bool CountRow(const Transaction& row, Recount& recount) {
  // References into the map stay good when it grows.
  Account* const payer = row.from.empty() ? nullptr : &recount.accounts[row.from];
  Account* const receiver = row.to.empty() ? nullptr : &recount.accounts[row.to];
  if ((payer != nullptr && payer->balance < row.amount) ||
      (receiver != nullptr && receiver->balance + row.amount > kBalanceMax)) {
    ++(payer != nullptr ? payer : receiver)->refused;
    ++recount.refused;
    return false;
  }
  if (payer != nullptr) {
    payer->balance -= row.amount;
    ++payer->out;
  } else {
    recount.deposited += row.amount;
  }
  if (receiver != nullptr) {
    receiver->balance += row.amount;
    ++receiver->in;
  } else {
    recount.deposited -= row.amount;
  }
  ++recount.done;
  return true;
}

void CountForView(const Transaction& row, bool done, Recount& recount) {
  ++recount.counts.messages;
  ++(done ? recount.counts.done : recount.counts.refused);
  if (!done) return;
  if (!row.from.empty()) recount.view[row.from] -= row.amount;
  if (!row.to.empty()) recount.view[row.to] += row.amount;
}

}  // namespace

Extent Everything() {
  Extent extent;
  extent.fill(std::numeric_limits<std::uint64_t>::max());
  return extent;
}

tandem::Result<Recount> CountAgain(RowSource& source, const Extent& decided,
                                   const Extent& projected) {
  Recount recount;
  Transaction row;
  while (true) {
    TANDEM_ASSIGN_OR_RETURN(const bool more, source.Next(row));
    if (!more) break;
    ++recount.rows;
    const std::size_t lane = LaneOf(row);
    if (row.row > decided[lane]) continue;
    const bool done = CountRow(row, recount);
    if (row.row <= projected[lane]) CountForView(row, done, recount);
  }
  // An account that was only asked for, and has no fact of its own, does not exist.
  std::erase_if(recount.accounts, [](const auto& entry) { return entry.second.version() == 0; });
  recount.bad_rows = source.bad_rows();
  recount.bad_rows_count = source.bad_rows_count();
  return recount;
}

}  // namespace ledger
