#include "examples/orchestrations/order_saga.h"

#include <chrono>

namespace orchestrations {

namespace {

using duroxide::Activity;
using duroxide::OrFail;
using duroxide::Result;
using duroxide::RetryPolicy;
using duroxide::Status;
using duroxide::StatusCode;
using duroxide::Task;
using duroxide::Unit;

constexpr Activity<Unit(Order)> kReserve("reserve");
constexpr Activity<Unit(Order)> kCharge("charge");
constexpr Activity<std::string(Order)> kShip("ship");
constexpr Activity<Unit(Order)> kUnreserve("unreserve");
constexpr Activity<Unit(Order)> kRefund("refund");
constexpr Activity<Unit(Order)> kRecall("recall");

// A step that may never work is given up after a while. "No" is not asked again.
RetryPolicy Patient() {
  return RetryPolicy()
      .Attempts(5)
      .Backoff(std::chrono::milliseconds(200), 2, std::chrono::seconds(10))
      .NotOn(StatusCode::kInvalidArgument);
}

// An undo is noted before its step, since a step that fails or is cut off may have happened.
Task<Result<std::string>> OrderSaga(duroxide::OrchestrationContext ctx, duroxide::Saga undo,
                                    Order order) {
  undo.Add(kUnreserve, order);
  co_await OrFail(CallWithRetry(ctx, kReserve, order, Patient()));
  undo.Add(kRefund, order);
  co_await OrFail(CallWithRetry(ctx, kCharge, order, Patient()));
  undo.Add(kRecall, order);
  const std::string parcel = co_await OrFail(CallWithRetry(ctx, kShip, order, Patient()));
  ctx.Log(duroxide::LogLevel::kInfo, order.item + " is on its way as " + parcel);
  co_return parcel;
}

// --- The activities ------------------------------------------------------------------------------
// Effects are named by the order, not by the call: each step is there once for an order, and what
// was undone stays undone even if the step that it undoes comes late.

std::string Effect(std::string_view step, const duroxide::ActivityContext& context) {
  return std::string(step) + " " + context.instance();
}

using Check = Status (*)(const Order& order);
Status Anything(const Order&) { return Status::Ok(); }
Status Affordable(const Order& order) {
  if (order.cents <= kCentsMax) return Status::Ok();
  return Status::InvalidArgument("the bank declines " + std::to_string(order.cents) + " cents");
}
Status Deliverable(const Order& order) {
  if (order.address != "nowhere") return Status::Ok();
  return Status::InvalidArgument("the post office does not know the address");
}

}  // namespace

void RegisterOrderSaga(duroxide::Registry& registry, const std::shared_ptr<World>& world) {
  registry.Add(kOrderSaga, OrderSaga);

  const auto does = [world](std::string_view step, Check check) {
    return [world, step, check](duroxide::ActivityContext& context, const Order& order) {
      TANDEM_RETURN_IF_ERROR(check(order));
      TANDEM_RETURN_IF_ERROR(world->Hiccup(context));
      return world->Do(Effect(step, context));
    };
  };
  const auto undoes = [world](std::string_view step) {
    return [world, step](duroxide::ActivityContext& context, const Order&) -> Result<Unit> {
      TANDEM_RETURN_IF_ERROR(world->Hiccup(context));
      TANDEM_RETURN_IF_ERROR(world->Undo(Effect(step, context)));
      return Unit();
    };
  };
  registry.Add(kReserve,
               [reserve = does("reserve", Anything)](duroxide::ActivityContext& context,
                                                     const Order& order) -> Result<Unit> {
                 TANDEM_RETURN_IF_ERROR(reserve(context, order));
                 return Unit();
               });
  registry.Add(kCharge,
               [charge = does("charge", Affordable)](duroxide::ActivityContext& context,
                                                     const Order& order) -> Result<Unit> {
                 TANDEM_RETURN_IF_ERROR(charge(context, order));
                 return Unit();
               });
  registry.Add(kShip,
               [ship = does("ship", Deliverable)](duroxide::ActivityContext& context,
                                                  const Order& order) -> Result<std::string> {
                 TANDEM_RETURN_IF_ERROR(ship(context, order));
                 return "parcel of " + context.instance();
               });
  registry.Add(kUnreserve, undoes("reserve"));
  registry.Add(kRefund, undoes("charge"));
  registry.Add(kRecall, undoes("ship"));
}

}  // namespace orchestrations

std::string duroxide::Codec<orchestrations::Order>::Encode(const orchestrations::Order& order) {
  return orchestrations::EncodeFields(order.item, order.cents, order.address);
}
duroxide::Result<orchestrations::Order> duroxide::Codec<orchestrations::Order>::Decode(
    std::string_view bytes) {
  return orchestrations::DecodeFields<orchestrations::Order, std::string, std::int64_t,
                                      std::string>(bytes);
}
