#pragma once

// The aggregate: an account is what its events say. No store in here: decisions and folding are
// plain functions of values.

#include <cstdint>
#include <string>

#include "examples/ledger/transaction.h"

namespace ledger {

enum class EventKind { kIn, kOut, kNotEnough, kOverLimit };

// A fact about one account. A transfer that is done is two of them, in one batch; a refused one is
// a fact as well, about its owner.
struct AccountEvent {
  EventKind kind = EventKind::kIn;
  Cents amount = 0;
  std::string id;     // of the transaction
  std::string other;  // the account at the other end; empty = outside
  std::string memo;

  bool operator==(const AccountEvent&) const = default;
};

struct Account {
  Cents balance = 0;
  std::uint64_t in = 0;       // transactions that brought money
  std::uint64_t out = 0;      // that took some
  std::uint64_t refused = 0;  // that were refused

  // How many events it was folded from, which is the version of its stream.
  std::uint64_t version() const { return in + out + refused; }

  bool operator==(const Account&) const = default;
};

// The account after one more event.
void Fold(Account& account, const AccountEvent& event);

// `payer` and `receiver` may be null, for outside.
Verdict Decide(const Account* payer, const Account* receiver, Cents amount);

// What a verdict means for the account that pays, that receives, and that owns a refused one.
AccountEvent PaidEvent(const Transaction& row);
AccountEvent ReceivedEvent(const Transaction& row);
AccountEvent RefusedEvent(const Transaction& row, Verdict verdict);

}  // namespace ledger
