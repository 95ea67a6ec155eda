// README: begin
#include <tandem/tandem.h>
#include <iostream>

int main() {
  const auto store = tandem::OpenStore("./shop-store", tandem::OpenMode::kCreateIfMissing);
  if (!store.ok()) return std::cerr << store.status() << '\n', 1;

  tandem::Batch batch;  // all of it, or nothing
  const auto placed = batch.Append("order-1", "a lamp was ordered");
  batch.Enqueue("mail", "thank you for order-1");
  const auto done = (*store)->AtomicBatch(batch);
  if (!done.ok()) return std::cerr << done.status() << '\n', 1;
  std::cout << "version " << (*done)[placed].version << '\n';

  const auto mail = (*store)->DequeueOne("mail");  // under a lease, until it is acknowledged
  if (!mail.ok()) return std::cerr << mail.status() << '\n', 1;
  if (!mail->has_value()) return 0;
  std::cout << (*mail)->payload << '\n';
  const auto acknowledged = (*store)->Ack((*mail)->lock_token);
  if (!acknowledged.ok()) return std::cerr << acknowledged << '\n', 1;
}
// README: end
