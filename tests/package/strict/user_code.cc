// What users write against the public headers, compiled with every warning an error (CMakeLists.txt
// beside it has the flags): each operation put into a batch, options with some members named.

#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <tandem/batch/memory_provider.h>
#include <tandem/batch/provider_admin.h>
#include <tandem/batch/rocksdb_provider.h>
#include <tandem/duroxide.h>

namespace {

using tandem::Expected;
using tandem::Result;
using tandem::Status;

const tandem::StreamId kStream{"account-42", 0};

tandem::Batch EveryOperation(const std::string& text, const tandem::LockToken& token) {
  tandem::Batch batch;
  batch.Add(tandem::AppendEvents{kStream, {text}, Expected::Exactly(3)});
  batch.Add(tandem::AppendEvents{{"account-43", 0}, {text}});
  batch.Add(tandem::UpdateMetadata{kStream, {{"key", text}}, {"old"}});
  batch.Add(tandem::UpdateMetadata{kStream, {{"key", text}}});
  batch.Add(tandem::DeletePartition{kStream});
  batch.Add(tandem::DeleteEntity{text});
  batch.Add(tandem::CheckVersion{kStream, Expected::NoStream()});
  batch.Add(tandem::CheckMetadata{kStream, "key", text});
  batch.Add(tandem::CheckMetadata{kStream, "key", std::nullopt});
  batch.Add(tandem::Enqueue{"queue", text, {}});
  batch.Add(tandem::Enqueue{"queue", text, {.delay = std::chrono::hours(1)}});
  batch.Add(tandem::Enqueue{"queue", text, {.key = "k"}});
  batch.Add(tandem::DeleteMessages{token});
  batch.Add(tandem::AbandonMessages{token, std::chrono::seconds(1)});
  batch.Add(tandem::CancelMessage{"queue", "key"});
  batch.Add(tandem::DeleteGroup{"queue", "group"});
  return batch;
}

// g++ 12 took the temporary stream for uninitialized while the operations were aggregates.
Status SetOne(tandem::Provider& store, const std::string& value) {
  tandem::Batch batch;
  batch.Add(tandem::UpdateMetadata{{"account", 0}, {{"key", value}}, {}});
  return store.AtomicBatch(std::move(batch)).status();
}

Status ReadEverything(tandem::Provider& store) {
  TANDEM_ASSIGN_OR_RETURN(const tandem::EventPage page, store.Read(kStream, {.max_events = 3}));
  TANDEM_ASSIGN_OR_RETURN(const auto some, store.ReadMetadata(kStream, {.limit = 3}));
  TANDEM_ASSIGN_OR_RETURN(const auto prefix, store.ReadMetadata(kStream, {.prefix = "k"}));
  TANDEM_ASSIGN_OR_RETURN(const auto one, store.GetMetadata(kStream, "key"));
  TANDEM_ASSIGN_OR_RETURN(const auto feed,
                          store.ReadAll(page.next, {.wait = std::chrono::hours::max()}));
  TANDEM_RETURN_IF_ERROR(store.admin()->ListEntities({.prefix = "a"}).status());
  TANDEM_RETURN_IF_ERROR(store.admin()->ListPartitions("a", {.limit = 3}).status());
  TANDEM_RETURN_IF_ERROR(
      store.Append(kStream, {one.value_or("")}, {.expected = Expected::Any()}).status());
  const bool all = !some.more && !prefix.more && feed.events.empty();
  return all ? Status::Ok() : Status::NotFound("more");
}

Status Consume(tandem::Provider& store) {
  TANDEM_ASSIGN_OR_RETURN(const auto messages, store.Dequeue("queue", {.max_messages = 3}));
  TANDEM_ASSIGN_OR_RETURN(const auto others,
                          store.Dequeue({"a", "b"}, {.wait = std::chrono::hours::max()}));
  for (const tandem::Delivery& delivery : messages) {
    TANDEM_RETURN_IF_ERROR(
        store.AtomicBatch(EveryOperation(delivery.payload, delivery.lock_token), {.id = "once"})
            .status());
  }
  for (const tandem::Delivery& other : others) {
    TANDEM_RETURN_IF_ERROR(store.Abandon(other.lock_token, {.count = false}));
  }
  return Status::Ok();
}

Result<std::string> Charge(duroxide::ActivityContext& /*context*/, const std::string& order) {
  return "charged " + order;
}

constexpr duroxide::Activity<std::string(std::string)> kCharge("charge");
constexpr duroxide::Orchestration<std::string(std::string)> kOrder("order");

duroxide::Task<Result<std::string>> Order(duroxide::OrchestrationContext context,
                                          std::string order) {
  Result<std::string> charged = co_await context.Call(kCharge, std::move(order));
  co_return charged;
}

}  // namespace

Status UserCode(duroxide::Registry& registry) {
  tandem::MemoryProvider store;
  TANDEM_RETURN_IF_ERROR(ReadEverything(store));
  TANDEM_RETURN_IF_ERROR(Consume(store));
  TANDEM_RETURN_IF_ERROR(SetOne(store, "value"));
  registry.Add(kCharge, Charge);
  registry.Add(kOrder, Order);
  TANDEM_ASSIGN_OR_RETURN(const auto durable, tandem::RocksDbProvider::Open(
                                                  "store", tandem::OpenMode::kCreateIfMissing));
  return ReadEverything(*durable);
}
