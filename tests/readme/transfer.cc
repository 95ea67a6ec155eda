// docs/event-sourcing.md: two aggregates, an inbox, an outbox and a snapshot in one batch.

#include <cstdio>
#include <filesystem>
#include <optional>
#include <sstream>
#include <string>
#include <utility>

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
const tandem::StreamId kInbox = "inbox";  // metadata "row": the last row of the input decided

// Decides the row after `last`. Conflict: an account or the inbox has moved; read, decide again.
Status Decide(tandem::Provider& store, const std::optional<std::string>& last, const Row& row) {
  TANDEM_ASSIGN_OR_RETURN(const Account payer, Load(store, row.from));
  TANDEM_ASSIGN_OR_RETURN(const Account receiver, Load(store, row.to));
  const std::string amount = std::to_string(row.amount);
  const bool enough = payer.balance >= row.amount;

  tandem::EnqueueOptions of_payer;
  of_payer.group = row.from;

  tandem::Batch batch;
  batch.CheckMetadata(kInbox, "row", last);
  batch.UpdateMetadata(kInbox, {{"row", std::to_string(row.number)}});
  if (enough) {
    batch.Append(row.from, "-" + amount, Expected::Exactly(payer.version));
    batch.Append(row.to, amount, Expected::Exactly(receiver.version));
  } else {
    batch.Append(row.from, "0 refused", Expected::Exactly(payer.version));
  }
  batch.Enqueue("transfers", (enough ? "done " : "refused ") + amount, of_payer);
  return store.AtomicBatch(std::move(batch)).status();
}
// event-sourcing: end

Status SaveSnapshot(tandem::Provider& store, const tandem::StreamId& account_id) {
  TANDEM_ASSIGN_OR_RETURN(const Account account, Load(store, account_id));
  tandem::Batch batch;
  batch.UpdateMetadata(account_id, {{"snapshot", std::to_string(account.balance) + " " +
                                                     std::to_string(account.version)}});
  return store.AtomicBatch(std::move(batch)).status();
}

Status Show(tandem::Provider& store, const std::string& name) {
  TANDEM_ASSIGN_OR_RETURN(const Account account, Load(store, name));
  std::printf("%s has %d at version %llu\n", name.c_str(), account.balance,
              static_cast<unsigned long long>(account.version));
  return Status::Ok();
}

Status Run(const std::filesystem::path& directory) {
  TANDEM_ASSIGN_OR_RETURN(const auto store,
                          tandem::OpenStore(directory, tandem::OpenMode::kCreateIfMissing));
  TANDEM_RETURN_IF_ERROR(store->Append("ann", "100").status());
  TANDEM_RETURN_IF_ERROR(Decide(*store, std::nullopt, {1, "ann", "bob", 70}));
  TANDEM_RETURN_IF_ERROR(SaveSnapshot(*store, "ann"));
  TANDEM_RETURN_IF_ERROR(Decide(*store, "1", {2, "ann", "bob", 31}));
  const Status again = Decide(*store, "1", {2, "ann", "bob", 31});
  std::printf("row 2 again: %s\n", std::string(tandem::StatusCodeName(again.code())).c_str());
  TANDEM_RETURN_IF_ERROR(Show(*store, "ann"));
  TANDEM_RETURN_IF_ERROR(Show(*store, "bob"));
  for (int i = 0; i < 2; ++i) {
    TANDEM_ASSIGN_OR_RETURN(const auto message, store->DequeueOne("transfers"));
    if (!message.has_value()) return Status::NotFound("no message");
    TANDEM_RETURN_IF_ERROR(store->Ack(message->lock_token));
    std::printf("%s\n", message->payload.c_str());
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
