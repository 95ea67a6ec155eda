#pragma once

// The fixture of all cases: a store with a manual clock that can be opened again, and the short
// forms that make a case readable. A call that must succeed and does not throws its status, which
// ends the case as failed, also out of another thread through its future.

#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <future>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "tandem/base/limits.h"
#include "tandem/base/manual_clock.h"
#include "tandem/batch/provider.h"
#include "tandem/batch/provider_admin.h"
#include "tandem/tests/provider_conformance/internal/answer.h"
#include "tandem/tests/provider_conformance/internal/case_list.h"
#include "tandem/tests/support/temporary_directory.h"

namespace tandem::conformance {

using Texts = std::vector<std::string>;
using Deliveries = std::vector<Delivery>;
using Entries = std::map<std::string, std::string>;
using Batch = Batch;

constexpr std::chrono::milliseconds kSecond{1000};
constexpr std::chrono::milliseconds kMinute = 60 * kSecond;
constexpr std::chrono::milliseconds kHour = 60 * kMinute;
constexpr std::chrono::microseconds kMicrosecond{1};

// The value, or an exception with the status that stands in its place.
void Must(const Status& status);
template <typename T>
T Must(Result<T> result) {
  Must(result.status());
  return *std::move(result);
}

template <typename T>
StatusCode Code(const Result<T>& result) {
  return result.status().code();
}
inline StatusCode Code(const Status& status) { return status.code(); }

// Payloads, in order.
Texts TextsOf(const Deliveries& deliveries);
Texts TextsOf(const EventPage& page);
Texts TextsOf(const FeedPage& page);
Texts TextsOf(const std::vector<BrowsedMessage>& messages);

// "<prefix>1", "<prefix>2", ...
Texts Numbered(const std::string& prefix, int count);

// A name with a zero byte, and the like: literals lose what is behind it.
template <std::size_t kSize>
std::string Bytes(const char (&literal)[kSize]) {
  return std::string(literal, kSize - 1);
}

class ConformanceTest : public ::testing::Test {
 public:
  // Before it runs. REQUIRES: both outlive the test.
  void Configure(const ProviderKind* kind, const Shows* shows) {
    kind_ = kind;
    shows_ = shows;
  }

 protected:
  virtual void Body() = 0;

  Provider& store() { return *store_; }
  ProviderAdmin& admin() { return *store_->admin(); }
  ManualClock& clock() { return clocks_.back(); }
  const ProviderKind& kind() const { return *kind_; }
  bool Has(Part part) const { return !kind_->missing.contains(part); }

  void Reopen();
  // With a clock that shows something else.
  void ReopenAt(Timestamp now);
  void Close() { store_.reset(); }
  // A second store, and a directory that is not there yet.
  std::unique_ptr<Provider> OpenAnother();
  std::filesystem::path NewDirectory();

  // Events.
  AppendResult Append(const StreamId& stream, Texts events, Expected expected = Expected::Any());
  EventPage Page(const StreamId& stream, const ReadOptions& options = {});
  Texts Events(const StreamId& stream) { return TextsOf(Page(stream)); }
  Version Head(const StreamId& stream) { return Page(stream).head; }
  void SetMetadata(const StreamId& stream, Entries entries);
  Entries MetadataOf(const StreamId& stream);
  FeedPage Feed(Position after, const FeedOptions& options = {});
  std::optional<PartitionHead> Latest(const std::string& entity);
  std::uint64_t DeleteStream(const StreamId& stream);    // how many events
  std::uint64_t DeleteWhole(const std::string& entity);  // how many events

  // Messages.
  MessageId Put(const std::string& queue, const std::string& payload,
                const EnqueueOptions& options = {});
  MessageId PutIn(const std::string& group, const std::string& payload,
                  std::chrono::milliseconds delay = {});  // into kQueue
  Deliveries Take(const std::string& queue, const DequeueOptions& options = {});
  Deliveries TakeFrom(const Texts& queues, const DequeueOptions& options = {});
  Delivery TakeOne(const std::string& queue, const DequeueOptions& options = {});
  Deliveries Drain(const std::string& queue);  // takes until there is nothing
  Texts TakeTexts(const std::string& queue, const DequeueOptions& options = {}) {
    return TextsOf(Take(queue, options));
  }
  bool Cancel(const std::string& queue, const std::string& key);
  void Ack(const LockToken& token) { Must(store_->Ack(token)); }
  void Abandon(const LockToken& token, const AbandonOptions& options = {}) {
    Must(store_->Abandon(token, options));
  }

  // Batches. Commit fails the case if the batch is refused, Refused if it is not.
  std::vector<OperationResult> Commit(Batch operations, const BatchOptions& options = {});
  BatchResult CommitWhole(Batch operations, const BatchOptions& options);
  Status Refused(Batch operations, const BatchOptions& options = {});
  void ExpectRefused(Batch operations, const BatchOptions& options = {}) {
    EXPECT_FALSE(Refused(std::move(operations), options).ok());
  }

  // The call on a thread of its own, which is blocked, by now, beside `others` that were before.
  template <typename Call>
  auto Blocked(Call call, std::size_t others = 0) {
    auto future = std::async(std::launch::async, std::move(call));
    clock().AwaitWaiters(others + 1);
    return future;
  }
  std::future<Deliveries> BlockedTake(const Texts& queues, const DequeueOptions& options,
                                      std::size_t others = 0);
  template <typename T>
  static bool IsReady(const std::future<T>& future) {
    return future.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
  }

  Answer<EventPage> ReadLater(const StreamId& stream, const ReadOptions& options);
  Answer<Deliveries> TakeLater(const Texts& queues, const DequeueOptions& options);
  Answer<BatchResult> CommitLater(Batch operations, const BatchOptions& options = {});

  static void ExpectLost(const Status& status, LeaseLoss reason);

  static constexpr const char* kQueue = "work";

 private:
  void TestBody() final;

  const ProviderKind* kind_ = nullptr;
  const Shows* shows_ = nullptr;
  std::list<ManualClock> clocks_{1};  // the last is the store's
  testing::TemporaryDirectory directory_;
  int directories_ = 0;
  std::unique_ptr<Provider> store_;
};

// Everything, of a group too.
inline DequeueOptions All() { return {.max_messages = 1000}; }

}  // namespace tandem::conformance
