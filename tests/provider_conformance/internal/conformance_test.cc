#include "tandem/tests/provider_conformance/internal/conformance_test.h"

#include <algorithm>

namespace tandem::conformance {
namespace {

const char* NameOf(Part part) {
  switch (part) {
    case Part::kFeed:
      return "the feed";
    case Part::kAsynchronous:
      return "the asynchronous forms";
    case Part::kAdmin:
      return "administration";
    case Part::kCheckpoint:
      return "checkpoints";
    case Part::kReopen:
      return "what is left after it was closed";
  }
  return "?";
}

}  // namespace

void Must(const Status& status) {
  if (!status.ok()) throw std::runtime_error(status.ToString());
}

Texts TextsOf(const Deliveries& deliveries) {
  Texts texts;
  for (const Delivery& delivery : deliveries) texts.push_back(delivery.payload);
  return texts;
}

Texts TextsOf(const EventPage& page) {
  Texts texts;
  for (const Event& event : page.events) texts.push_back(event.payload);
  return texts;
}

Texts TextsOf(const FeedPage& page) {
  Texts texts;
  for (const FeedEvent& event : page.events) texts.push_back(event.event.payload);
  return texts;
}

Texts TextsOf(const std::vector<BrowsedMessage>& messages) {
  Texts texts;
  for (const BrowsedMessage& message : messages) texts.push_back(message.payload);
  return texts;
}

Texts Numbered(const std::string& prefix, int count) {
  Texts texts;
  for (int i = 1; i <= count; ++i) texts.push_back(prefix + std::to_string(i));
  return texts;
}

void ConformanceTest::TestBody() {
  for (const Part part : shows_->needs()) {
    if (!Has(part)) GTEST_SKIP() << kind_->name << " does not have " << NameOf(part);
  }
  store_ = kind_->open(clock(), directory_.path() / "store");
  Body();
}

void ConformanceTest::Reopen() {
  const std::filesystem::path directory = directory_.path() / "store";
  if (kind_->reopen) {
    store_ = kind_->reopen(std::move(store_), clock(), directory);
  } else {
    store_.reset();
    store_ = kind_->open(clock(), directory);
  }
}

void ConformanceTest::ReopenAt(Timestamp now) {
  clocks_.emplace_back(now);
  Reopen();
}

std::filesystem::path ConformanceTest::NewDirectory() {
  return directory_.path() / std::to_string(++directories_);
}

std::unique_ptr<Provider> ConformanceTest::OpenAnother() {
  return kind_->open(clock(), NewDirectory());
}

AppendResult ConformanceTest::Append(const StreamId& stream, Texts events, Expected expected) {
  AppendOptions options;
  options.expected = expected;
  return Must(store_->Append(stream, std::move(events), options));
}

EventPage ConformanceTest::Page(const StreamId& stream, const ReadOptions& options) {
  return Must(store_->Read(stream, options));
}

void ConformanceTest::SetMetadata(const StreamId& stream, Entries entries) {
  Commit({UpdateMetadata{stream, std::move(entries), {}}});
}

Entries ConformanceTest::MetadataOf(const StreamId& stream) {
  const MetadataPage page = Must(store_->ReadMetadata(stream, {}));
  return {page.entries.begin(), page.entries.end()};
}

FeedPage ConformanceTest::Feed(Position after, const FeedOptions& options) {
  return Must(store_->ReadAll(after, options));
}

std::optional<PartitionHead> ConformanceTest::Latest(const std::string& entity) {
  return Must(store_->LatestPartition(entity));
}

std::uint64_t ConformanceTest::DeleteStream(const StreamId& stream) {
  return std::get<DeleteEventsResult>(Commit({DeletePartition{stream}}).front()).events;
}

std::uint64_t ConformanceTest::DeleteWhole(const std::string& entity) {
  return std::get<DeleteEventsResult>(Commit({DeleteEntity{entity}}).front()).events;
}

MessageId ConformanceTest::Put(const std::string& queue, const std::string& payload,
                               const EnqueueOptions& options) {
  return Must(store_->Enqueue(queue, payload, options)).id;
}

MessageId ConformanceTest::PutIn(const std::string& group, const std::string& payload,
                                 std::chrono::milliseconds delay) {
  return Put(kQueue, payload, {.delay = delay, .group = group});
}

Deliveries ConformanceTest::Take(const std::string& queue, const DequeueOptions& options) {
  return Must(store_->Dequeue(queue, options));
}

Deliveries ConformanceTest::TakeFrom(const Texts& queues, const DequeueOptions& options) {
  return Must(store_->Dequeue(queues, options));
}

Delivery ConformanceTest::TakeOne(const std::string& queue, const DequeueOptions& options) {
  Deliveries deliveries = Take(queue, options);
  if (deliveries.size() != 1) {
    throw std::runtime_error("one delivery of '" + queue + "' was expected, there are " +
                             std::to_string(deliveries.size()));
  }
  return std::move(deliveries.front());
}

Deliveries ConformanceTest::Drain(const std::string& queue) {
  Deliveries all;
  for (Deliveries some = Take(queue, All()); !some.empty(); some = Take(queue, All())) {
    std::ranges::move(some, std::back_inserter(all));
  }
  return all;
}

bool ConformanceTest::Cancel(const std::string& queue, const std::string& key) {
  return std::get<CancelResult>(Commit({CancelMessage{queue, key}}).front()).cancelled;
}

std::vector<OperationResult> ConformanceTest::Commit(Batch operations,
                                                     const BatchOptions& options) {
  return CommitWhole(std::move(operations), options).operations;
}

BatchResult ConformanceTest::CommitWhole(Batch operations, const BatchOptions& options) {
  return Must(store_->AtomicBatch(std::move(operations), options));
}

Status ConformanceTest::Refused(Batch operations, const BatchOptions& options) {
  const auto result = store_->AtomicBatch(std::move(operations), options);
  if (result.ok()) throw std::runtime_error("the batch was applied");
  return result.status();
}

std::future<Deliveries> ConformanceTest::BlockedTake(const Texts& queues,
                                                     const DequeueOptions& options,
                                                     std::size_t others) {
  return Blocked([this, queues, options] { return TakeFrom(queues, options); }, others);
}

Answer<EventPage> ConformanceTest::ReadLater(const StreamId& stream, const ReadOptions& options) {
  return Answer<EventPage>(
      [&](ReadCallback callback) { store_->ReadAsync(stream, options, std::move(callback)); });
}

Answer<Deliveries> ConformanceTest::TakeLater(const Texts& queues, const DequeueOptions& options) {
  return Answer<Deliveries>([&](DequeueCallback callback) {
    store_->DequeueAsync(queues, options, std::move(callback));
  });
}

Answer<BatchResult> ConformanceTest::CommitLater(Batch operations, const BatchOptions& options) {
  return Answer<BatchResult>([&](BatchCallback callback) {
    store_->AtomicBatchAsync(std::move(operations), options, std::move(callback));
  });
}

void ConformanceTest::ExpectLost(const Status& status, LeaseLoss reason) {
  ASSERT_EQ(status.code(), StatusCode::kLeaseLost) << status;
  ASSERT_NE(status.lease_lost(), nullptr) << status;
  EXPECT_EQ(status.lease_lost()->reason, reason) << status;
}

}  // namespace tandem::conformance
