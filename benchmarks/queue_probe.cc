// What a new process sees that opens a store with a queue: the time until it is open, until it has
// its first message, and the memory that it takes. Prints "name=value" lines.

#include <rocksdb/db.h>

#include <chrono>
#include <cstdio>
#include <fstream>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/rocks/rocks_status.h"
#include "benchmarks/queue_parts.h"
#include "benchmarks/queue_store.h"

namespace tandem::benchmarks {

namespace {

class Stopwatch {
 public:
  double Millis() const {
    return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start_)
        .count();
  }

 private:
  const std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

// A line of this process's status, in MiB: VmRSS now, VmHWM at most so far.
double MemoryMib(std::string_view name) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with(name)) return std::stod(line.substr(name.size() + 1)) / 1024;
  }
  return 0;
}

void Print(const char* name, double value) { std::printf("%s=%.3f\n", name, value); }

void ProbeTandem(const char* directory, int cycles) {
  const double before = MemoryMib("VmRSS");
  const Stopwatch stopwatch;
  TandemQueue queue(directory);
  Print("tandem_open_ms", stopwatch.Millis());
  const double opened = MemoryMib("VmRSS");
  queue.Take();
  Print("tandem_first_ms", stopwatch.Millis());
  Print("opened_mib", opened - before);
  Print("first_mib", MemoryMib("VmRSS") - before);
  queue.Remove();
  for (int i = 0; i < cycles; ++i) {
    queue.Add();
    queue.Take();
    queue.Remove();
  }
  Print("worked_mib", MemoryMib("VmRSS") - before);
  Print("peak_mib", MemoryMib("VmHWM") - before);
}

// RocksDB alone, with its defaults: what replaying the log and opening the tables takes by itself.
void ProbeRaw(const char* directory) {
  const Stopwatch stopwatch;
  rocksdb::DB* opened = nullptr;
  std::vector<rocksdb::ColumnFamilyHandle*> families;
  const std::vector<rocksdb::ColumnFamilyDescriptor> names = {
      {rocksdb::kDefaultColumnFamilyName, {}}, {"events", {}}, {"messages", {}}};
  Must(FromRocks(rocksdb::DB::Open(rocksdb::DBOptions(), directory, names, &families, &opened),
                 "raw open"));
  const std::unique_ptr<rocksdb::DB> db(opened);
  Print("raw_open_ms", stopwatch.Millis());
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
