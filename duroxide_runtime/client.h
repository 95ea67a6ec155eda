#pragma once

// A Client starts orchestrations, raises events, and asks how instances are doing. It needs only
// the provider: the work is done by any runtime that shares it. Thread-safe, cheap to copy.

#include <chrono>
#include <cstdint>
#include <stop_token>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "batch/provider.h"
#include "duroxide_runtime/codec.h"
#include "duroxide_runtime/handles.h"
#include "duroxide_runtime/history.h"
#include "duroxide_runtime/instance_status.h"

namespace duroxide {

class Registry;

struct HistoryOptions {
  EventId from = 1;
  std::size_t max_events = 1000;
  std::chrono::milliseconds wait{0};  // for an event at or after `from`
  std::stop_token stop;               // ends the wait early
};

struct HistoryPage {
  std::uint64_t execution = 0;
  EventId first = 0;  // of `events`; ids are consecutive
  std::vector<HistoryEvent> events;
  EventId next = 0;  // where the next page starts
};

// Errors common to all calls: InvalidArgument or TooLarge (empty or over-long ids, names, payloads:
// limits.h), before anything is done; and those of the store.
class Client {
 public:
  // `provider` outlives the client.
  explicit Client(tandem::Provider& provider) : provider_(&provider) {}

  // Starts an orchestration under an id that was never used. When it returns, the start is stored.
  // Errors: AlreadyExists, exactly: of several racing callers one succeeds. NotFound, for a client
  // of a Runtime, when the orchestration is not registered there.
  template <typename Out, typename In>
  Status Start(const Orchestration<Out(In)>& orchestration, std::string_view instance,
               const std::type_identity_t<In>& input) const {
    return StartEncoded(orchestration.name(), instance, Codec<In>::Encode(input));
  }
  // The same by name, with the input as bytes.
  Status StartEncoded(std::string_view orchestration, std::string_view instance,
                      std::string input) const;

  // Blocks until the instance has finished, and gives its output, or the Status with which it
  // failed. Notified, not polled. Errors besides that: NotFound; Unavailable when it still runs
  // after `timeout` (of the provider's clock); InvalidArgument when the instance runs another
  // orchestration, or the output can't be decoded.
  template <typename Out, typename In>
  Result<Out> Wait(const Orchestration<Out(In)>& orchestration, std::string_view instance,
                   std::chrono::milliseconds timeout) const {
    TANDEM_ASSIGN_OR_RETURN(const std::string output,
                            WaitForOutput(orchestration.name(), instance, timeout));
    return Codec<Out>::Decode(output);
  }
  // The same for any orchestration: its status when it has finished, however it ended.
  Result<InstanceStatus> WaitUntilFinished(std::string_view instance,
                                           std::chrono::milliseconds timeout) const;

  // Sends an external event. Success says that it is stored and that the instance had not finished;
  // whether it finds a wait is up to the instance (OrchestrationContext::WaitForEvent). Errors:
  // NotFound (no such instance), InvalidArgument (it has finished).
  template <Codable T>
  Status RaiseEvent(std::string_view instance, std::string_view name, const T& payload) const {
    return RaiseEncoded(instance, name, Codec<T>::Encode(payload));
  }
  Status RaiseEvent(std::string_view instance, std::string_view name,
                    const char* payload = "") const {
    return RaiseEncoded(instance, name, payload);
  }
  Status RaiseEncoded(std::string_view instance, std::string_view name, std::string payload) const;

  // Errors: NotFound.
  Result<InstanceStatus> GetStatus(std::string_view instance) const;

  // One page of the history of the instance's latest execution; empty for one that has not run yet.
  // With `wait` it follows the instance as it goes on.
  Result<HistoryPage> ReadHistory(std::string_view instance, const HistoryOptions& options) const;

 private:
  friend class Runtime;
  Client(tandem::Provider& provider, const Registry* registry)
      : provider_(&provider), registry_(registry) {}

  Result<std::string> WaitForOutput(std::string_view orchestration, std::string_view instance,
                                    std::chrono::milliseconds timeout) const;

  tandem::Provider* provider_;
  const Registry* registry_ = nullptr;  // of the runtime, if the client is one's
};

}  // namespace duroxide
