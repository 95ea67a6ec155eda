// What a new process sees that opens a store with a queue: the time until it is open, until it has
// its first message, and the memory that it takes.

#include <rocksdb/db.h>

#include <memory>
#include <string_view>
#include <vector>

#include "tandem/base/rocks/rocks_status.h"
#include "tandem/benchmarks/frame/own_process.h"
#include "tandem/benchmarks/queue/queue_parts.h"
#include "tandem/benchmarks/queue/queue_store.h"
#include "tandem/cli/measuring/stopwatch.h"

namespace tandem::benchmarks {

namespace {

void ProbeTandem(const char* directory, int cycles) {
  const double before = MemoryMib();
  const measuring::Stopwatch stopwatch;
  TandemQueue queue(directory);
  PrintCounter("tandem_open_ms", stopwatch.Millis());
  const double opened = MemoryMib();
  queue.Take();
  PrintCounter("tandem_first_ms", stopwatch.Millis());
  PrintCounter("opened_mib", opened - before);
  PrintCounter("first_mib", MemoryMib() - before);
  queue.Remove();
  for (int i = 0; i < cycles; ++i) {
    queue.Add();
    queue.Take();
    queue.Remove();
  }
  PrintCounter("worked_mib", MemoryMib() - before);
  PrintCounter("peak_mib", PeakMemoryMib() - before);
}

// RocksDB alone, with its defaults: what replaying the log and opening the tables takes by itself.
void ProbeRaw(const char* directory) {
  const measuring::Stopwatch stopwatch;
  rocksdb::DB* opened = nullptr;
  std::vector<rocksdb::ColumnFamilyHandle*> families;
  const std::vector<rocksdb::ColumnFamilyDescriptor> names = {
      {rocksdb::kDefaultColumnFamilyName, {}}, {"events", {}}, {"messages", {}}};
  Must(FromRocks(rocksdb::DB::Open(rocksdb::DBOptions(), directory, names, &families, &opened),
                 "raw open"));
  const std::unique_ptr<rocksdb::DB> db(opened);
  PrintCounter("raw_open_ms", stopwatch.Millis());
  for (rocksdb::ColumnFamilyHandle* family : families) {
    Must(FromRocks(db->DestroyColumnFamilyHandle(family), "raw close"));
  }
}

}  // namespace

int RunProbe(const char* mode, const char* directory, int cycles) {
  if (std::string_view(mode) == "raw") {
    ProbeRaw(directory);
  } else {
    ProbeTandem(directory, cycles);
  }
  return 0;
}

}  // namespace tandem::benchmarks
