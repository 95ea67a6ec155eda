#include "tandem/duroxide_runtime/internal/store/layout.h"

#include "tandem/base/key_encoding.h"

namespace duroxide::internal {

namespace {

constexpr char kOperationPrefix = 'O';
constexpr std::string_view kProgressPrefix = "progress/";

}  // namespace

std::string InstanceEntity(std::string_view instance) {
  return std::string(kInstanceEntityPrefix).append(instance);
}

std::optional<std::string_view> InstanceOf(std::string_view entity) {
  if (!entity.starts_with(kInstanceEntityPrefix)) return std::nullopt;
  return entity.substr(kInstanceEntityPrefix.size());
}

tandem::StreamId HomeStream(std::string_view instance, std::uint64_t first_execution) {
  return {InstanceEntity(instance), first_execution - 1};
}

tandem::StreamId HistoryStream(std::string_view instance, std::uint64_t execution) {
  return {InstanceEntity(instance), execution};
}

std::string OperationKey(std::string_view instance, const OperationId& id) {
  return tandem::KeyWriter(kOperationPrefix)
      .Escaped(instance)
      .U64(id.execution)
      .U64(id.scheduled_id)
      .Take();
}

std::string WorkQueue(std::string_view tag) {
  std::string queue(kWorkQueue);
  if (!tag.empty()) queue.append("/").append(tag);
  return queue;
}

std::string KvKey(std::string_view key) { return std::string(kKvPrefix).append(key); }

tandem::Enqueue ToInstance(std::string_view instance, const WorkItem& item) {
  tandem::Enqueue enqueue;
  enqueue.queue = kTurnQueue;
  enqueue.payload = EncodeWorkItem(item);
  enqueue.options.group = instance;  // in order, and to one turn at a time
  return enqueue;
}

std::string ProgressKey(std::uint64_t scheduled_id) {
  return std::string(kProgressPrefix).append(std::to_string(scheduled_id));
}

}  // namespace duroxide::internal
