#pragma once

// How the ledger's values are stored: text that a person can read in any tool.
//
//   event      := kind TAB amount TAB id TAB other TAB memo
//   kind       := "in" | "out" | "not-enough" | "over-limit"
//   outcome    := verdict TAB row TAB amount TAB id TAB from TAB to
//   verdict    := "done" | "not-enough" | "over-limit"
//   snapshot   := "1" TAB balance TAB in TAB out TAB refused
//   checkpoint := row TAB id
//   counts     := messages TAB done TAB refused
//
// Numbers are decimal. No field has a control character (csv.h), so TAB parts them. An unknown kind
// or verdict is Corruption, as is a field too many: a new shape needs a new word, and an old one
// keeps its meaning. A snapshot of another version is no error, since it can be made anew.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <tandem/tandem.h>
#include "examples/ledger/account.h"
#include "examples/ledger/transaction.h"

namespace ledger {

std::string EncodeEvent(const AccountEvent& event);
tandem::Result<AccountEvent> DecodeEvent(std::string_view text);

// The message that tells the world. The memo stays with the accounts.
struct Outcome {
  Verdict verdict = Verdict::kDone;
  std::uint64_t row = 0;
  Cents amount = 0;
  std::string id;
  std::string from;
  std::string to;

  bool operator==(const Outcome&) const = default;
};

std::string EncodeOutcome(const Outcome& outcome);
tandem::Result<Outcome> DecodeOutcome(std::string_view text);

std::string EncodeSnapshot(const Account& account);
std::optional<Account> DecodeSnapshot(std::string_view text);

// How far a lane of the input has been decided.
struct Checkpoint {
  std::uint64_t row = 0;
  std::string id;  // of that row: tells whether an input is the one that was read before

  bool operator==(const Checkpoint&) const = default;
};

std::string EncodeCheckpoint(const Checkpoint& checkpoint);
tandem::Result<Checkpoint> DecodeCheckpoint(std::string_view text);

// What a projection has counted.
struct Counts {
  std::uint64_t messages = 0;
  std::uint64_t done = 0;
  std::uint64_t refused = 0;

  bool operator==(const Counts&) const = default;
};

std::string EncodeCounts(const Counts& counts);
tandem::Result<Counts> DecodeCounts(std::string_view text);

tandem::Result<Cents> DecodeCents(std::string_view text);

}  // namespace ledger
