#include "tandem/batch/rocksdb_provider.h"

#include <atomic>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tandem/base/check.h"
#include "tandem/base/guarded.h"
#include "tandem/base/out_of_memory.h"
#include "tandem/base/process_mark.h"
#include "tandem/batch/batch_limits.h"
#include "tandem/batch/internal/rocks/batch_proposal.h"
#include "tandem/batch/internal/rocks/call_guard.h"
#include "tandem/batch/internal/rocks/commit_pipeline.h"
#include "tandem/batch/internal/rocks/process_end.h"
#include "tandem/batch/internal/rocks/rocks_admin.h"
#include "tandem/batch/internal/rocks/store_directory.h"
#include "tandem/eventstore/internal/rocks_event_store.h"
#include "tandem/messagequeue/internal/rocks_message_queue.h"

namespace tandem {

namespace {

// Two can lead a group each, which blocks them; the others run steps of waits and callbacks.
constexpr std::size_t kExecutorThreads = 4;

// Flush() as a proposal: it stages nothing, and is answered when all before it is flushed.
class Barrier final : public Proposal {
 public:
  Barrier() : Proposal(Durability::kSync) {}
  Status Stage(Staging& /*staging*/, Timestamp /*now*/) override { return Status::Ok(); }
};

}  // namespace

struct RocksDbProvider::Impl {
  Impl(std::unique_ptr<internal::StoreDatabase> opened, const RocksDbOptions& options)
      : clock(options.clock),
        executor(clock, kExecutorThreads),
        waits(&executor),
        guard(&waits),
        database(std::move(opened)),
        synced_before(database->statistics->getTickerCount(rocksdb::WAL_FILE_SYNCED)),
        wal_bytes_before(database->statistics->getTickerCount(rocksdb::WAL_FILE_BYTES)),
        ids(database->store, options.batch_id_retention.value(), database->identity.incarnation,
            clock->Now()),
        pipeline(database->db.get(), {database->store, database->events, database->messages}, clock,
                 &executor, database->begin,
                 [this] {  // called by what commits, so once all is there
                   if (pipeline.threw()) guard.Break();
                   messages.WakeAll();
                 }),
        events(database->db.get(), database->events, clock, &waits),
        messages(database->db.get(), database->messages, clock, &pipeline, &waits,
                 database->identity),
        admin(&guard, database.get(), &pipeline, options, &events, &messages) {}

  // Waits end through the executor. It then runs what was posted to its end, batches among them,
  // while all that this uses is still there.
  ~Impl() {
    waits.Close();
    executor.Close();
  }

  static Result<std::unique_ptr<RocksDbProvider>> Open(const std::filesystem::path& directory,
                                                       const RocksDbOptions& options);

  // Each uses only what is above it.
  std::unique_ptr<Clock> own_clock;  // by Open; null: the clock is the caller's
  Clock* const clock;
  Executor executor;
  AsyncWaits waits;
  internal::CallGuard guard;
  const std::unique_ptr<internal::StoreDatabase> database;
  const std::uint64_t synced_before;  // RocksDB's tickers when the store had been opened
  const std::uint64_t wal_bytes_before;
  const internal::BatchIds ids;
  internal::CommitPipeline pipeline;
  internal::RocksEventStore events;
  internal::RocksMessageQueue messages;
  internal::RocksAdmin admin;
  std::atomic<std::uint64_t> batches = 0;
};

RocksDbProvider::RocksDbProvider(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

RocksDbProvider::~RocksDbProvider() {
  if (impl_->guard.mark().in_forked_child() || internal::RocksDbIsGone()) {
    LeaveAlone(std::move(impl_));
    return;
  }
  TANDEM_CHECK(!impl_->executor.RunsThisThread(),
               "a provider is destroyed within one of its callbacks; it waits for them to return, "
               "so destroy it on a thread of your own");
  if (!impl_->guard.broken()) return;
  // Not even its threads may end.
  impl_->waits.Close();
  impl_->executor.AwaitIdle();
  LeaveAlone(std::move(impl_));
}

Result<std::unique_ptr<RocksDbProvider>> RocksDbProvider::Open(
    const std::filesystem::path& directory, const RocksDbOptions& options) {
  TANDEM_RETURN_IF_ERROR(ValidateRetention(options.batch_id_retention.value()));
  TANDEM_RETURN_IF_ERROR(internal::CheckMayOpen());
  try {
    return Impl::Open(directory, options);
  } catch (...) {
    return StatusOfException();
  }
}

Result<std::unique_ptr<RocksDbProvider>> RocksDbProvider::Impl::Open(
    const std::filesystem::path& directory, const RocksDbOptions& options) {
  std::unique_ptr<Clock> own_clock;
  RocksDbOptions with_clock = options;
  if (options.clock == nullptr) {
    own_clock = std::make_unique<SystemClock>();
    with_clock.clock = own_clock.get();
  }
  TANDEM_ASSIGN_OR_RETURN(auto database, internal::OpenStoreDatabase(directory, with_clock));
  auto impl = std::make_unique<Impl>(std::move(database), with_clock);
  impl->own_clock = std::move(own_clock);
  TANDEM_RETURN_IF_ERROR(impl->guard.Call([&] { return impl->events.Recover(); }));
  internal::WatchProcessEnd();
  return std::unique_ptr<RocksDbProvider>(new RocksDbProvider(std::move(impl)));
}

Result<BatchResult> RocksDbProvider::AtomicBatch(Batch batch, const BatchOptions& options) {
  return impl_->guard.Call([&]() -> Result<BatchResult> {
    TANDEM_RETURN_IF_ERROR(ValidateBatch(batch, options));
    internal::BatchProposal proposal(impl_->events, impl_->messages, impl_->ids, std::move(batch),
                                     options);
    TANDEM_RETURN_IF_ERROR(impl_->pipeline.Commit(proposal));
    ++impl_->batches;
    return proposal.TakeResult();
  });
}

void RocksDbProvider::AtomicBatchAsync(Batch batch, const BatchOptions& options,
                                       BatchCallback callback) {
  if (impl_->guard.mark().in_forked_child()) return callback(ProcessMark::ForkedChild());
  if (Status valid = ValidateBatch(batch, options); !valid.ok()) {
    impl_->executor.Post([callback = std::move(callback), valid] { callback(valid); });
    return;
  }
  // Owned by the callback, which the door keeps until it has called it.
  auto proposal = std::make_shared<internal::BatchProposal>(impl_->events, impl_->messages,
                                                            impl_->ids, std::move(batch), options);
  internal::BatchProposal& proposed = *proposal;
  impl_->pipeline.CommitAsync(proposed, [impl = impl_.get(), proposal = std::move(proposal),
                                         callback = std::move(callback)](const Status& committed) {
    if (!committed.ok()) return callback(committed);
    ++impl->batches;
    callback(proposal->TakeResult());
  });
}

Status RocksDbProvider::Flush() {
  return impl_->guard.Call([&]() -> Status {
    Barrier barrier;
    return impl_->pipeline.Commit(barrier);
  });
}

Clock& RocksDbProvider::clock() { return *impl_->clock; }

ProviderAdmin* RocksDbProvider::admin() { return &impl_->admin; }

Result<EventPage> RocksDbProvider::Read(const StreamId& stream, const ReadOptions& options) {
  return impl_->guard.Call([&] { return impl_->events.Read(stream, options); });
}

void RocksDbProvider::ReadAsync(const StreamId& stream, const ReadOptions& options,
                                ReadCallback callback) {
  if (impl_->guard.mark().in_forked_child()) return callback(ProcessMark::ForkedChild());
  impl_->events.ReadAsync(stream, options, std::move(callback));
}

Result<std::optional<PartitionHead>> RocksDbProvider::LatestPartition(std::string_view entity) {
  return impl_->guard.Call([&] { return impl_->events.LatestPartition(entity); });
}

Result<MetadataPage> RocksDbProvider::ReadMetadata(const StreamId& stream,
                                                   const MetadataOptions& options) {
  return impl_->guard.Call([&] { return impl_->events.ReadMetadata(stream, options); });
}

Result<FeedPage> RocksDbProvider::ReadAll(Position after, const FeedOptions& options) {
  return impl_->guard.Call([&] { return impl_->events.ReadAll(after, options); });
}

Result<std::vector<Delivery>> RocksDbProvider::Dequeue(std::span<const std::string> queues,
                                                       const DequeueOptions& options) {
  return impl_->guard.Call([&] { return impl_->messages.Dequeue(queues, options); });
}

void RocksDbProvider::DequeueAsync(std::vector<std::string> queues, const DequeueOptions& options,
                                   DequeueCallback callback) {
  if (impl_->guard.mark().in_forked_child()) return callback(ProcessMark::ForkedChild());
  impl_->messages.DequeueAsync(std::move(queues), options, std::move(callback));
}

Result<Timestamp> RocksDbProvider::Renew(const LockToken& token,
                                         Saturated<std::chrono::milliseconds> duration) {
  return impl_->guard.Call([&] { return impl_->messages.Renew(token, duration.value()); });
}

RocksDbStats RocksDbProvider::Stats() const {
  if (impl_->guard.mark().in_forked_child()) return {};
  const internal::CommitCounts counts = impl_->pipeline.Counts();
  const rocksdb::Statistics& rocks = *impl_->database->statistics;
  RocksDbStats stats;
  stats.batches = impl_->batches;
  stats.groups = counts.groups;
  stats.flushes = counts.flushes;
  stats.wal_synced = rocks.getTickerCount(rocksdb::WAL_FILE_SYNCED) - impl_->synced_before;
  stats.wal_bytes = rocks.getTickerCount(rocksdb::WAL_FILE_BYTES) - impl_->wal_bytes_before;
  return stats;
}

}  // namespace tandem
