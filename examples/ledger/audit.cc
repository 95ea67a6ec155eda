#include "examples/ledger/audit.h"

#include <cstddef>
#include <unordered_map>
#include <utility>

#include "examples/ledger/accounts.h"
#include "examples/ledger/inbox.h"
#include "examples/ledger/projection.h"

namespace ledger {

namespace {

using tandem::Result;
using tandem::Status;

constexpr std::size_t kDifferencesKept = 20;

void Note(std::string difference, AuditReport& report) {
  if (++report.differences_count <= kDifferencesKept) {
    report.differences.push_back(std::move(difference));
  }
}

std::string Describe(const Account& account) {
  return std::to_string(account.balance) + " cents, " + std::to_string(account.in) + " in, " +
         std::to_string(account.out) + " out, " + std::to_string(account.refused) + " refused";
}
std::string Describe(Cents cents) { return std::to_string(cents) + " cents"; }
std::string Describe(const Counts& counts) {
  return std::to_string(counts.messages) + " messages, " + std::to_string(counts.done) + " done, " +
         std::to_string(counts.refused) + " refused";
}

template <typename Value>
void Compare(const std::string& what, const Value& found, const Value& counted,
             AuditReport& report) {
  if (found == counted) return;
  Note(what + " has " + Describe(found) + "; the recount: " + Describe(counted), report);
}

// Also values that only one side has; none is the same as zero.
template <typename Value>
void CompareAll(const std::string& what, const std::unordered_map<std::string, Value>& found,
                const std::unordered_map<std::string, Value>& counted, AuditReport& report) {
  for (const auto& [name, value] : counted) {
    const auto match = found.find(name);
    Compare(what + name, match == found.end() ? Value() : match->second, value, report);
  }
  for (const auto& [name, value] : found) {
    if (!counted.contains(name)) Compare(what + name, value, Value(), report);
  }
}

// All events of an account, from the first on: what counts, whatever a snapshot says.
Result<Account> FoldAll(tandem::Provider& store, const std::string& name) {
  Account account;
  tandem::ReadOptions options;
  options.from = 1;
  while (true) {
    TANDEM_ASSIGN_OR_RETURN(const auto page, store.Read(AccountStream(name), options));
    for (const tandem::Event& event : page.events) {
      TANDEM_ASSIGN_OR_RETURN(const AccountEvent fact, DecodeEvent(event.payload));
      Fold(account, fact);
    }
    if (page.next > page.head) return account;
    options.from = page.next;
  }
}

Status AuditAccount(tandem::Provider& store, const std::string& name, const Account& counted,
                    AuditReport& report) {
  TANDEM_ASSIGN_OR_RETURN(const Account account, FoldAll(store, name));
  Compare("account " + name, account, counted, report);
  TANDEM_ASSIGN_OR_RETURN(const Account loaded, LoadAccount(store, name));
  Compare("account " + name + ", from its snapshot on,", loaded, account, report);
  ++report.accounts;
  report.events += account.version();
  report.total += account.balance;
  return Status::Ok();
}

// Positions count the events of the whole store. So if none is beyond as many as the accounts have,
// there is no event besides theirs.
Status AuditRest(tandem::Provider& store, AuditReport& report) {
  tandem::FeedOptions options;
  options.limit = 1;
  TANDEM_ASSIGN_OR_RETURN(const auto page, store.ReadAll(report.events, options));
  if (!page.events.empty()) {
    Note("there are events besides those of the accounts that the recount knows", report);
  }
  return Status::Ok();
}

}  // namespace

Result<AuditReport> Audit(tandem::Provider& store, const Recount& recount) {
  AuditReport report;
  for (const auto& [name, counted] : recount.accounts) {
    TANDEM_RETURN_IF_ERROR(AuditAccount(store, name, counted, report));
  }
  TANDEM_RETURN_IF_ERROR(AuditRest(store, report));
  Compare("all accounts together", report.total, recount.deposited, report);
  TANDEM_ASSIGN_OR_RETURN(const View view, ReadView(store));
  CompareAll("the view of ", view.balances, recount.view, report);
  Compare("the view", view.counts, recount.counts, report);
  return report;
}

Result<Extents> ReadExtents(tandem::Provider& store) {
  Extents extents;
  TANDEM_ASSIGN_OR_RETURN(const Inbox inbox, ReadInbox(store));
  TANDEM_ASSIGN_OR_RETURN(const View view, ReadView(store));
  for (std::size_t lane = 0; lane < kLanes; ++lane) {
    if (inbox[lane].has_value()) extents.decided[lane] = inbox[lane]->row;
  }
  extents.projected = view.rows;
  return extents;
}

}  // namespace ledger
