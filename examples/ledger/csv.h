#pragma once

// Transactions as CSV:
//
//   file   := header line*
//   header := "id,from,to,amount_cents" [",memo"]
//   line   := id "," from "," to "," amount ["," memo]
//
// A field may stand in double quotes, a quote in it is doubled; a line is one transaction, so a
// field has no line break. Lines end with LF or CRLF, empty ones are passed over. Names have no
// control characters. The amount is a positive whole number of cents. Without `from` it is a
// deposit, without `to` a withdrawal.

#include <string>
#include <string_view>
#include <vector>

#include <tandem/tandem.h>
#include "examples/ledger/transaction.h"

namespace ledger {

inline constexpr std::string_view kCsvHeader = "id,from,to,amount_cents,memo";

// The fields of a line. InvalidArgument for quotes that don't match.
tandem::Result<std::vector<std::string>> SplitCsv(std::string_view line);

// InvalidArgument, saying what is wrong and what was expected. The row's number is not set.
tandem::Result<Transaction> ParseTransaction(std::string_view line);

tandem::Status CheckCsvHeader(std::string_view line);

// The line of a transaction, without its end.
std::string CsvLine(const Transaction& row);

}  // namespace ledger
