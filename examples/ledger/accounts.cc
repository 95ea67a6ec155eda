#include "examples/ledger/accounts.h"

#include <functional>
#include <utility>

#include "examples/ledger/codec.h"

namespace ledger {

namespace {

using tandem::Result;

Result<Account> LoadSnapshot(tandem::Provider& store, const tandem::StreamId& stream) {
  TANDEM_ASSIGN_OR_RETURN(const auto snapshot, store.GetMetadata(stream, kSnapshotKey));
  if (!snapshot.has_value()) return Account();
  return DecodeSnapshot(*snapshot).value_or(Account());
}

}  // namespace

tandem::StreamId AccountStream(const std::string& name) {
  return {std::string(kAccountPrefix) + name, 0};
}

Result<Account> LoadAccount(tandem::Provider& store, const std::string& name) {
  const tandem::StreamId stream = AccountStream(name);
  TANDEM_ASSIGN_OR_RETURN(Account account, LoadSnapshot(store, stream));
  tandem::ReadOptions options;
  while (true) {
    options.from = account.version() + 1;
    TANDEM_ASSIGN_OR_RETURN(const tandem::EventPage page, store.Read(stream, options));
    for (const tandem::Event& event : page.events) {
      TANDEM_ASSIGN_OR_RETURN(const AccountEvent fact, DecodeEvent(event.payload));
      Fold(account, fact);
    }
    if (account.version() >= page.head) return account;
  }
}

AccountCache::Shard& AccountCache::ShardOf(const std::string& name) {
  return shards_[std::hash<std::string>()(name) % shards_.size()];
}

Result<Account> AccountCache::Get(const std::string& name) {
  Shard& shard = ShardOf(name);
  {
    const auto known = shard.Lock();
    const auto found = known->find(name);
    if (found != known->end()) return found->second;
  }
  TANDEM_ASSIGN_OR_RETURN(const Account account, LoadAccount(store_, name));
  shard.Lock()->insert_or_assign(name, account);
  return account;
}

void AccountCache::Keep(const std::string& name, const Account& account) {
  ShardOf(name).Lock()->insert_or_assign(name, account);
}

void AccountCache::Forget(const std::string& name) { ShardOf(name).Lock()->erase(name); }

}  // namespace ledger
