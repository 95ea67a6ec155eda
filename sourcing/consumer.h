#pragma once

// A Consumer takes the messages of a queue and hands each to a handler. What the handler wants
// commits with the acknowledgement: its effects on the store happen exactly once.
//
//   sourcing::Consumer mailer(store, "mail", sourcing::ConsumerOptions().Workers(4),
//       [](const tandem::Delivery& mail) -> Result<tandem::Batch> {
//         if (!SendMail(mail.payload)) return Status::Unavailable("the mail server is away");
//         return tandem::Batch();
//       });
//
// The handler itself may run more than once for a message: what it does outside of the store it
// must be able to repeat. While it runs the lease is renewed. If it fails or throws, the message
// comes again, later and later; after so many deliveries it goes to the queue's dead letters.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <type_traits>
#include <utility>

#include "tandem/base/result.h"
#include "tandem/batch/provider.h"
#include "tandem/sourcing/envelope.h"

namespace sourcing {

// What became of a message that was not acknowledged.
enum class Unhandled {
  kRetried,     // it comes again after `retry_after`
  kDeadLetter,  // that was its last delivery: it is moved to DeadLetterQueue(queue) when next taken
  kLeaseLost,   // somebody else has it, or it is gone: what the handler wanted was not committed
  kGivenBack,   // the consumer stops: it comes again, and this delivery is not counted
  kLeft,        // the store failed: it comes again when the lease has run out
};

struct HandlingFailure {
  const tandem::Delivery& delivery;
  const Status& reason;
  Unhandled outcome = Unhandled::kRetried;
  std::chrono::milliseconds retry_after = {};
};

class ConsumerOptions {
 public:
  // Messages that are handled at a time, a thread each. At least 1.
  ConsumerOptions Workers(std::size_t workers) && {
    workers_ = workers;
    return std::move(*this);
  }
  // 0: no limit, so that a message which always fails is tried forever.
  ConsumerOptions MaxDeliveries(std::uint32_t deliveries) && {
    max_deliveries_ = deliveries;
    return std::move(*this);
  }
  // After so long without a renewal somebody else may take the message. More than 0.
  ConsumerOptions Lease(std::chrono::milliseconds lease) && {
    lease_ = lease;
    return std::move(*this);
  }
  // The delay after the first failure; each further one doubles it, up to the longest. What is
  // waited is, at random, between half of that and all of it.
  ConsumerOptions Backoff(std::chrono::milliseconds first, std::chrono::milliseconds longest) && {
    backoff_first_ = first;
    backoff_longest_ = longest;
    return std::move(*this);
  }
  // From 0 to 1, for the delays. Called by one thread at a time.
  ConsumerOptions Random(std::function<double()> random) && {
    random_ = std::move(random);
    return std::move(*this);
  }
  // Called for each message that was not acknowledged, by its worker, before that takes
  // the next one. Must be safe to call on several threads, and must not throw.
  ConsumerOptions OnFailure(std::function<void(const HandlingFailure&)> on_failure) && {
    on_failure_ = std::move(on_failure);
    return std::move(*this);
  }

 private:
  friend class Consumer;
  std::size_t workers_ = 1;
  std::uint32_t max_deliveries_ = 10;
  std::chrono::milliseconds lease_ = std::chrono::seconds(30);
  std::chrono::milliseconds backoff_first_ = std::chrono::seconds(1);
  std::chrono::milliseconds backoff_longest_ = std::chrono::minutes(5);
  std::function<double()> random_;
  std::function<void(const HandlingFailure&)> on_failure_;
};

template <typename F>
concept MessageHandler = std::is_invocable_r_v<Result<tandem::Batch>, F&, const tandem::Delivery&>;
template <typename F>
concept StoppableMessageHandler =
    std::is_invocable_r_v<Result<tandem::Batch>, F&, const tandem::Delivery&, std::stop_token>;

// Thread-safe. The store must outlive it. The handler is called by several threads if there are
// several workers.
//
// While the store reports an error, a worker waits for a second of the store's clock, and tries
// again.
class Consumer {
 public:
  // A handler may take a std::stop_token besides. Stop is requested when the lease is lost, since
  // then all it does is in vain, and when the consumer stops: it may then finish, or return
  // Cancelled, and the message comes again as if it had not been delivered.
  template <typename Handler>
    requires MessageHandler<Handler> || StoppableMessageHandler<Handler>
  Consumer(tandem::Provider& store, std::string queue, ConsumerOptions options, Handler handler)
      : Consumer(store, std::move(queue), std::move(options), Erase(std::move(handler)), 0) {}
  ~Consumer();
  Consumer(const Consumer&) = delete;
  Consumer& operator=(const Consumer&) = delete;

  // Takes no further message, and returns when the handlers that run have returned and their
  // messages are settled. The destructor does so. REQUIRES: not called by a handler.
  void Stop();

  // What is wrong with the store, as the last call saw it.
  Status status() const;

 private:
  using Handle = std::function<Result<tandem::Batch>(const tandem::Delivery&, std::stop_token)>;
  class Workers;

  Consumer(tandem::Provider& store, std::string queue, ConsumerOptions options, Handle handle, int);

  template <typename Handler>
  static Handle Erase(Handler handler) {
    if constexpr (StoppableMessageHandler<Handler>) {
      return handler;
    } else {
      return [handler = std::move(handler)](const tandem::Delivery& delivery,
                                            const std::stop_token&) mutable {
        return Result<tandem::Batch>(handler(delivery));
      };
    }
  }

  const std::unique_ptr<Workers> workers_;
};

}  // namespace sourcing
