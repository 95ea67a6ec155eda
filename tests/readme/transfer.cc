// docs/event-sourcing.md: two aggregates, an inbox, an outbox and a snapshot in one batch.

#include <cstdio>
#include <filesystem>
#include <optional>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include <tandem/tandem.h>
#include "tandem/tests/support/temporary_directory.h"

namespace {

using tandem::Expected;
using tandem::Result;
using tandem::Status;

struct Row {
  int number = 0;
  std::string from, to;
  int amount = 0;
};

struct Account {
  int balance = 0;
  tandem::Version version = 0;
};

Result<Account> Load(tandem::Provider& store, const tandem::StreamId& account_id) {
  // event-sourcing: begin
  Account account;  // a snapshot is "balance version"; without one everything starts at 0
  TANDEM_ASSIGN_OR_RETURN(const auto saved, store.GetMetadata(account_id, "snapshot"));
  if (saved.has_value()) std::istringstream(*saved) >> account.balance >> account.version;
  tandem::ReadOptions options;
  options.from = account.version + 1;  // and fold what follows, page by page
  // event-sourcing: end
  while (true) {
    TANDEM_ASSIGN_OR_RETURN(const auto page, store.Read(account_id, options));
    if (page.events.empty()) return account;
    for (const tandem::Event& event : page.events) account.balance += std::stoi(event.payload);
    account.version = page.next - 1;
    options.from = page.next;
  }
}

// event-sourcing: begin
const tandem::StreamId kInbox{"inbox", 0};  // metadata "row": the last row of the input decided

// Decides the row after `last`. Conflict: an account or the inbox has moved; read, decide again.
Status Decide(tandem::Provider& store, const std::optional<std::string>& last, const Row& row) {
  const tandem::StreamId from{row.from, 0};
  const tandem::StreamId to{row.to, 0};
  TANDEM_ASSIGN_OR_RETURN(const Account payer, Load(store, from));
  TANDEM_ASSIGN_OR_RETURN(const Account receiver, Load(store, to));
  const std::string amount = std::to_string(row.amount);
  const bool enough = payer.balance >= row.amount;

  std::vector<tandem::Operation> batch;
  batch.push_back(tandem::CheckMetadata{kInbox, "row", last});
  batch.push_back(tandem::UpdateMetadata{kInbox, {{"row", std::to_string(row.number)}}, {}});
  if (enough) {
    batch.push_back(tandem::AppendEvents(from, {"-" + amount}, Expected::Exactly(payer.version)));
    batch.push_back(tandem::AppendEvents(to, {amount}, Expected::Exactly(receiver.version)));
  } else {
    batch.push_back(tandem::AppendEvents(from, {"0 refused"}, Expected::Exactly(payer.version)));
  }
  tandem::Enqueue message{"transfers", (enough ? "done " : "refused ") + amount, {}};
  message.options.group = row.from;
  batch.push_back(std::move(message));
  return store.AtomicBatch(std::move(batch)).status();
}
// event-sourcing: end

Status SaveSnapshot(tandem::Provider& store, const tandem::StreamId& account_id) {
  TANDEM_ASSIGN_OR_RETURN(const Account account, Load(store, account_id));
  tandem::UpdateMetadata update;
  update.stream = account_id;
  update.set["snapshot"] = std::to_string(account.balance) + " " + std::to_string(account.version);
  return store.AtomicBatch({update}).status();
}

Status Show(tandem::Provider& store, const std::string& name) {
  TANDEM_ASSIGN_OR_RETURN(const Account account, Load(store, {name, 0}));
  std::printf("%s has %d at version %llu\n", name.c_str(), account.balance,
              static_cast<unsigned long long>(account.version));
  return Status::Ok();
}

Status Run(const std::filesystem::path& directory) {
  TANDEM_ASSIGN_OR_RETURN(const auto store, tandem::RocksDbProvider::Open(directory));
  TANDEM_RETURN_IF_ERROR(store->Append({"ann", 0}, {"100"}).status());
  TANDEM_RETURN_IF_ERROR(Decide(*store, std::nullopt, {1, "ann", "bob", 70}));
  TANDEM_RETURN_IF_ERROR(SaveSnapshot(*store, {"ann", 0}));
  TANDEM_RETURN_IF_ERROR(Decide(*store, "1", {2, "ann", "bob", 31}));
  const Status again = Decide(*store, "1", {2, "ann", "bob", 31});
  std::printf("row 2 again: %s\n", std::string(tandem::StatusCodeName(again.code())).c_str());
  TANDEM_RETURN_IF_ERROR(Show(*store, "ann"));
  TANDEM_RETURN_IF_ERROR(Show(*store, "bob"));
  for (int i = 0; i < 2; ++i) {
    TANDEM_ASSIGN_OR_RETURN(const auto messages, store->Dequeue("transfers"));
    TANDEM_RETURN_IF_ERROR(store->Ack(messages.front().lock_token));
    std::printf("%s\n", messages.front().payload.c_str());
  }
  return Status::Ok();
}

}  // namespace

int main() {
  const tandem::testing::TemporaryDirectory directory;
  const Status status = Run(directory.path());
  if (!status.ok()) std::printf("%s\n", status.ToString().c_str());
  return status.ok() ? 0 : 1;
}
