#pragma once

// Where transactions come from: a CSV file, or a generator. Reading the same source again gives the
// same rows with the same numbers; the ledger can be killed and started again because of that.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <memory>
#include <random>
#include <string>
#include <unordered_set>
#include <vector>

#include <tandem/tandem.h>
#include "examples/ledger/transaction.h"

namespace ledger {

struct BadRow {
  std::uint64_t line = 0;
  std::string what;
};

class RowSource {
 public:
  virtual ~RowSource() = default;

  // The next transaction, or false at the end. Bad rows are passed over. Errors: IoError.
  virtual tandem::Result<bool> Next(Transaction& row) = 0;

  // Those met so far; the first of many.
  const std::vector<BadRow>& bad_rows() const { return bad_rows_; }
  std::uint64_t bad_rows_count() const { return bad_rows_count_; }

 protected:
  void NoteBadRow(std::uint64_t line, std::string what);

 private:
  std::vector<BadRow> bad_rows_;
  std::uint64_t bad_rows_count_ = 0;
};

// Rows are numbered by their line in the file; the header is line 1. An id that was there before
// is a bad row: the same transaction must not count twice. So all ids are kept in memory.
class CsvSource final : public RowSource {
 public:
  // Errors: IoError, InvalidArgument (no header).
  static tandem::Result<std::unique_ptr<CsvSource>> Open(const std::filesystem::path& path);

  tandem::Result<bool> Next(Transaction& row) override;

 private:
  CsvSource(std::filesystem::path path, std::ifstream file);
  bool NextLine(std::string& text);

  const std::filesystem::path path_;
  std::ifstream file_;
  std::uint64_t line_ = 0;
  std::unordered_set<std::string> ids_;
};

struct GeneratorOptions {
  std::uint64_t seed = 1;
  std::uint64_t rows = 100'000;  // after the deposits that open the accounts
  std::uint64_t accounts = 1000;
};

// A deposit for each account; then transfers, with a withdrawal or deposit among them now and then.
// Some ask for more than there is. The same on every machine. REQUIRES: at least two accounts
class GeneratedSource final : public RowSource {
 public:
  explicit GeneratedSource(const GeneratorOptions& options);

  tandem::Result<bool> Next(Transaction& row) override;

 private:
  std::string RandomAccount();

  const GeneratorOptions options_;
  std::mt19937_64 random_;
  std::uint64_t given_ = 0;
};

}  // namespace ledger
