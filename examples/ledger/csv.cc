#include "examples/ledger/csv.h"

#include <algorithm>
#include <charconv>
#include <cstddef>

namespace ledger {

namespace {

using tandem::Result;
using tandem::Status;

// Takes a quoted field, its opening quote gone already, from the front of `rest`.
Result<std::string> TakeQuoted(std::string_view& rest) {
  std::string field;
  while (true) {
    const std::size_t quote = rest.find('"');
    if (quote == std::string_view::npos) {
      return Status::InvalidArgument("a quote is opened and not closed on its line");
    }
    field += rest.substr(0, quote);
    rest.remove_prefix(quote + 1);
    if (!rest.starts_with('"')) break;
    field += '"';
    rest.remove_prefix(1);
  }
  if (!rest.empty() && !rest.starts_with(',')) {
    return Status::InvalidArgument("something stands between a closing quote and the comma");
  }
  return field;
}

Result<std::string> TakePlain(std::string_view& rest) {
  const std::string_view field = rest.substr(0, rest.find(','));
  if (field.find('"') != std::string_view::npos) {
    return Status::InvalidArgument("a quote inside of a field that is not in quotes");
  }
  rest.remove_prefix(field.size());
  return std::string(field);
}

bool IsControl(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

// `what` names the field in the message.
Status CheckField(std::string_view what, std::string_view field, std::size_t bytes_max) {
  if (field.size() > bytes_max) {
    return Status::InvalidArgument(std::string(what) + " is longer than " +
                                   std::to_string(bytes_max) + " bytes");
  }
  if (std::ranges::any_of(field, IsControl)) {
    return Status::InvalidArgument(std::string(what) + " has a control character");
  }
  return Status::Ok();
}

Result<Cents> ParseAmount(std::string_view text) {
  Cents amount = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), amount);
  if (error != std::errc() || end != text.data() + text.size() || amount <= 0 ||
      amount > kAmountMax) {
    return Status::InvalidArgument("amount_cents is '" + std::string(text.substr(0, 40)) +
                                   "', and not a whole number from 1 to " +
                                   std::to_string(kAmountMax));
  }
  return amount;
}

std::string Quoted(const std::string& field) {
  if (field.find_first_of(",\"") == std::string::npos) return field;
  std::string quoted = "\"";
  for (const char c : field) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + "\"";
}

}  // namespace

Result<std::vector<std::string>> SplitCsv(std::string_view line) {
  std::vector<std::string> fields;
  while (true) {
    const bool quoted = line.starts_with('"');
    if (quoted) line.remove_prefix(1);
    TANDEM_ASSIGN_OR_RETURN(std::string field, quoted ? TakeQuoted(line) : TakePlain(line));
    fields.push_back(std::move(field));
    if (line.empty()) return fields;
    line.remove_prefix(1);
  }
}

Result<Transaction> ParseTransaction(std::string_view line) {
  TANDEM_ASSIGN_OR_RETURN(const std::vector<std::string> fields, SplitCsv(line));
  if (fields.size() != 4 && fields.size() != 5) {
    return Status::InvalidArgument("it has " + std::to_string(fields.size()) +
                                   " fields, and not 4 or 5");
  }
  Transaction row;
  row.id = fields[0];
  row.from = fields[1];
  row.to = fields[2];
  if (fields.size() == 5) row.memo = fields[4];
  TANDEM_RETURN_IF_ERROR(CheckField("id", row.id, kNameBytesMax));
  TANDEM_RETURN_IF_ERROR(CheckField("from", row.from, kNameBytesMax));
  TANDEM_RETURN_IF_ERROR(CheckField("to", row.to, kNameBytesMax));
  TANDEM_RETURN_IF_ERROR(CheckField("memo", row.memo, kMemoBytesMax));
  TANDEM_ASSIGN_OR_RETURN(row.amount, ParseAmount(fields[3]));
  if (row.id.empty()) return Status::InvalidArgument("it has no id");
  if (row.from.empty() && row.to.empty()) {
    return Status::InvalidArgument("it has neither from nor to");
  }
  if (row.from == row.to) return Status::InvalidArgument("from and to are the same account");
  return row;
}

Status CheckCsvHeader(std::string_view line) {
  if (line == kCsvHeader || line == "id,from,to,amount_cents") return Status::Ok();
  return Status::InvalidArgument("the first line is not the header '" + std::string(kCsvHeader) +
                                 "' (memo may be left away)");
}

std::string CsvLine(const Transaction& row) {
  return Quoted(row.id) + "," + Quoted(row.from) + "," + Quoted(row.to) + "," +
         std::to_string(row.amount) + "," + Quoted(row.memo);
}

}  // namespace ledger
