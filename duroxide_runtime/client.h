#pragma once

// A Client starts orchestrations, raises events for them, and asks how instances are doing. Lists
// and deletions are the work of its admin() (client_admin.h). It needs only the provider: the work
// is done by any runtime that shares it. Thread-safe, cheap to copy. Waiting is notified, not
// polled, and ends with a time or a stop token (timeout.h).

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "tandem/batch/provider.h"
#include "tandem/duroxide_runtime/client_admin.h"
#include "tandem/duroxide_runtime/client_types.h"
#include "tandem/duroxide_runtime/codec.h"
#include "tandem/duroxide_runtime/handles.h"
#include "tandem/duroxide_runtime/history.h"
#include "tandem/duroxide_runtime/instance_status.h"

namespace duroxide {

class Registry;

namespace internal {
class FusedStarts;
struct NewInstance;
}  // namespace internal

// Errors common to all calls: InvalidArgument or TooLarge (empty or over-long ids, names, payloads:
// limits.h), before anything is done; and those of the store. Where a call but Start says NotFound,
// there is no such instance: it was never started, or deleted.
class Client {
 public:
  // `provider` outlives the client.
  explicit Client(tandem::Provider& provider) : provider_(&provider) {}

  // --- Starting ----------------------------------------------------------------------------------

  // Starts an orchestration under an id that is not in use. When it returns, the start is stored.
  // Errors: AlreadyExists, exactly: of several racing callers one succeeds. NotFound, for a client
  // of a Runtime, when the orchestration, or that version of it, is not registered there.
  //
  // A client of a Runtime runs the first turn within the call, and stores it with the start
  // (RuntimeOptions::fused_commits): the code up to its first wait runs on the caller's thread. So
  // a first turn that ends the process ends that of every caller; it is counted nowhere.
  template <typename Out, typename In>
  Status Start(const Orchestration<Out(In)>& orchestration, std::string_view instance,
               const std::type_identity_t<In>& input,
               const StartOptions& options = StartOptions()) const {
    TANDEM_ASSIGN_OR_RETURN(std::string bytes, internal::TryEncode(input));
    return StartEncoded(orchestration.name(), instance, std::move(bytes), options);
  }
  // The same by name, with the input as bytes.
  Status StartEncoded(std::string_view orchestration, std::string_view instance, std::string input,
                      const StartOptions& options = StartOptions()) const;

  // The same as operations for a batch of the caller's own, e.g. with the message that asked for
  // the start and the events that tell of it: the batch does all of it, or nothing. The first turn
  // is run by a runtime, never here.
  //
  //   Result<Batch> start = client.StartOperations(kTrip, "trip-7", trip);
  //   if (!start.ok()) return start.status();
  //   start->Ack(request.lock_token);
  //   return store.AtomicBatch(*std::move(start)).status();
  //
  // Errors, here or of the batch: as Start. Of the batch besides: Conflict (an instance of that id
  // was deleted meanwhile: ask for the operations again); InvalidArgument, when it starts the id
  // twice.
  template <typename Out, typename In>
  Result<tandem::Batch> StartOperations(const Orchestration<Out(In)>& orchestration,
                                        std::string_view instance,
                                        const std::type_identity_t<In>& input,
                                        const StartOptions& options = StartOptions()) const {
    TANDEM_ASSIGN_OR_RETURN(std::string bytes, internal::TryEncode(input));
    return StartEncodedOperations(orchestration.name(), instance, std::move(bytes), options);
  }
  Result<tandem::Batch> StartEncodedOperations(std::string_view orchestration,
                                               std::string_view instance, std::string input,
                                               const StartOptions& options = StartOptions()) const;

  // --- Events for an instance --------------------------------------------------------------------

  // Raises an event. It waits until the instance reads it (OrchestrationContext::WaitForEvent);
  // events of one name are read in the order in which these calls have returned.
  //
  // Success says that the event is stored, and that at this moment the instance was there and had
  // not finished. One whose start is delayed gets it when it starts. Errors: NotFound;
  // InvalidArgument (it has finished). An instance that reads nothing of what it is sent fails in
  // the end (limits.h, kUnreadEventsMax).
  template <typename T>
  Status RaiseEvent(std::string_view instance, const Event<T>& event,
                    const std::type_identity_t<T>& payload) const {
    return RaiseEvent(instance, event.name(), payload);
  }
  // The same for a name that is made at run time.
  template <Codable T>
  Status RaiseEvent(std::string_view instance, std::string_view name, const T& payload) const {
    TANDEM_ASSIGN_OR_RETURN(std::string bytes, internal::TryEncode(payload));
    return RaiseEncoded(instance, name, std::move(bytes));
  }
  Status RaiseEvent(std::string_view instance, std::string_view name,
                    const char* payload = "") const {
    return RaiseEncoded(instance, name, payload);
  }
  Status RaiseEncoded(std::string_view instance, std::string_view name, std::string payload) const;

  // The same as operations for a batch of the caller's own, as StartOperations is. Errors, here or
  // of the batch: as RaiseEvent. Of the batch besides: Conflict, when the instance was pending here
  // and is not any more: ask for the operations again.
  template <typename T>
  Result<tandem::Batch> RaiseEventOperations(std::string_view instance, const Event<T>& event,
                                             const std::type_identity_t<T>& payload) const {
    TANDEM_ASSIGN_OR_RETURN(std::string bytes, internal::TryEncode(payload));
    return RaiseEncodedOperations(instance, event.name(), std::move(bytes));
  }
  Result<tandem::Batch> RaiseEncodedOperations(std::string_view instance, std::string_view name,
                                               std::string payload) const;

  // Raises the event, and starts the instance first if there is none of that id, in one batch: no
  // other caller sees it without the event, and of racing callers one starts it and all raise.
  // True where this call has started it. Errors: as Start but AlreadyExists; InvalidArgument (the
  // instance of that id has finished). An instance that runs another orchestration gets the event.
  template <typename Out, typename In, typename T>
  Result<bool> StartOrRaise(const Orchestration<Out(In)>& orchestration, std::string_view instance,
                            const std::type_identity_t<In>& input, const Event<T>& event,
                            const std::type_identity_t<T>& payload,
                            const StartOptions& options = StartOptions()) const {
    TANDEM_ASSIGN_OR_RETURN(std::string input_bytes, internal::TryEncode(input));
    TANDEM_ASSIGN_OR_RETURN(std::string payload_bytes, internal::TryEncode(payload));
    return StartOrRaiseEncoded(orchestration.name(), instance, std::move(input_bytes), event.name(),
                               std::move(payload_bytes), options);
  }
  Result<bool> StartOrRaiseEncoded(std::string_view orchestration, std::string_view instance,
                                   std::string input, std::string_view event, std::string payload,
                                   const StartOptions& options = StartOptions()) const;

  // Asks the instance to end; what that does is up to its code (cancellation.h). Of one that has
  // finished nothing is asked, and that is a success: it does not run on, which is what was wanted.
  // Errors: NotFound.
  Status Cancel(std::string_view instance, std::string_view reason) const;

  // --- How an instance is doing ------------------------------------------------------------------

  // Errors: NotFound.
  Result<InstanceStatus> GetStatus(std::string_view instance) const;

  // Blocks until the instance has finished, and gives its output, or the Status with which it
  // failed. Errors besides that: NotFound, also when it is deleted meanwhile; DeadlineExceeded,
  // which no instance fails with, when it still runs at `limit` (of the provider's clock);
  // InvalidArgument when the instance runs another orchestration, or the output can't be decoded.
  template <typename Out, typename In>
  Result<Out> Wait(const Orchestration<Out(In)>& orchestration, std::string_view instance,
                   const WaitLimit& limit) const {
    TANDEM_ASSIGN_OR_RETURN(const std::string output,
                            WaitForOutput(orchestration.name(), instance, limit));
    return internal::TryDecode<Out>(output);
  }
  // The same for any orchestration: its status when it has finished, however it ended.
  Result<InstanceStatus> WaitUntilFinished(std::string_view instance, const WaitLimit& limit) const;

  // Blocks until custom_status.version is greater than `after_version` (0: until one was set), or
  // the instance has finished. Errors: NotFound, DeadlineExceeded (the time is over).
  Result<InstanceStatus> WaitForCustomStatus(std::string_view instance, std::uint64_t after_version,
                                             const WaitLimit& limit) const;

  // What orchestrations have set in the instance's key-value map, the running one included.
  // Readable after the end, gone with the instance. Errors: NotFound (no instance);
  // InvalidArgument (the value can't be decoded).
  template <Codable T>
  Result<std::optional<T>> GetKv(std::string_view instance, std::string_view key) const {
    TANDEM_ASSIGN_OR_RETURN(const std::optional<std::string> bytes, GetKvEncoded(instance, key));
    if (!bytes) return std::nullopt;
    TANDEM_ASSIGN_OR_RETURN(T value, internal::TryDecode<T>(*bytes));
    return value;
  }
  // The same, with a value for a key that is not there.
  template <Codable T>
  Result<T> GetKv(std::string_view instance, std::string_view key, T fallback) const {
    TANDEM_ASSIGN_OR_RETURN(std::optional<T> value, GetKv<T>(instance, key));
    return value ? *std::move(value) : std::move(fallback);
  }
  Result<std::optional<std::string>> GetKvEncoded(std::string_view instance,
                                                  std::string_view key) const;
  Result<std::vector<KvItem>> ListKv(std::string_view instance) const;  // by key

  // Blocks until the key has a value. Errors: as GetKv; DeadlineExceeded (the time is over);
  // InvalidArgument (the instance has finished without it).
  template <Codable T>
  Result<T> WaitForKv(std::string_view instance, std::string_view key,
                      const WaitLimit& limit) const {
    TANDEM_ASSIGN_OR_RETURN(const std::string bytes, WaitForKvEncoded(instance, key, limit));
    return internal::TryDecode<T>(bytes);
  }
  Result<std::string> WaitForKvEncoded(std::string_view instance, std::string_view key,
                                       const WaitLimit& limit) const;

  // --- Histories ---------------------------------------------------------------------------------

  // One page of the history of an execution; empty when it is not there (yet). With `wait` it
  // follows the execution as it goes on.
  Result<HistoryPage> ReadHistory(std::string_view instance, const HistoryOptions& options) const;

  // --- Operating ---------------------------------------------------------------------------------

  // What operators ask for, of many instances or whole ones: lists, counts, deleting.
  ClientAdmin admin() const { return ClientAdmin(*provider_); }

 private:
  friend class Runtime;
  Client(tandem::Provider& provider, const Registry& registry, internal::FusedStarts& starts)
      : provider_(&provider), registry_(&registry), fused_starts_(&starts) {}

  Result<internal::NewInstance> PrepareStart(std::string_view orchestration,
                                             std::string_view instance, std::string input,
                                             const StartOptions& options) const;
  // AlreadyExists if the id is taken.
  Status FindPlace(internal::NewInstance& start) const;
  Result<std::string> WaitForOutput(std::string_view orchestration, std::string_view instance,
                                    const WaitLimit& limit) const;

  tandem::Provider* provider_;
  // Of the runtime, if the client is one's.
  const Registry* registry_ = nullptr;
  internal::FusedStarts* fused_starts_ = nullptr;
};

}  // namespace duroxide
