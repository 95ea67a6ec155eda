#include "examples/ledger/input.h"

#include <CLI/CLI.hpp>
#include <cstdint>

namespace ledger {

namespace {
constexpr std::uint64_t kRowsMax = 1'000'000'000;
constexpr std::uint64_t kAccountsMax = 10'000'000;
}  // namespace

void AddInputOptions(CLI::App& app, InputOptions& options) {
  auto* const csv =
      app.add_option("--csv", options.csv,
                     "Transactions: a header id,from,to,amount_cents[,memo], then one "
                     "a line; no from: a deposit, no to: a withdrawal");
  csv->check(CLI::ExistingFile);
  app.add_option("--rows", options.generator.rows, "Without --csv: how many to generate")
      ->capture_default_str()
      ->check(CLI::Range(std::uint64_t{0}, kRowsMax))
      ->excludes(csv);
  app.add_option("--accounts", options.generator.accounts,
                 "Without --csv: of how many accounts, each with a first deposit")
      ->capture_default_str()
      ->check(CLI::Range(std::uint64_t{2}, kAccountsMax))
      ->excludes(csv);
}

tandem::Result<std::unique_ptr<RowSource>> OpenInput(const InputOptions& options) {
  if (options.csv.empty()) {
    return std::unique_ptr<RowSource>(std::make_unique<GeneratedSource>(options.generator));
  }
  TANDEM_ASSIGN_OR_RETURN(auto source, CsvSource::Open(options.csv));
  return std::unique_ptr<RowSource>(std::move(source));
}

}  // namespace ledger
