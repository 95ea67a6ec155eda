#pragma once

// The plain recount: what must come out, made from the input alone, by one loop over it. It knows
// no store, and shares no code with the tellers or the projection.

#include <array>
#include <cstdint>
#include <limits>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include <tandem/tandem.h>
#include "examples/ledger/account.h"
#include "examples/ledger/codec.h"
#include "examples/ledger/row_source.h"
#include "examples/ledger/transaction.h"

namespace ledger {

// Up to which row of each lane to count. Since every account sees its rows in order, also what a
// killed process leaves behind is a recount: of the rows up to the checkpoints.
using Extent = std::array<std::uint64_t, kLanes>;
Extent Everything();

struct Recount {
  std::uint64_t rows = 0;  // in the input, whatever the extent
  std::uint64_t done = 0;
  std::uint64_t refused = 0;
  Cents deposited = 0;  // less what was withdrawn: the total of all accounts
  std::unordered_map<std::string, Account> accounts;

  Counts counts;  // what the projection has taken in
  std::unordered_map<std::string, Cents> view;

  std::vector<BadRow> bad_rows;  // the first of them
  std::uint64_t bad_rows_count = 0;
};

// `decided` for the accounts; `projected`, which is not beyond it, for the view.
tandem::Result<Recount> CountAgain(RowSource& source, const Extent& decided,
                                   const Extent& projected);

}  // namespace ledger
