#pragma once

// What an activity knows about its call, the progress that it leaves to its next attempt, and the
// operations that it may give with its value.
// Activities are ordinary blocking code on a thread of the runtime, and may do anything; they run
// at least once, so what they do should bear repetition.
//
//   Result<int> CopyAll(ActivityContext& context, FileList files) {
//     TANDEM_ASSIGN_OR_RETURN(const std::optional<int> done, context.LastProgress<int>());
//     for (int i = done.value_or(0); i < files.size(); ++i) {
//       if (context.stop_token().stop_requested()) return Status::Cancelled("stopped");
//       Copy(files[i]);
//       TANDEM_RETURN_IF_ERROR(context.Heartbeat(i + 1));
//     }
//     return files.size();
//   }

#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>

#include "tandem/batch/batch.h"
#include "tandem/duroxide_runtime/codec.h"
#include "tandem/duroxide_runtime/orchestration_version.h"

namespace duroxide {

// All of it comes with the activity's message: nothing is looked up to run one.
struct ActivityFacts {
  std::string activity = {};  // its name
  std::string tag = {};       // empty: untagged
  std::string instance = {};
  std::uint64_t execution = 1;
  std::uint64_t id = 0;
  std::string orchestration = {};  // its name
  OrchestrationVersion version = {};
  std::uint32_t delivery_count = 1;
};

// Where the progress of a call is kept between its attempts.
class ActivityProgress {
 public:
  virtual ~ActivityProgress() = default;
  // nullopt: only says that the activity is alive.
  virtual Status Save(std::optional<std::string> progress) = 0;
  virtual Result<std::optional<std::string>> Load() = 0;
};

// The value of an activity with operations on the store: its own events and messages, the start of
// another instance (Client::StartOperations). The batch that stores the value applies them, so
// there is one exactly where there are the others, however often the activity has run.
//
//   Result<WithOperations<Receipt>> Charge(ActivityContext&, Order order) {
//     Batch batch;
//     batch.Append("order-7", "paid", Expected::Exactly(order.version));
//     batch.Enqueue("mail", "we got it");
//     return WithOperations{Receipt(order), std::move(batch)};
//   }
//
// Where the store refuses one of them (a Conflict, a TooLarge), none is applied, and the refusal is
// the failure of the activity: a RetryPolicy runs it again.
template <typename Out>
struct WithOperations {
  Out value;
  tandem::Batch operations;
};

// Not thread-safe, but for the stop token.
class ActivityContext {
 public:
  // `progress` outlives the context. Without one, as in a unit test of an activity, progress is
  // kept here.
  explicit ActivityContext(ActivityFacts facts, std::stop_token stop = std::stop_token(),
                           ActivityProgress* progress = nullptr)
      : facts_(std::move(facts)), stop_(std::move(stop)), progress_(progress) {}

  // (instance, execution, id) names the call: the same for every delivery, and so a good key to
  // make the outside effect happen once.
  const std::string& instance() const { return facts_.instance; }
  std::uint64_t execution() const { return facts_.execution; }
  std::uint64_t id() const { return facts_.id; }

  const std::string& name() const { return facts_.activity; }
  const std::string& tag() const { return facts_.tag; }
  const std::string& orchestration() const { return facts_.orchestration; }
  const OrchestrationVersion& orchestration_version() const { return facts_.version; }

  // 1 for the first attempt. More: an earlier one was cut off, or its result was lost. One that
  // stopped for a shutdown is not counted.
  std::uint32_t delivery_count() const { return facts_.delivery_count; }

  // Requested when the result is no longer wanted (the call was cancelled), when the lease was lost
  // to somebody else, or when the runtime shuts down and will wait no longer. An activity that then
  // fails has not failed: it is given back, and runs again unless it was cancelled. One that
  // succeeds all the same is reported, if the lease still holds.
  //
  // Nobody can stop an activity that does not look: it keeps its thread until it returns.
  //
  // A std::stop_callback on it runs on the thread that asks for the stop: the one that renews all
  // leases, or that calls Shutdown. So it only wakes somebody or sets a flag: others wait for it,
  // and what it throws ends the process.
  const std::stop_token& stop_token() const { return stop_; }

  // Says that the activity is alive, and stores how far it has come, for LastProgress of the next
  // attempt. Also the quickest way to learn of a cancellation. What is stored is gone once the
  // activity's result is stored, survives a crash of the process, and may be lost in a power cut.
  // The lease is renewed in any case: no heartbeat is needed for that. Each costs two small writes
  // without a flush of their own.
  //
  // Errors: Cancelled (the call was cancelled, or somebody else runs it: return); TooLarge; those
  // of the store, which may be ignored.
  template <Codable T>
  Status Heartbeat(const T& progress) {
    TANDEM_ASSIGN_OR_RETURN(std::string bytes, internal::TryEncode(progress));
    return HeartbeatEncoded(std::move(bytes));
  }
  Status Heartbeat(const char* progress) { return HeartbeatEncoded(progress); }
  Status Heartbeat() { return Save(std::nullopt); }
  Status HeartbeatEncoded(std::string progress);  // the same with bytes

  // What was stored last, by this attempt or an earlier one; nullopt if nothing was. Reads one
  // small record. Errors: of the codec, of the store.
  template <Codable T>
  Result<std::optional<T>> LastProgress() {
    TANDEM_ASSIGN_OR_RETURN(const std::optional<std::string> bytes, LastProgressEncoded());
    if (!bytes) return std::nullopt;
    TANDEM_ASSIGN_OR_RETURN(T progress, internal::TryDecode<T>(*bytes));
    return progress;
  }
  Result<std::optional<std::string>> LastProgressEncoded();

 private:
  Status Save(std::optional<std::string> progress);

  const ActivityFacts facts_;
  const std::stop_token stop_;
  ActivityProgress* const progress_;
  std::optional<std::string> kept_;  // without progress_
};

}  // namespace duroxide
