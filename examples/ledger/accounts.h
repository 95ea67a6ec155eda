#pragma once

// Accounts in the store: the stream ("account/<name>", 0) has their events; its metadata has a
// snapshot, so that a new process need not fold from the first event on. A cache keeps what has
// been folded. Neither is trusted: who decides on a state demands its version in the batch.

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include <tandem/base/guarded.h>
#include <tandem/tandem.h>
#include "examples/ledger/account.h"

namespace ledger {

inline constexpr std::string_view kAccountPrefix = "account/";
inline constexpr std::string_view kSnapshotKey = "snapshot";

tandem::StreamId AccountStream(const std::string& name);

// The snapshot, if there is a readable one, and all events after it.
tandem::Result<Account> LoadAccount(tandem::Provider& store, const std::string& name);

// Thread-safe. Holds every account that was asked for: some 100 bytes each.
class AccountCache {
 public:
  explicit AccountCache(tandem::Provider& store) : store_(store) {}

  tandem::Result<Account> Get(const std::string& name);
  void Keep(const std::string& name, const Account& account);  // what was committed
  void Forget(const std::string& name);                        // it was not up to date

 private:
  using Shard = tandem::Guarded<std::unordered_map<std::string, Account>>;
  Shard& ShardOf(const std::string& name);

  tandem::Provider& store_;
  std::array<Shard, 32> shards_;
};

}  // namespace ledger
