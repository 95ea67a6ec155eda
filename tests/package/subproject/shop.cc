// Moves an order from a message to an event in one batch, in memory.

#include <tandem/batch/memory_provider.h>
#include <tandem/version.h>

#include <cstdio>
#include <utility>

int main() {
  tandem::MemoryProvider store;
  if (!store.Enqueue("orders", "3 lamps").ok()) return 1;
  const auto order = store.DequeueOne("orders");
  if (!order.ok() || !order->has_value()) return 1;
  tandem::Batch batch;
  batch.Ack((*order)->lock_token);
  batch.Append("shop", (*order)->payload);
  const auto applied = store.AtomicBatch(std::move(batch));
  const auto page = store.Read("shop", {});
  if (!applied.ok() || !page.ok() || page->events.size() != 1) return 1;
  std::printf("%s by Tandem %s\n", page->events.front().payload.c_str(), TANDEM_VERSION);
  return 0;
}
