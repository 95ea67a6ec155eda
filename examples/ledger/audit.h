#pragma once

// The audit: reads the whole store and compares it with the recount, account by account.

#include <cstdint>
#include <string>
#include <vector>

#include <tandem/tandem.h>
#include "examples/ledger/recount.h"

namespace ledger {

struct AuditReport {
  std::uint64_t accounts = 0;
  std::uint64_t events = 0;
  Cents total = 0;  // of all accounts
  std::uint64_t differences_count = 0;
  std::vector<std::string> differences;  // the first of them, a sentence each

  bool ok() const { return differences_count == 0; }
};

// Compares: what each account's events add up to; the same from its snapshot on; the total; the
// view; and that the store has no other events. REQUIRES: nobody writes to the store meanwhile
tandem::Result<AuditReport> Audit(tandem::Provider& store, const Recount& recount);

// How far the store's inbox and view have come.
struct Extents {
  Extent decided = {};
  Extent projected = {};
};
tandem::Result<Extents> ReadExtents(tandem::Provider& store);

}  // namespace ledger
