#include "tandem/cli/bench/beside/rocks_store.h"

#include <rocksdb/write_batch.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "tandem/base/clock.h"
#include "tandem/base/key_encoding.h"
#include "tandem/base/rocks/rocks_status.h"
#include "tandem/batch/internal/rocks/store_directory.h"
#include "tandem/cli/measuring/noise.h"

namespace tandem::bench {

namespace {

class RocksStore final : public MeasuredStore {
 public:
  explicit RocksStore(const Shape& shape) : shape_(shape), committed_(shape.callers) {
    options_.sync = shape.durability == Durability::kSync;
  }

  Status Open(const std::filesystem::path& directory) {
    RocksDbOptions options;
    options.mode = OpenMode::kCreateIfMissing;
    options.clock = &clock_;
    TANDEM_ASSIGN_OR_RETURN(database_, internal::OpenStoreDatabase(directory, options));
    return Status::Ok();
  }

  // The keys are as long as those of Tandem's events and messages.
  Status Commit(int caller) override {
    const std::uint64_t number = committed_[caller]++;
    const std::string_view payload = measuring::Noise(number, shape_.bytes);
    const std::string stream = "caller-" + std::to_string(caller);
    rocksdb::WriteBatch batch;
    for (std::uint64_t i = 0; i < shape_.events; ++i) {
      const std::uint64_t version = number * shape_.events + i + 1;
      batch.Put(database_->events, KeyWriter('V').Escaped(stream).U64(0).U64(version).Take(),
                rocksdb::Slice(payload.data(), payload.size()));
    }
    for (std::uint64_t i = 0; i < shape_.messages; ++i) {
      const std::uint64_t id = number * shape_.messages + i + 1;
      batch.Put(database_->messages, KeyWriter('R').Escaped("work").U64(caller).U64(id).Take(),
                rocksdb::Slice(payload.data(), payload.size()));
    }
    return FromRocks(database_->db->Write(options_, &batch), "raw write");
  }

 private:
  const Shape shape_;
  rocksdb::WriteOptions options_;
  SystemClock clock_;
  std::unique_ptr<internal::StoreDatabase> database_;
  std::vector<std::uint64_t> committed_;  // each caller has its own
};

}  // namespace

Result<std::unique_ptr<MeasuredStore>> MakeRocksStore(const std::filesystem::path& directory,
                                                      const Shape& shape) {
  auto store = std::make_unique<RocksStore>(shape);
  TANDEM_RETURN_IF_ERROR(store->Open(directory));
  return std::unique_ptr<MeasuredStore>(std::move(store));
}

}  // namespace tandem::bench
