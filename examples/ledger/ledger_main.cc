// ledger: an event-sourced bank. Reads transactions, decides each on the state of its accounts, and
// keeps a view of all balances. Kill it whenever you like and start it again with the same --store
// and input: no row is lost, none counts twice.

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <memory>
#include <string>

#include <tandem/tandem.h>
#include "examples/common/program.h"
#include "examples/common/progress_line.h"
#include "examples/ledger/audit.h"
#include "examples/ledger/bank.h"
#include "examples/ledger/csv.h"
#include "examples/ledger/inbox.h"
#include "examples/ledger/input.h"
#include "examples/ledger/recount.h"

namespace ledger {
namespace {

using tandem::Result;
using tandem::Status;

struct Options {
  InputOptions input;
  std::string store = "ledger-store";
  BankOptions bank;
  bool buffered = false;
  bool print_csv = false;
  std::uint64_t report_every = 0;
};

// NOLINTNEXTLINE(google-runtime-int): what printf knows.
auto Printable(std::uint64_t number) { return static_cast<unsigned long long>(number); }

std::string Money(Cents cents) {
  const std::string digits = std::to_string(cents % 100);
  return std::to_string(cents / 100) + "." + std::string(2 - digits.size(), '0') + digits;
}

class Stopwatch {
 public:
  double Seconds() const {
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start_;
    return took.count();
  }

 private:
  const std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

void ShowProgress(const BankProgress& progress, std::uint64_t rows, double seconds,
                  examples::ProgressLine& line) {
  const std::uint64_t done = progress.rows_found + progress.rows_decided;
  char text[160];
  std::snprintf(text, sizeof(text), "%llu of %llu rows decided, %llu in the view, %.0f rows/s",
                Printable(done), Printable(rows), Printable(progress.projected),
                static_cast<double>(progress.rows_decided) / seconds);
  line.Show(done, rows, text);
}

Result<BankStats> RunWithProgress(tandem::Provider& store, RowSource& source,
                                  const Options& options, std::uint64_t rows) {
  examples::ProgressLine line(options.report_every);
  const Stopwatch watch;
  BankProgress last;
  const auto stats = RunBank(store, source, options.bank, [&](const BankProgress& progress) {
    last = progress;
    if (!line.Due(progress.rows_found + progress.rows_decided)) return;
    ShowProgress(progress, rows, watch.Seconds(), line);
  });
  ShowProgress(last, rows, watch.Seconds(), line);
  line.Finish();
  return stats;
}

void ReportRun(const BankStats& stats, double seconds, const tandem::RocksDbStats& store) {
  const TellerStats& tellers = stats.tellers;
  const std::uint64_t rows = tellers.done + tellers.refused;
  std::printf(
      "this run: %llu rows in %.2f s, %.0f rows/s; %llu + %llu batches, %llu flushes, %llu "
      "conflicts\n",
      Printable(rows), seconds, static_cast<double>(rows) / seconds, Printable(tellers.batches),
      Printable(stats.projection_batches), Printable(store.flushes), Printable(tellers.conflicts));
}

void ReportInput(const Recount& recount) {
  std::printf("input: %llu rows: %llu done, %llu refused; %llu bad rows\n", Printable(recount.rows),
              Printable(recount.done), Printable(recount.refused),
              Printable(recount.bad_rows_count));
  for (const BadRow& bad : recount.bad_rows) {
    std::printf("  line %llu: %s\n", Printable(bad.line), bad.what.c_str());
  }
  if (recount.bad_rows_count > recount.bad_rows.size()) std::printf("  and so on\n");
}

Status ReportAudit(const AuditReport& report) {
  if (report.ok()) {
    std::printf(
        "check: %llu accounts with %llu events hold %s; accounts, snapshots and view equal the "
        "recount\n",
        Printable(report.accounts), Printable(report.events), Money(report.total).c_str());
    return Status::Ok();
  }
  for (const std::string& difference : report.differences) {
    std::fprintf(stderr, "  %s\n", difference.c_str());
  }
  return Status::Internal(std::to_string(report.differences_count) +
                          " differences between the store and the recount");
}

Status PrintCsv(RowSource& source) {
  std::printf("%s\n", std::string(kCsvHeader).c_str());
  Transaction row;
  while (true) {
    TANDEM_ASSIGN_OR_RETURN(const bool more, source.Next(row));
    if (!more) return Status::Ok();
    std::printf("%s\n", CsvLine(row).c_str());
  }
}

Result<Recount> CountInput(const InputOptions& options) {
  TANDEM_ASSIGN_OR_RETURN(const auto source, OpenInput(options));
  return CountAgain(*source, Everything(), Everything());
}

// A store that has been fed before goes on with the same input, or not at all.
Status CheckResumed(tandem::Provider& store, const InputOptions& options) {
  TANDEM_ASSIGN_OR_RETURN(const Inbox inbox, ReadInbox(store));
  if (inbox == Inbox()) return Status::Ok();
  TANDEM_ASSIGN_OR_RETURN(const auto source, OpenInput(options));
  return CheckInput(inbox, *source);
}

Status Run(const Options& options) {
  TANDEM_ASSIGN_OR_RETURN(const auto source, OpenInput(options.input));
  if (options.print_csv) return PrintCsv(*source);
  TANDEM_ASSIGN_OR_RETURN(const Recount recount, CountInput(options.input));

  TANDEM_ASSIGN_OR_RETURN(const auto store, tandem::RocksDbProvider::Open(
                                                options.store, tandem::OpenMode::kCreateIfMissing));
  TANDEM_RETURN_IF_ERROR(CheckResumed(*store, options.input));
  const Stopwatch watch;
  TANDEM_ASSIGN_OR_RETURN(const BankStats stats,
                          RunWithProgress(*store, *source, options, recount.rows));
  ReportRun(stats, watch.Seconds(), store->Stats());
  ReportInput(recount);
  std::fprintf(stderr, "comparing every account with the recount\n");
  TANDEM_ASSIGN_OR_RETURN(const AuditReport report, Audit(*store, recount));
  return ReportAudit(report);
}

int Main(int argc, char** argv) {
  Options options;
  CLI::App app(
      "An event-sourced bank ledger. Kill it at any moment and start it again with the same store "
      "and input: no row is lost, none counts twice. At the end accounts and view are compared "
      "with "
      "a plain recount of the input; exit status 1 if they differ. Bad rows are reported, and "
      "passed over.");
  AddInputOptions(app, options.input);
  app.add_option("--seed", options.input.generator.seed, "Without --csv: of the generator")
      ->capture_default_str();
  app.add_flag("--print-csv", options.print_csv, "Print the input as CSV, and do nothing else");
  app.add_option("--store", options.store, "Where the bank is kept; made if missing")
      ->capture_default_str();
  app.add_option("--threads", options.bank.threads, "Tellers, who share flushes")
      ->capture_default_str()
      ->check(CLI::Range(std::size_t{1}, kLanes));
  app.add_option("--rows-per-batch", options.bank.rows_per_batch,
                 "Up to so many rows of a teller in one batch, where they are ready")
      ->capture_default_str()
      ->check(CLI::Range(1, 1000));
  app.add_option("--snapshot-every", options.bank.teller.snapshot_every,
                 "Events of an account from one snapshot to the next")
      ->capture_default_str()
      ->check(CLI::Range(1, 1'000'000));
  app.add_flag("--buffered", options.buffered, "Don't flush: survives a kill, but not a power cut");
  app.add_option("--report-every", options.report_every,
                 "Where stderr is no terminal: a line of progress every so many rows [1 s]");
  CLI11_PARSE(app, argc, argv);
  if (options.buffered) options.bank.teller.durability = tandem::Durability::kBuffered;
  return examples::ExitCode("ledger", Run(options));
}

}  // namespace
}  // namespace ledger

int main(int argc, char** argv) { return examples::RunProgram("ledger", ledger::Main, argc, argv); }
