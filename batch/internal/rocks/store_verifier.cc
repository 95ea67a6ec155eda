#include "tandem/batch/internal/rocks/store_verifier.h"

#include <memory>
#include <string_view>

#include "tandem/base/result.h"
#include "tandem/base/rocks/rocks_status.h"
#include "tandem/batch/internal/rocks/batch_ids.h"

namespace tandem::internal {

namespace {

// It is of the open store: the identity was read from it.
Status VerifyStoreRecord(std::string_view record, const StoreDatabase& database) {
  TANDEM_ASSIGN_OR_RETURN(const StoreIdentity stored,
                          DecodeStoreRecord(record, database.db->GetName()));
  const StoreIdentity& own = database.identity;
  if (stored.store == own.store && stored.incarnation == own.incarnation) return Status::Ok();
  return Status::Corruption("store record", "it is of another store, or of another opening");
}

}  // namespace

Result<std::uint64_t> VerifyStore(const StoreDatabase& database,
                                  const rocksdb::Snapshot* snapshot) {
  rocksdb::ReadOptions options;
  options.snapshot = snapshot;
  options.fill_cache = false;  // each record is read once
  const std::unique_ptr<rocksdb::Iterator> it(database.db->NewIterator(options, database.store));
  std::uint64_t batch_ids = 0;
  bool has_store_record = false;
  for (it->SeekToFirst(); it->Valid(); it->Next()) {
    const std::string_view key = ToView(it->key());
    if (key == kStoreKey) {
      has_store_record = true;
      TANDEM_RETURN_IF_ERROR(VerifyStoreRecord(ToView(it->value()), database));
    } else {
      TANDEM_RETURN_IF_ERROR(VerifyBatchId(key, ToView(it->value())));
      ++batch_ids;
    }
  }
  TANDEM_RETURN_IF_ERROR(FromRocks(it->status(), "verification of the store's own records"));
  if (!has_store_record) return Status::Corruption("store record", "it is missing");
  return batch_ids;
}

}  // namespace tandem::internal
