#include "tandem/batch/internal/rocks/batch_ids.h"

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <variant>

#include "tandem/base/check.h"
#include "tandem/base/key_encoding.h"
#include "tandem/base/record.h"
#include "tandem/base/rocks/rocks_status.h"
#include "tandem/base/rocks/staging.h"
#include "tandem/base/sealed_record.h"
#include "tandem/batch/internal/rocks/store_records.capnp.h"

namespace tandem::internal {

namespace {

constexpr char kPrefix = 'B';

// A batch that was applied, as it is stored.
struct StoredBatch {
  std::string digest;
  Timestamp applied_at;
  std::uint64_t incarnation = 0;
  BatchResult result;
};

std::string BatchIdKey(std::string_view id) { return KeyWriter(kPrefix).Raw(id).Take(); }

class ResultWriter {
 public:
  explicit ResultWriter(OperationRecord::Builder operation) : record_(operation) {}

  void operator()(std::monostate /*nothing*/) { record_.setNone(); }
  void operator()(const AppendResult& append) {
    auto stored = record_.initAppend();
    stored.setFirst(append.first);
    stored.setVersion(append.version);
    stored.setPosition(append.position);
  }
  void operator()(const DeleteEventsResult& removed) {
    auto stored = record_.initRemovedEvents();
    stored.setCount(removed.events);
    stored.setMore(removed.more);
  }
  void operator()(const EnqueueResult& enqueued) {
    auto stored = record_.initEnqueue();
    stored.setId(enqueued.id);
    stored.setDuplicate(enqueued.outcome == EnqueueOutcome::kDuplicate);
  }
  void operator()(const CancelResult& cancel) { record_.setCancelled(cancel.cancelled); }
  void operator()(const DeleteGroupResult& removed) {
    auto stored = record_.initRemovedMessages();
    stored.setCount(removed.messages);
    stored.setMore(removed.more);
  }

 private:
  OperationRecord::Builder record_;
};

OperationResult ReadResult(OperationRecord::Reader record) {
  switch (record.which()) {
    case OperationRecord::NONE:
      return {};
    case OperationRecord::APPEND: {
      const auto append = record.getAppend();
      return AppendResult{append.getFirst(), append.getVersion(), append.getPosition()};
    }
    case OperationRecord::REMOVED_EVENTS:
      return DeleteEventsResult{record.getRemovedEvents().getCount(),
                                record.getRemovedEvents().getMore()};
    case OperationRecord::ENQUEUE: {
      const auto enqueue = record.getEnqueue();
      return EnqueueResult{enqueue.getId(), enqueue.getDuplicate() ? EnqueueOutcome::kDuplicate
                                                                   : EnqueueOutcome::kQueued};
    }
    case OperationRecord::CANCELLED:
      return CancelResult{record.getCancelled()};
    case OperationRecord::REMOVED_MESSAGES:
      return DeleteGroupResult{record.getRemovedMessages().getCount(),
                               record.getRemovedMessages().getMore()};
  }
  KJ_FAIL_REQUIRE("unknown kind of result");
}

Result<StoredBatch> DecodeBatch(std::string_view record, std::string_view id) {
  const auto where = [id] { return "batch id '" + std::string(id) + "'"; };
  StoredBatch batch;
  const auto read = [&batch](BatchIdRecord::Reader stored) {
    batch.digest = ToBytes(stored.getDigest());
    batch.applied_at = Timestamp(std::chrono::microseconds(stored.getAppliedAt()));
    batch.incarnation = stored.getIncarnation();
    for (const auto operation : stored.getResults()) {
      batch.result.operations.push_back(ReadResult(operation));
    }
  };
  TANDEM_RETURN_IF_ERROR(DecodeSealed<BatchIdRecord>(BatchIdKey(id), record, where, read));
  return batch;
}

}  // namespace

Result<std::optional<BatchResult>> BatchIds::Find(const View& view, std::string_view id,
                                                  std::string_view digest, Timestamp now) const {
  TANDEM_REQUIRE(Staging::IsOnThisThread(), "the commit latch is held");
  TANDEM_ASSIGN_OR_RETURN(const auto record, view.Get(family_, BatchIdKey(id)));
  if (!record.has_value()) return std::nullopt;
  TANDEM_ASSIGN_OR_RETURN(StoredBatch batch, DecodeBatch(*record, id));
  const bool of_now = batch.incarnation == incarnation_;
  const Timestamp applied_at = of_now ? batch.applied_at : std::min(batch.applied_at, opened_);
  if (now >= SaturatingAdd(applied_at, retention_)) return std::nullopt;
  if (batch.digest != digest) {
    return Status::IdempotencyMismatch("the batch id '" + std::string(id) +
                                       "' was used for other operations before");
  }
  batch.result.repeated = true;
  return std::move(batch.result);
}

void BatchIds::Remember(Staging& staging, std::string_view id, std::string_view digest,
                        const BatchResult& result, Timestamp now) const {
  TANDEM_REQUIRE(Staging::IsOnThisThread(), "the commit latch is held");
  const auto fill = [&](BatchIdRecord::Builder record) {
    record.setDigest(ToData(digest));
    record.setAppliedAt(now.time_since_epoch().count());
    record.setIncarnation(incarnation_);
    auto results = record.initResults(result.operations.size());
    for (unsigned i = 0; i < results.size(); ++i) {
      std::visit(ResultWriter{results[i]}, result.operations[i]);
    }
  };
  const std::string key = BatchIdKey(id);
  staging.Put(family_, key, EncodeSealed<BatchIdRecord>(key, fill));
}

Status VerifyBatchId(std::string_view key, std::string_view record) {
  KeyReader reader(key, kPrefix);
  const std::optional<std::string_view> id = reader.Raw();
  if (!id.has_value() || id->empty()) {
    return Status::Corruption("store", "an unknown key: " + ToSlice(key).ToString(true));
  }
  return DecodeBatch(record, *id).status();
}

bool BatchIdExpiry::Filter(int /*level*/, const rocksdb::Slice& key, const rocksdb::Slice& value,
                           std::string* /*new_value*/, bool* /*value_changed*/) const {
  if (key.empty() || key[0] != kPrefix) return false;
  const Result<StoredBatch> batch = DecodeBatch(ToView(value), ToView(key).substr(1));
  if (!batch.ok()) return false;  // what is damaged stays, for Find to tell
  // Find may know better; then the record is dropped later.
  return clock_->Now() >= SaturatingAdd(batch->applied_at, retention_);
}

}  // namespace tandem::internal
