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
constexpr std::size_t kFeedPage = 10'000;

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

// Every event of the store, in commit order.
Result<std::unordered_map<std::string, Account>> FoldFeed(tandem::Provider& store,
                                                          AuditReport& report) {
  std::unordered_map<std::string, Account> accounts;
  tandem::FeedOptions options;
  options.limit = kFeedPage;
  tandem::Position after = 0;
  while (true) {
    TANDEM_ASSIGN_OR_RETURN(const tandem::FeedPage page, store.ReadAll(after, options));
    if (page.events.empty()) return accounts;
    after = page.next;
    for (const auto& [stream, event] : page.events) {
      ++report.events;
      if (!stream.entity.starts_with(kAccountPrefix)) {
        Note("there is an event of '" + stream.entity + "', which is no account", report);
        continue;
      }
      TANDEM_ASSIGN_OR_RETURN(const AccountEvent fact, DecodeEvent(event.payload));
      Fold(accounts[stream.entity.substr(kAccountPrefix.size())], fact);
    }
  }
}

}  // namespace

Result<AuditReport> Audit(tandem::Provider& store, const Recount& recount) {
  AuditReport report;
  TANDEM_ASSIGN_OR_RETURN(const auto accounts, FoldFeed(store, report));
  report.accounts = accounts.size();
  CompareAll("account ", accounts, recount.accounts, report);
  for (const auto& [name, account] : accounts) {
    report.total += account.balance;
    TANDEM_ASSIGN_OR_RETURN(const Account loaded, LoadAccount(store, name));
    Compare("account " + name + ", from its snapshot on,", loaded, account, report);
  }
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
