#include "examples/ledger/account.h"

namespace ledger {

void Fold(Account& account, const AccountEvent& event) {
  switch (event.kind) {
    case EventKind::kIn:
      account.balance += event.amount;
      ++account.in;
      return;
    case EventKind::kOut:
      account.balance -= event.amount;
      ++account.out;
      return;
    case EventKind::kNotEnough:
    case EventKind::kOverLimit:
      ++account.refused;
      return;
  }
}

Verdict Decide(const Account* payer, const Account* receiver, Cents amount) {
  if (payer != nullptr && payer->balance < amount) return Verdict::kNotEnough;
  if (receiver != nullptr && receiver->balance > kBalanceMax - amount) return Verdict::kOverLimit;
  return Verdict::kDone;
}

AccountEvent PaidEvent(const Transaction& row) {
  return {EventKind::kOut, row.amount, row.id, row.to, row.memo};
}

AccountEvent ReceivedEvent(const Transaction& row) {
  return {EventKind::kIn, row.amount, row.id, row.from, row.memo};
}

AccountEvent RefusedEvent(const Transaction& row, Verdict verdict) {
  const EventKind kind =
      verdict == Verdict::kNotEnough ? EventKind::kNotEnough : EventKind::kOverLimit;
  return {kind, row.amount, row.id, row.from.empty() ? row.from : row.to, row.memo};
}

}  // namespace ledger
