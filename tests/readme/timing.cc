// README, measuring: what a batch costs with and without its flush.

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <string>

#include <tandem/tandem.h>
#include "tandem/tests/support/temporary_directory.h"

namespace {

using tandem::Result;
using tandem::Status;

// README: begin
// Microseconds for each of 200 batches, one after the other.
Result<double> MicrosPerBatch(tandem::Provider& store, tandem::Durability durability) {
  constexpr int kBatches = 200;
  const std::string value(200, 'x');
  tandem::Batch batch;
  batch.Append("probe", {value, value, value});
  batch.Enqueue("probe", value);
  tandem::BatchOptions options;
  options.durability = durability;
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < kBatches; ++i) {
    TANDEM_RETURN_IF_ERROR(store.AtomicBatch(batch, options).status());
  }
  const std::chrono::duration<double, std::micro> took = std::chrono::steady_clock::now() - start;
  return took.count() / kBatches;
}
// README: end

Status Run(const std::filesystem::path& directory) {
  // README: begin
  TANDEM_ASSIGN_OR_RETURN(const auto store, tandem::RocksDbProvider::Open(
                                                directory, tandem::OpenMode::kCreateIfMissing));
  TANDEM_ASSIGN_OR_RETURN(const double buffered,
                          MicrosPerBatch(*store, tandem::Durability::kBuffered));
  TANDEM_ASSIGN_OR_RETURN(const double synced, MicrosPerBatch(*store, tandem::Durability::kSync));
  std::printf("the batch %.0f us, its flush %.0f us\n", buffered, synced - buffered);
  // README: end
  const tandem::RocksDbStats stats = store->Stats();
  std::printf("%llu flushes\n", static_cast<unsigned long long>(stats.wal_synced));
  return Status::Ok();
}

}  // namespace

int main() {
  const tandem::testing::TemporaryDirectory directory;
  const Status status = Run(directory.path());
  if (!status.ok()) std::printf("%s\n", status.ToString().c_str());
  return status.ok() ? 0 : 1;
}
