// README, event sourcing: a decision with an outbox message, and a consumer with a projection.

#include <cstdio>
#include <filesystem>
#include <string>
#include <utility>

#include <tandem/tandem.h>
#include "tandem/tests/support/temporary_directory.h"

namespace {

using tandem::Result;
using tandem::Status;

// README: begin
const tandem::StreamId kBalances = "balances";  // the projection: account -> balance

struct Account {
  int balance = 0;
  tandem::Version version = 0;
};

Result<Account> Load(tandem::Provider& store, const std::string& id) {
  Account account;
  tandem::ReadOptions page_options;
  while (true) {
    page_options.from = account.version + 1;
    TANDEM_ASSIGN_OR_RETURN(const auto page, store.Read(id, page_options));
    if (page.events.empty()) return account;
    for (const tandem::Event& event : page.events) account.balance += std::stoi(event.payload);
    account.version = page.next - 1;
  }
}

// Decides on what it has read, and only on that: Conflict if another was faster; then call again.
Status Move(tandem::Provider& store, const std::string& id, int amount) {
  TANDEM_ASSIGN_OR_RETURN(const Account account, Load(store, id));
  const int balance = account.balance + amount;
  if (balance < 0) return Status::InvalidArgument("not enough in " + id);
  tandem::EnqueueOptions of_account;
  of_account.group = id;  // the messages of one account come in order, to one consumer
  tandem::Batch batch;
  batch.Append(id, std::to_string(amount), tandem::Expected::Exactly(account.version));
  batch.Enqueue("changed", std::to_string(balance), of_account);
  return store.AtomicBatch(std::move(batch)).status();
}

// The acknowledgement and its effect are one batch: each message counts once, whoever dies when.
Result<bool> ProjectOne(tandem::Provider& store) {
  TANDEM_ASSIGN_OR_RETURN(const auto message, store.DequeueOne("changed"));
  if (!message.has_value()) return false;
  tandem::Batch batch;
  batch.Ack(message->lock_token);
  batch.UpdateMetadata(kBalances, {{message->group, message->payload}});
  TANDEM_RETURN_IF_ERROR(store.AtomicBatch(std::move(batch)).status());
  return true;
}
// README: end

Status Run(const std::filesystem::path& directory) {
  TANDEM_ASSIGN_OR_RETURN(const auto store,
                          tandem::OpenStore(directory, tandem::OpenMode::kCreateIfMissing));
  TANDEM_RETURN_IF_ERROR(Move(*store, "ann", 100));
  TANDEM_RETURN_IF_ERROR(Move(*store, "bob", 5));
  TANDEM_RETURN_IF_ERROR(Move(*store, "ann", -30));
  const Status refused = Move(*store, "bob", -6);
  std::printf("%s\n", refused.ToString().c_str());
  int projected = 0;
  while (true) {
    TANDEM_ASSIGN_OR_RETURN(const bool more, ProjectOne(*store));
    if (!more) break;
    ++projected;
  }
  std::printf("%d messages\n", projected);
  TANDEM_ASSIGN_OR_RETURN(const auto balances, store->ReadMetadata(kBalances, {}));
  for (const auto& [account, balance] : balances.entries) {
    std::printf("%s has %s\n", account.c_str(), balance.c_str());
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
