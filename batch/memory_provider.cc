#include "tandem/batch/memory_provider.h"

#include <utility>

#include "tandem/base/async_wait.h"
#include "tandem/base/check.h"
#include "tandem/base/executor.h"
#include "tandem/base/limits.h"
#include "tandem/base/process_mark.h"
#include "tandem/batch/batch_limits.h"
#include "tandem/batch/internal/memory/memory_admin.h"
#include "tandem/batch/internal/memory/memory_state.h"
#include "tandem/batch/internal/memory/memory_store.h"
#include "tandem/eventstore/event_limits.h"
#include "tandem/messagequeue/queue_limits.h"

namespace tandem {

namespace {

using internal::MemoryState;
using internal::Search;

// So callbacks come one after the other.
constexpr std::size_t kMemoryExecutorThreads = 1;

}  // namespace

struct MemoryProvider::Impl {
  Impl(const MemoryOptions& options, MemoryState state)
      : clock(options.clock == nullptr ? &own_clock : options.clock),
        retention(options.batch_id_retention.value()),
        store(clock, std::move(state)),
        admin(&mark, &store),
        executor(clock, kMemoryExecutorThreads),
        waits(&executor) {}

  // Waits end through the executor, which then runs what was posted to its end while all
  // that this uses is still there.
  ~Impl() {
    waits.Close();
    executor.Close();
  }

  Timestamp Deadline(std::chrono::milliseconds wait) const {
    return SaturatingAdd(clock->Now(), wait);
  }
  Search<EventPage> SearchFor(const StreamId& stream, const ReadOptions& options) const;
  Search<std::vector<Delivery>> SearchFor(const std::vector<std::string>& queues,
                                          const DequeueOptions& options) const;
  Result<BatchResult> Apply(const Batch& batch, const BatchOptions& options);

  const ProcessMark mark;
  SystemClock own_clock;
  Clock* const clock;
  const std::chrono::milliseconds retention;
  internal::MemoryStore store;
  internal::MemoryAdmin admin;
  Executor executor;
  AsyncWaits waits;
};

MemoryProvider::MemoryProvider(const MemoryOptions& options)
    : impl_(std::make_unique<Impl>(
          options, options.image.state_ == nullptr ? MemoryState() : *options.image.state_)) {}

MemoryProvider::~MemoryProvider() {
  if (impl_->mark.in_forked_child()) {
    LeaveAlone(std::move(impl_));  // its threads are in the parent
    return;
  }
  TANDEM_CHECK(!impl_->executor.RunsThisThread(),
               "a provider is destroyed within one of its callbacks; it waits for them to return, "
               "so destroy it on a thread of your own");
}

MemoryImage MemoryProvider::Image() const {
  MemoryImage image;
  image.state_ = impl_->store.Look([](const MemoryState& state, Timestamp /*now*/) {
    return std::make_shared<const MemoryState>(state);
  });
  return image;
}

Clock& MemoryProvider::clock() { return *impl_->clock; }

ProviderAdmin* MemoryProvider::admin() { return &impl_->admin; }

// --- Batches ---------------------------------------------------------------------------------

Result<BatchResult> MemoryProvider::Impl::Apply(const Batch& batch, const BatchOptions& options) {
  TANDEM_RETURN_IF_ERROR(ValidateRetention(retention));
  TANDEM_RETURN_IF_ERROR(ValidateBatch(batch, options));
  return store.Change([&](MemoryState& state, Timestamp now) {
    return state.Apply(batch, options.id, retention, now);
  });
}

Result<BatchResult> MemoryProvider::AtomicBatch(Batch batch, const BatchOptions& options) {
  TANDEM_RETURN_IF_ERROR(impl_->mark.Check());
  return impl_->Apply(batch, options);
}

void MemoryProvider::AtomicBatchAsync(Batch batch, const BatchOptions& options,
                                      BatchCallback callback) {
  if (impl_->mark.in_forked_child()) return callback(ProcessMark::ForkedChild());
  // Applied here, so in the order of submission; only the answer comes later.
  auto result = impl_->Apply(batch, options);
  impl_->executor.Post([callback = std::move(callback), result = std::move(result)]() mutable {
    callback(std::move(result));
  });
}

Status MemoryProvider::Flush() { return impl_->mark.Check(); }

// --- Events ----------------------------------------------------------------------------------

Search<EventPage> MemoryProvider::Impl::SearchFor(const StreamId& stream,
                                                  const ReadOptions& options) const {
  Search<EventPage> search;
  search.look = [stream, options](const MemoryState& state, Timestamp /*now*/) {
    return state.events.Read(stream, options);
  };
  search.next = [](const MemoryState& /*state*/) { return kNever; };
  const bool waits_for_events = options.direction == Direction::kForward;
  search.deadline =
      Deadline(waits_for_events ? options.wait.value() : std::chrono::milliseconds(0));
  search.stop = options.stop;
  return search;
}

Result<EventPage> MemoryProvider::Read(const StreamId& stream, const ReadOptions& options) {
  TANDEM_RETURN_IF_ERROR(impl_->mark.Check());
  TANDEM_RETURN_IF_ERROR(ValidateRead(stream, options));
  return impl_->store.Await(impl_->SearchFor(stream, options));
}

void MemoryProvider::ReadAsync(const StreamId& stream, const ReadOptions& options,
                               ReadCallback callback) {
  if (impl_->mark.in_forked_child()) return callback(ProcessMark::ForkedChild());
  if (Status status = ValidateRead(stream, options); !status.ok()) {
    impl_->executor.Post([callback = std::move(callback), status] { callback(status); });
    return;
  }
  impl_->waits.Start(std::make_shared<internal::MemoryWait<EventPage>>(
      &impl_->store, impl_->SearchFor(stream, options), std::move(callback)));
}

Result<std::optional<PartitionHead>> MemoryProvider::LatestPartition(std::string_view entity) {
  TANDEM_RETURN_IF_ERROR(impl_->mark.Check());
  TANDEM_RETURN_IF_ERROR(ValidateEntity(entity));
  return impl_->store.Look([&](const MemoryState& state, Timestamp /*now*/) {
    return state.events.LatestPartition(entity);
  });
}

Result<MetadataPage> MemoryProvider::ReadMetadata(const StreamId& stream,
                                                  const MetadataOptions& options) {
  TANDEM_RETURN_IF_ERROR(impl_->mark.Check());
  TANDEM_RETURN_IF_ERROR(ValidateReadMetadata(stream, options));
  return impl_->store.Look([&](const MemoryState& state, Timestamp /*now*/) {
    return state.events.ReadMetadata(stream, options);
  });
}

Result<FeedPage> MemoryProvider::ReadAll(Position after, const FeedOptions& options) {
  TANDEM_RETURN_IF_ERROR(impl_->mark.Check());
  TANDEM_RETURN_IF_ERROR(ValidateReadAll(options));
  Search<FeedPage> search;
  search.look = [&](const MemoryState& state, Timestamp /*now*/) {
    return state.events.ReadAll(after, options);
  };
  search.next = [](const MemoryState& /*state*/) { return kNever; };
  search.deadline = impl_->Deadline(options.wait.value());
  search.stop = options.stop;
  return impl_->store.Await(search);
}

// --- Messages --------------------------------------------------------------------------------

Search<std::vector<Delivery>> MemoryProvider::Impl::SearchFor(
    const std::vector<std::string>& queues, const DequeueOptions& options) const {
  Search<std::vector<Delivery>> search;
  search.look = [queues, options](MemoryState& state, Timestamp now) {
    return state.queues.Take(queues, options, now);
  };
  search.next = [queues](const MemoryState& state) { return state.queues.NextReady(queues); };
  search.deadline = Deadline(options.wait.value());
  search.stop = options.stop;
  return search;
}

Result<std::vector<Delivery>> MemoryProvider::Dequeue(std::span<const std::string> queues,
                                                      const DequeueOptions& options) {
  TANDEM_RETURN_IF_ERROR(impl_->mark.Check());
  TANDEM_RETURN_IF_ERROR(ValidateDequeue(queues, options));
  return impl_->store.Await(impl_->SearchFor({queues.begin(), queues.end()}, options));
}

void MemoryProvider::DequeueAsync(std::vector<std::string> queues, const DequeueOptions& options,
                                  DequeueCallback callback) {
  if (impl_->mark.in_forked_child()) return callback(ProcessMark::ForkedChild());
  if (Status status = ValidateDequeue(queues, options); !status.ok()) {
    impl_->executor.Post([callback = std::move(callback), status] { callback(status); });
    return;
  }
  impl_->waits.Start(std::make_shared<internal::MemoryWait<std::vector<Delivery>>>(
      &impl_->store, impl_->SearchFor(queues, options), std::move(callback)));
}

Result<Timestamp> MemoryProvider::Renew(const LockToken& token,
                                        Saturated<std::chrono::milliseconds> duration) {
  TANDEM_RETURN_IF_ERROR(impl_->mark.Check());
  TANDEM_RETURN_IF_ERROR(ValidateRenew(token, duration.value()));
  return impl_->store.Change([&](MemoryState& state, Timestamp now) {
    return state.queues.Renew(token, duration.value(), now);
  });
}

}  // namespace tandem
