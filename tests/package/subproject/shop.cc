// Moves an order from a message to an event in one batch, in memory.

#include <tandem/batch/memory_provider.h>
#include <tandem/version.h>

#include <cstdio>

int main() {
  tandem::MemoryProvider store;
  if (!store.Enqueue("orders", "3 lamps").ok()) return 1;
  const auto messages = store.Dequeue("orders");
  if (!messages.ok() || messages->size() != 1) return 1;
  const auto& order = messages->front();
  const auto applied = store.AtomicBatch({tandem::AppendEvents{{"shop", 0}, {order.payload}},
                                          tandem::DeleteMessages{{order.lock_token}}});
  const auto page = store.Read({"shop", 0}, {});
  if (!applied.ok() || !page.ok() || page->events.size() != 1) return 1;
  std::printf("%s by Tandem %s\n", page->events.front().payload.c_str(), TANDEM_VERSION);
  return 0;
}
