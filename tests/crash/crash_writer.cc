// The process that the crash tests kill. It opens a store, loads it from
// several threads until it is killed, and tells on standard output what it is
// about to do and what was acknowledged, one line per write(), so that nothing
// said is lost by the kill:
//
//   open
//   intent <producer> <number>        before a producer's batch
//   ack <producer> <number>           after it
//   received <name> <delivery count>  after a Dequeue
//   consume <name>                    before a consumer's batch
//   consumed <name>                   after it
//   error <status>                    must never happen
//
// usage: crash_writer <directory> <seed> <first number> [open-only]

#include <unistd.h>

#include <cstdlib>
#include <iostream>
#include <random>
#include <thread>

#include "tandem/batch/rocksdb_provider.h"
#include "tandem/tests/crash/workload.h"

namespace tandem::testing {
namespace {

constexpr std::uint32_t kProducers = 3;
constexpr std::uint32_t kConsumers = 2;

void Say(const std::string& line) {
  const std::string text = line + "\n";
  if (write(STDOUT_FILENO, text.data(), text.size()) < 0) std::_Exit(1);
}

void Fail(const Status& status) {
  Say("error " + status.ToString());
  std::_Exit(1);
}

void Produce(RocksDbProvider& store, std::uint32_t producer, std::uint64_t number) {
  for (;; ++number) {
    const BatchPlan plan({producer, number});
    const std::string name = std::to_string(producer) + " " + std::to_string(number);
    Say("intent " + name);
    const auto result = store.AtomicBatch(plan.Operations(), {plan.durability});
    if (!result.ok()) Fail(result.status());
    Say("ack " + name);
    if (number % 32 == 0) {
      if (const Status flushed = store.Flush(); !flushed.ok()) Fail(flushed);
    }
  }
}

void Consume(RocksDbProvider& store, std::uint32_t consumer, std::uint64_t seed) {
  std::mt19937_64 random(seed + consumer);
  while (true) {
    DequeueOptions options;
    options.max_messages = 1 + random() % 12;
    options.wait = std::chrono::seconds(1);
    options.lease = std::chrono::hours(1);  // no machine is so slow; the next open ends it
    const auto deliveries = store.Dequeue(kWorkQueue, options);
    if (!deliveries.ok()) Fail(deliveries.status());
    if (deliveries->empty()) continue;
    for (const Delivery& delivery : *deliveries) {
      Say("received " + delivery.payload + " " + std::to_string(delivery.delivery_count));
    }
    const std::uint64_t fate = random() % 16;
    if (fate == 0) continue;  // keeps the lease
    if (fate == 1) {
      if (const Status left = store.Abandon(deliveries->front().lock_token); !left.ok()) Fail(left);
      continue;  // and keeps the others
    }
    for (const Delivery& delivery : *deliveries) Say("consume " + delivery.payload);
    const Durability durability = random() % 2 == 0 ? Durability::kSync : Durability::kBuffered;
    const auto result = store.AtomicBatch(ConsumerBatch(consumer, *deliveries), {durability});
    if (!result.ok()) Fail(result.status());
    for (const Delivery& delivery : *deliveries) Say("consumed " + delivery.payload);
  }
}

int Main(int argc, char** argv) {
  if (argc < 4) {
    std::cerr << "usage: crash_writer <directory> <seed> <first number> "
                 "[open-only]\n";
    return 2;
  }
  const std::uint64_t seed = std::strtoull(argv[2], nullptr, 10);
  const std::uint64_t number = std::strtoull(argv[3], nullptr, 10);
  RocksDbOptions options;
  options.mode = OpenMode::kCreateIfMissing;
  // Small, so that flushes, new logs and compactions happen all the time.
  options.write_buffer_bytes = std::size_t{512} << 10;
  auto opened = RocksDbProvider::Open(argv[1], options);
  if (!opened.ok()) Fail(opened.status());
  Say("open");
  RocksDbProvider& store = **opened;
  if (argc > 4) return 0;
  std::vector<std::jthread> threads;
  for (std::uint32_t i = 0; i < kProducers; ++i) {
    threads.emplace_back([&store, i, number] { Produce(store, i, number); });
  }
  for (std::uint32_t i = 0; i < kConsumers; ++i) {
    threads.emplace_back([&store, i, seed] { Consume(store, i, seed); });
  }
  return 0;
}

}  // namespace
}  // namespace tandem::testing

int main(int argc, char** argv) { return tandem::testing::Main(argc, argv); }
