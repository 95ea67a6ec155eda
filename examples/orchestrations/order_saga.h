#pragma once

// A saga: an order is reserved, charged and shipped. If a step fails for good, or the order is
// cancelled, everything that was begun is undone, the last step first.
//
// What to learn here: a Saga as the second parameter does all of that; why undoing has to be safe
// for steps that may or may not have happened; what is tried again and what is not.

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include <tandem/duroxide.h>
#include "examples/orchestrations/fields.h"
#include "examples/orchestrations/world.h"

namespace orchestrations {

struct Order {
  Order() = default;  // an input of a coroutine must not be an aggregate (docs/coroutines.md)
  Order(std::string what, std::int64_t price, std::string where)
      : item(std::move(what)), cents(price), address(std::move(where)) {}

  std::string item;
  std::int64_t cents = 0;  // above kCentsMax: the bank says no
  std::string address;     // "nowhere": the post office says no
};

constexpr std::int64_t kCentsMax = 100'000;

}  // namespace orchestrations

ORCHESTRATIONS_DECLARE_CODEC(orchestrations::Order);

namespace orchestrations {

// Gives the number of the parcel. Fails as the step that failed did, or with Cancelled; then
// nothing of the order is left reserved, charged or shipped.
inline constexpr duroxide::Orchestration<std::string(Order)> kOrderSaga("order-saga");

// With its activities: reserve, charge, ship; unreserve, refund, recall. Their effects in the world
// are called `reserve <instance>`, `charge <instance>`, `ship <instance>`.
void RegisterOrderSaga(duroxide::Registry& registry, const std::shared_ptr<World>& world);

}  // namespace orchestrations
