#include "examples/ledger/row_source.h"

#include <cerrno>
#include <system_error>
#include <utility>

#include "examples/ledger/csv.h"

namespace ledger {

namespace {

using tandem::Result;
using tandem::Status;

constexpr std::size_t kBadRowsKept = 100;
constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";  // spreadsheets write one

constexpr Cents kFirstDepositMax = 1'000'000;
constexpr Cents kTransferMax = 100'000;

std::string AccountName(std::uint64_t number) { return "a" + std::to_string(number); }

}  // namespace

void RowSource::NoteBadRow(std::uint64_t line, std::string what) {
  ++bad_rows_count_;
  if (bad_rows_.size() < kBadRowsKept) bad_rows_.push_back({line, std::move(what)});
}

CsvSource::CsvSource(std::filesystem::path path, std::ifstream file)
    : path_(std::move(path)), file_(std::move(file)) {}

Result<std::unique_ptr<CsvSource>> CsvSource::Open(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    return Status::IoError("can't read " + path.string() + ": " +
                           std::generic_category().message(errno));
  }
  std::unique_ptr<CsvSource> source(new CsvSource(path, std::move(file)));
  std::string header;
  source->NextLine(header);
  if (header.starts_with(kByteOrderMark)) header.erase(0, kByteOrderMark.size());
  const Status checked = CheckCsvHeader(header);
  if (!checked.ok()) return Status::InvalidArgument(path.string() + ": " + checked.message());
  return source;
}

bool CsvSource::NextLine(std::string& text) {
  if (!std::getline(file_, text)) return false;
  ++line_;
  if (text.ends_with('\r')) text.pop_back();
  return true;
}

Result<bool> CsvSource::Next(Transaction& row) {
  std::string text;
  while (NextLine(text)) {
    if (text.empty()) continue;
    Result<Transaction> parsed = ParseTransaction(text);
    if (!parsed.ok()) {
      NoteBadRow(line_, parsed.status().message());
    } else if (!ids_.insert(parsed->id).second) {
      NoteBadRow(line_, "the id '" + parsed->id + "' was used by a row before it");
    } else {
      row = *std::move(parsed);
      row.row = line_;
      return true;
    }
  }
  if (file_.bad()) return Status::IoError("can't read on in " + path_.string());
  return false;
}

GeneratedSource::GeneratedSource(const GeneratorOptions& options)
    : options_(options), random_(options.seed) {}

// The standard library's distributions differ from one to the other: plain remainders don't.
std::string GeneratedSource::RandomAccount() { return AccountName(random_() % options_.accounts); }

Result<bool> GeneratedSource::Next(Transaction& row) {
  if (given_ >= options_.accounts + options_.rows) return false;
  row = Transaction();
  row.row = ++given_;
  row.id = "t" + std::to_string(given_);
  if (given_ <= options_.accounts) {
    row.to = AccountName(given_ - 1);
    row.amount = 1 + static_cast<Cents>(random_() % kFirstDepositMax);
    row.memo = "first deposit";
    return true;
  }
  row.amount = 1 + static_cast<Cents>(random_() % kTransferMax);
  const std::uint64_t kind = random_() % 100;
  if (kind != 0) row.from = RandomAccount();
  if (kind != 1) {
    do {
      row.to = RandomAccount();
    } while (row.to == row.from);
  }
  return true;
}

}  // namespace ledger
