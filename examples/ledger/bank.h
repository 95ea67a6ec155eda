#pragma once

// Runs the ledger: a reader passes the input's rows to tellers in threads of their own, and a
// projection takes in what they send. Work that a process left undone when it died, the next one
// does.

#include <cstddef>
#include <cstdint>
#include <functional>

#include <tandem/tandem.h>
#include "examples/ledger/row_source.h"
#include "examples/ledger/teller.h"

namespace ledger {

struct BankOptions {
  std::size_t threads = 16;        // tellers; at most kLanes
  std::size_t rows_per_batch = 1;  // of one teller, decided and committed together
  TellerOptions teller;
};

// Since the start of this process, except where told.
struct BankProgress {
  std::uint64_t rows_found = 0;    // read from the input, and decided by an earlier process
  std::uint64_t rows_decided = 0;  // by this one
  std::uint64_t projected = 0;     // messages taken in since the store was made
};

struct BankStats {
  TellerStats tellers;  // all together
  std::uint64_t projection_batches = 0;
};

// Decides every row of `source` that has not been decided, and takes in every message; blocks until
// then. Calls `on_progress` now and then, in the calling thread. The first error ends it.
tandem::Result<BankStats> RunBank(tandem::Provider& store, RowSource& source,
                                  const BankOptions& options,
                                  const std::function<void(const BankProgress&)>& on_progress);

}  // namespace ledger
