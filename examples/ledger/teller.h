#pragma once

// A teller decides transactions and commits what follows, in one batch: the events of the accounts
// on exactly the versions that it has read, the message of each outcome, the inbox's checkpoints.

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <tandem/tandem.h>
#include "examples/ledger/accounts.h"
#include "examples/ledger/inbox.h"
#include "examples/ledger/transaction.h"

namespace ledger {

// Outcomes, for whoever wants to know: grouped by lane, so in order for each account that pays.
inline constexpr std::string_view kOutbox = "transfers";

struct TellerOptions {
  tandem::Durability durability = tandem::Durability::kSync;
  std::uint64_t snapshot_every = 100;  // events of an account
};

struct TellerStats {
  std::uint64_t done = 0;
  std::uint64_t refused = 0;
  std::uint64_t batches = 0;
  std::uint64_t conflicts = 0;  // decisions made again, because an account had moved meanwhile
};

// For one thread. Tellers of the same store share the cache, and no lane.
class Teller {
 public:
  Teller(tandem::Provider& store, AccountCache& accounts, Inbox inbox, const TellerOptions& options)
      : store_(store), accounts_(accounts), options_(options), inbox_(std::move(inbox)) {}

  // Decides the rows one after the other; all of it is committed, or nothing. Where an account is
  // not as it was read, reads it again and decides again. Conflict: somebody else moves the inbox.
  tandem::Status Apply(std::span<const Transaction> rows);

  const TellerStats& stats() const { return stats_; }

 private:
  struct Touched {
    tandem::Version version = 0;  // as read
    Account account;              // as it will be
    std::vector<std::string> events;
  };
  struct Draft {
    std::map<std::string, Touched> accounts;
    std::map<std::size_t, Checkpoint> lanes;
    tandem::Batch messages;
    std::uint64_t done = 0;
    std::uint64_t refused = 0;
  };

  tandem::Status DecideRow(const Transaction& row, Draft& draft);
  tandem::Result<Touched*> Touch(const std::string& name, Draft& draft);
  tandem::Batch OperationsOf(Draft& draft) const;
  void AddAccount(const std::string& name, Touched& touched, tandem::Batch& batch) const;
  void Committed(const Draft& draft);

  tandem::Provider& store_;
  AccountCache& accounts_;
  const TellerOptions options_;
  Inbox inbox_;
  TellerStats stats_;
};

}  // namespace ledger
