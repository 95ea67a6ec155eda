#include "tandem/cli/bench/plan.h"

#include <algorithm>

namespace tandem::bench {

namespace {

std::string Counted(std::uint64_t count, const std::string& noun) {
  return std::to_string(count) + " " + noun + (count == 1 ? "" : "s");
}

}  // namespace

std::string_view NameOf(StoreKind store) {
  switch (store) {
    case StoreKind::kTandem:
      return "tandem";
    case StoreKind::kRocksDb:
      return "rocksdb";
    case StoreKind::kSqlite:
      return "sqlite";
  }
  return "";
}

std::string_view NameOf(Durability durability) {
  return durability == Durability::kSync ? "sync" : "buffered";
}

std::string BatchInWords(const Shape& shape) {
  return Counted(shape.events, "event") + " + " + Counted(shape.messages, "message");
}

std::vector<Shape> ShapesOf(const Plan& plan) {
  std::vector<Shape> shapes;
  for (const std::uint64_t bytes : plan.bytes) {
    for (const std::uint64_t callers : plan.callers) {
      for (const std::uint64_t messages : plan.messages) {
        for (const std::uint64_t events : plan.events) {
          for (const Durability durability : plan.durabilities) {
            shapes.push_back({events, messages, bytes, static_cast<int>(callers), durability});
          }
        }
      }
    }
  }
  return shapes;
}

std::vector<StoreKind> StoresOf(const Plan& plan) {
  std::vector<StoreKind> stores = {StoreKind::kTandem};
  for (const StoreKind store : plan.beside) stores.push_back(store);
  return stores;
}

std::uint64_t BatchesOf(const Plan& plan, const Shape& shape) {
  if (plan.batches > 0) return plan.batches;
  const std::uint64_t flushed =
      std::max<std::uint64_t>(100, 1000 / static_cast<std::uint64_t>(shape.callers));
  return shape.durability == Durability::kSync ? flushed : 10 * flushed;
}

}  // namespace tandem::bench
