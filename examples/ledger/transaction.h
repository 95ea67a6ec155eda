#pragma once

// A transaction: money that goes from one account to another, or comes from outside (a deposit:
// `from` is empty), or goes there (a withdrawal: `to` is empty). The decision about one is
// an Outcome.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace ledger {

using Cents = std::int64_t;

constexpr Cents kAmountMax = 1'000'000'000'000;           // of one transaction
constexpr Cents kBalanceMax = 1'000'000'000'000'000'000;  // of one account
constexpr std::size_t kNameBytesMax = 256;                // of an account or a transaction's id
constexpr std::size_t kMemoBytesMax = 4096;

struct Transaction {
  std::uint64_t row = 0;  // its place in the input: grows, and names it there
  std::string id;
  std::string from;
  std::string to;
  Cents amount = 0;
  std::string memo;

  // The account on which a refusal is recorded: the one that pays, else the one that receives.
  const std::string& Owner() const { return from.empty() ? to : from; }

  bool operator==(const Transaction&) const = default;
};

enum class Verdict {
  kDone,
  kNotEnough,  // refused: the payer has less than the amount
  kOverLimit,  // refused: the receiver would have more than kBalanceMax
};

// Rows of one owner are decided in the order of the input. Owners are spread over lanes, of which
// each has a checkpoint; their number is part of what is stored.
constexpr std::size_t kLanes = 64;
std::size_t LaneOf(const Transaction& row);
std::string LaneName(std::size_t lane);  // "07"

}  // namespace ledger
