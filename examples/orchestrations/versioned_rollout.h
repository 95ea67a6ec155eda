#pragma once

// New code under old instances: a subscription that is billed every month, in two versions side by
// side, and a small change within the older one.
//
//   1.0.0 yesterday   bill, sleep, continue as new
//   1.0.0 today       the same with a receipt: ctx.Patched tells old instances from new ones
//   2.0.0 today       bills with tax: too much of a change for a patch
//
// What to learn here: an instance keeps its version until it continues as new, and then takes the
// latest; so a monthly subscription is on the new version within a month, and 1.0.0 can be deleted
// when no instance runs on it. tests/examples_orchestrations holds yesterday's code, and shows
// that its histories replay against today's.

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include <tandem/duroxide.h>
#include "examples/orchestrations/fields.h"
#include "examples/orchestrations/world.h"

namespace orchestrations {

struct Subscription {
  Subscription() = default;
  Subscription(std::int64_t price, std::int64_t left, std::int64_t length, std::int64_t sum)
      : cents(price), months(left), month_seconds(length), paid(sum) {}

  std::int64_t cents = 0;   // a month
  std::int64_t months = 0;  // still to be billed, at least one
  std::int64_t month_seconds = 0;
  std::int64_t paid = 0;  // in earlier months
};

}  // namespace orchestrations

ORCHESTRATIONS_DECLARE_CODEC(orchestrations::Subscription);

namespace orchestrations {

// Gives what was paid in all.
inline constexpr duroxide::Orchestration<std::int64_t(Subscription)> kSubscription("subscription");

inline constexpr duroxide::OrchestrationVersion kFirstVersion{1, 0, 0};
inline constexpr duroxide::OrchestrationVersion kTaxVersion{2, 0, 0};

constexpr std::int64_t kTaxPercent = 20;

// Gives what was paid. The effects are called `bill <call> <cents>` and `receipt <call>`.
inline constexpr duroxide::Activity<std::int64_t(std::int64_t)> kBill("bill");
inline constexpr duroxide::Activity<duroxide::Unit(std::int64_t)> kReceipt("receipt");

// Both versions and the activities.
void RegisterVersionedRollout(duroxide::Registry& registry, const std::shared_ptr<World>& world);
// Only the activities: for tests with other versions of the code.
void RegisterBilling(duroxide::Registry& registry, const std::shared_ptr<World>& world);

}  // namespace orchestrations
