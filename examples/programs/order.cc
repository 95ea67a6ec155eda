// An order, its outbox, and a view: event sourcing in one file.
//
//   order            the store is in ./orders
//   order <store>    or wherever this URL says: "memory:", a directory

#include <chrono>
#include <iostream>
#include <string>

#include <tandem/sourcing.h>
#include <tandem/tandem.h>

using namespace std::chrono_literals;
using tandem::Result;
using tandem::Status;

// sourcing: begin
struct Placed {
  std::string customer, item;
  int cents = 0;
};
struct Paid {
  int cents = 0;
};
struct Cancelled {
  std::string reason;
};
TANDEM_EVENT(Placed, "placed", customer, item, cents)  // its stored name, its fields as JSON
TANDEM_EVENT(Paid, "paid", cents)
TANDEM_EVENT(Cancelled, "cancelled", reason)

struct Order {  // the fold: what the events add up to
  using Events = sourcing::Events<Placed, Paid, Cancelled>;
  int open = 0;
  bool cancelled = false;
  void Apply(const Placed& event) { open = event.cents; }
  void Apply(const Paid& event) { open -= event.cents; }
  void Apply(const Cancelled&) { cancelled = true; }
};
TANDEM_JSON(Order, open, cancelled)  // for its snapshots
// sourcing: end

Status Place(sourcing::Repository<Order>& orders, const std::string& id, const Placed& placed) {
  return orders.Change(id, "place-" + id, [&](const Order&, sourcing::Changes& change) {
    change.Append(placed);
    return Status::Ok();
  });
}

// sourcing: begin
// Loads, decides, commits; again on a Conflict. A repeated command answers what the first one did.
sourcing::ChangeResult Pay(sourcing::Repository<Order>& orders, const std::string& id, int cents,
                           const std::string& command_id) {
  return orders.Change(id, command_id, [&](const Order& order, sourcing::Changes& change) {
    if (order.cancelled) return Status::InvalidArgument(id + " was cancelled");
    if (cents > order.open) {
      return Status::InvalidArgument(id + " owes only " + std::to_string(order.open));
    }
    change.Append(Paid{cents});
    change.Enqueue("mail", "we got " + std::to_string(cents) + " for " + id);  // the same batch
    return Status::Ok();
  });
}
// sourcing: end

bool SendMail(const std::string& text) {
  std::cout << text + "\n" << std::flush;
  return true;
}

Status Run(tandem::Provider& store) {
  // sourcing: begin
  sourcing::Repository<Order> orders(store, "order",
                                     sourcing::RepositoryOptions().SnapshotEvery(100));

  const sourcing::Consumer mailer(
      store, "mail", sourcing::ConsumerOptions().Workers(4).MaxDeliveries(5),
      [](const tandem::Delivery& mail) -> Result<tandem::Batch> {
        // Again later, with back-off; at last it is a dead letter.
        if (!SendMail(mail.payload)) return Status::Unavailable("the mail server is away");
        return tandem::Batch();  // what it wants commits with the acknowledgement
      });

  sourcing::Projection<Order::Events> spent(
      store, "spent-by-customer", sourcing::Category("order"),
      sourcing::On<Placed>(
          [](const Placed& event, const sourcing::Recorded&, sourcing::View& view) {
            // Written with the checkpoint: each event counts once.
            view.Put(event.customer, view.GetOr<int>(event.customer, 0) + event.cents);
          }));
  // sourcing: end

  TANDEM_RETURN_IF_ERROR(Place(orders, "order-1", {"ann", "lamp", 1200}));
  for (int i = 0; i < 2; ++i) {  // the second is a repetition: one event, one mail
    TANDEM_RETURN_IF_ERROR(Pay(orders, "order-1", 500, "request-77"));
  }
  std::cout << Pay(orders, "order-1", 5000, "request-78").status() << '\n';

  // sourcing: begin
  TANDEM_RETURN_IF_ERROR(spent.WaitFor(orders.LastPosition("order-1"), 10s));  // read your writes
  TANDEM_ASSIGN_OR_RETURN(const auto cents, spent.Get<int>("ann"));
  // sourcing: end
  std::cout << "ann has spent " << cents.value_or(0) << '\n';
  return Status::Ok();
}  // the destructors stop and drain, and leave nothing half done

int main(int argc, char** argv) {  // NOLINT(bugprone-exception-escape): for want of memory
  const auto store =
      tandem::OpenStore(argc > 1 ? argv[1] : "./orders", tandem::OpenMode::kCreateIfMissing);
  if (!store.ok()) return std::cerr << store.status() << '\n', 1;
  const Status done = Run(**store);
  if (!done.ok()) return std::cerr << done << '\n', 1;
}
