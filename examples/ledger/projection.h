#pragma once

// The projection: a view of all accounts, made from the messages of the outbox alone. Messages only
// say what changes, so one that were lost or counted twice would show.
//
//   ("view", 0) metadata: "balance/<account>" -> cents
//                         "counts"            -> what has been taken in so far (codec.h)
//                         "lane/<nn>"         -> row of the lane's last message
//
// All of it moves in the batch that acknowledges the messages.

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <stop_token>
#include <string>
#include <unordered_map>
#include <vector>

#include <tandem/tandem.h>
#include "examples/ledger/codec.h"
#include "examples/ledger/transaction.h"

namespace ledger {

struct View {
  std::unordered_map<std::string, Cents> balances;
  Counts counts;
  std::array<std::uint64_t, kLanes> rows = {};  // of each lane's last message
};

tandem::Result<View> ReadView(tandem::Provider& store);

// For one thread; the only one that writes the view, which each batch demands.
class Projection {
 public:
  static tandem::Result<Projection> Open(tandem::Provider& store, tandem::Durability durability);

  // Takes messages of one lane, waiting as the options say, and commits what they mean. The number
  // of messages; 0 when there were none.
  tandem::Result<std::size_t> Step(const tandem::DequeueOptions& options);

  const View& view() const { return view_; }

 private:
  Projection(tandem::Provider& store, tandem::Durability durability, View view);

  // What the messages of one delivery change.
  struct Change {
    std::map<std::string, Cents> balances;
    Counts counts;
    std::size_t lane = 0;
    std::uint64_t row = 0;
  };
  tandem::Result<Change> ChangeOf(const std::vector<tandem::Delivery>& messages) const;
  tandem::Status Commit(const tandem::LockToken& token, const Change& change);
  Cents BalanceOf(const std::string& account) const;

  tandem::Provider* store_;
  tandem::Durability durability_;
  View view_;
};

}  // namespace ledger
