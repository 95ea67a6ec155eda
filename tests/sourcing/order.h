#pragma once

// The aggregate of these tests: an order, as a user would write it.

#include <string>

#include "tandem/sourcing/event.h"

namespace shop {

struct Placed {
  std::string customer;
  std::string item;
  int cents = 0;
  bool operator==(const Placed&) const = default;
};
TANDEM_EVENT(Placed, "placed", customer, item, cents)

struct Paid {
  int cents = 0;
  bool operator==(const Paid&) const = default;
};
TANDEM_EVENT(Paid, "paid", cents)

struct Cancelled {
  std::string reason;
  bool operator==(const Cancelled&) const = default;
};
TANDEM_EVENT(Cancelled, "cancelled", reason)

// Of no order.
struct Shipped {};
TANDEM_EVENT(Shipped, "shipped")

struct Order {
  using Events = sourcing::Events<Placed, Paid, Cancelled>;
  int open = 0;
  int payments = 0;
  bool cancelled = false;

  void Apply(const Placed& event) { open = event.cents; }
  void Apply(const Paid& event) {
    open -= event.cents;
    payments += 1;
  }
  void Apply(const Cancelled&) { cancelled = true; }
};
TANDEM_JSON(Order, open, payments, cancelled)

}  // namespace shop
