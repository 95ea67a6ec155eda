#include "examples/orchestrations/versioned_rollout.h"

#include <chrono>

namespace orchestrations {

namespace {

using duroxide::OrFail;
using duroxide::Result;
using duroxide::RetryPolicy;
using duroxide::Task;
using duroxide::Unit;

RetryPolicy Patient() {
  return RetryPolicy().Attempts(20).Backoff(std::chrono::milliseconds(200), 2,
                                            std::chrono::seconds(10));
}

// The end of a month is the same for all versions.
Task<Result<std::int64_t>> EndMonth(duroxide::OrchestrationContext ctx, Subscription subscription) {
  if (--subscription.months == 0) co_return subscription.paid;
  co_await ctx.Sleep(std::chrono::seconds(subscription.month_seconds));
  co_return ctx.ContinueAsNew(kSubscription, subscription);  // as the latest version
}

Task<Result<std::int64_t>> SubscriptionV1(duroxide::OrchestrationContext ctx,
                                          Subscription subscription) {
  const std::int64_t paid =
      co_await OrFail(CallWithRetry(ctx, kBill, subscription.cents, Patient()));
  subscription.paid += paid;
  // An instance that had passed here before there were receipts goes on without one this month.
  if (ctx.Patched("receipts")) {
    co_await OrFail(CallWithRetry(ctx, kReceipt, paid, Patient()));
  }
  ctx.Log(duroxide::LogLevel::kInfo, "1.0.0 has billed " + std::to_string(paid));
  co_return co_await EndMonth(ctx, subscription);
}

// No patch here: whoever comes to this version starts at its beginning.
Task<Result<std::int64_t>> SubscriptionV2(duroxide::OrchestrationContext ctx,
                                          Subscription subscription) {
  const std::int64_t with_tax = subscription.cents * (100 + kTaxPercent) / 100;
  const std::int64_t paid = co_await OrFail(CallWithRetry(ctx, kBill, with_tax, Patient()));
  subscription.paid += paid;
  co_await OrFail(CallWithRetry(ctx, kReceipt, paid, Patient()));
  ctx.Log(duroxide::LogLevel::kInfo, "2.0.0 has billed " + std::to_string(paid));
  co_return co_await EndMonth(ctx, subscription);
}

}  // namespace

void RegisterBilling(duroxide::Registry& registry, const std::shared_ptr<World>& world) {
  registry.Add(
      kBill,
      [world](duroxide::ActivityContext& context, std::int64_t cents) -> Result<std::int64_t> {
        TANDEM_RETURN_IF_ERROR(world->Hiccup(context));
        TANDEM_RETURN_IF_ERROR(
            world->Do("bill " + CallName(context) + " " + std::to_string(cents)));
        return cents;
      });
  registry.Add(kReceipt, [world](duroxide::ActivityContext& context, std::int64_t) -> Result<Unit> {
    TANDEM_RETURN_IF_ERROR(world->Hiccup(context));
    TANDEM_RETURN_IF_ERROR(world->Do("receipt " + CallName(context)));
    return Unit();
  });
}

void RegisterVersionedRollout(duroxide::Registry& registry, const std::shared_ptr<World>& world) {
  registry.Add(kSubscription, kFirstVersion, SubscriptionV1);
  registry.Add(kSubscription, kTaxVersion, SubscriptionV2);
  RegisterBilling(registry, world);
}

}  // namespace orchestrations

std::string duroxide::Codec<orchestrations::Subscription>::Encode(
    const orchestrations::Subscription& value) {
  return orchestrations::EncodeFields(value.cents, value.months, value.month_seconds, value.paid);
}
duroxide::Result<orchestrations::Subscription>
duroxide::Codec<orchestrations::Subscription>::Decode(std::string_view bytes) {
  return orchestrations::DecodeFields<orchestrations::Subscription, std::int64_t, std::int64_t,
                                      std::int64_t, std::int64_t>(bytes);
}
