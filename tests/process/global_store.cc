// A program whose store lives at namespace scope, and so is destroyed after RocksDB's own objects.

#include <chrono>
#include <cstdio>
#include <memory>
#include <string>

#include "tandem/batch/rocksdb_provider.h"

namespace {

std::unique_ptr<tandem::RocksDbProvider> global_store;  // NOLINT: what the test is about

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  auto opened = tandem::RocksDbProvider::Open(argv[1], tandem::OpenMode::kCreateIfMissing);
  if (!opened.ok()) {
    (void)std::fprintf(stderr, "%s\n", opened.status().ToString().c_str());
    return 1;
  }
  global_store = *std::move(opened);
  tandem::AppendOptions buffered;
  buffered.durability = tandem::Durability::kBuffered;
  for (int i = 0; i < 100; ++i) {
    if (!global_store->Append({"stream", 0}, {"event"}, buffered).ok()) return 1;
  }
  tandem::DequeueOptions waiting;
  waiting.wait = std::chrono::hours(1);
  global_store->DequeueAsync({"queue"}, waiting, [](const auto&) {});
  return 0;
}
