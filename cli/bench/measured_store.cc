#include "tandem/cli/bench/measured_store.h"

#include <string>
#include <utility>
#include <vector>

#include "tandem/batch/rocksdb_provider.h"
#include "tandem/cli/bench/beside/rocks_store.h"
#include "tandem/cli/bench/beside/sqlite_store.h"
#include "tandem/cli/measuring/noise.h"

namespace tandem::bench {

namespace {

class TandemStore final : public MeasuredStore {
 public:
  TandemStore(std::unique_ptr<RocksDbProvider> store, const Shape& shape)
      : store_(std::move(store)), shape_(shape), committed_(shape.callers) {
    options_.durability = shape.durability;
  }

  Status Commit(int caller) override {
    const std::uint64_t number = committed_[caller]++;
    Batch batch;
    if (shape_.events > 0) {
      const auto expected =
          number == 0 ? Expected::NoStream() : Expected::Exactly(number * shape_.events);
      batch.Append(StreamId{"caller-" + std::to_string(caller), 0},
                   std::vector<std::string>(shape_.events, Payload(number)), expected);
    }
    for (std::uint64_t i = 0; i < shape_.messages; ++i) batch.Enqueue("work", Payload(number));
    return store_->AtomicBatch(std::move(batch), options_).status();
  }

 private:
  std::string Payload(std::uint64_t number) const {
    return std::string(measuring::Noise(number, shape_.bytes));
  }

  const std::unique_ptr<RocksDbProvider> store_;
  const Shape shape_;
  BatchOptions options_;
  std::vector<std::uint64_t> committed_;  // each caller has its own
};

}  // namespace

Result<std::unique_ptr<MeasuredStore>> MakeStore(StoreKind kind,
                                                 const std::filesystem::path& directory,
                                                 const Shape& shape) {
  if (kind == StoreKind::kRocksDb) return MakeRocksStore(directory, shape);
  if (kind == StoreKind::kSqlite) return MakeSqliteStore(directory, shape);
  TANDEM_ASSIGN_OR_RETURN(auto store, RocksDbProvider::Open(directory, OpenMode::kCreateIfMissing));
  return std::unique_ptr<MeasuredStore>(std::make_unique<TandemStore>(std::move(store), shape));
}

}  // namespace tandem::bench
