#include "examples/orchestrations/order_saga.h"

#include <chrono>
#include <vector>

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

// What undoes the steps that were begun, in the order of the steps. The body of the saga and the
// undoing share it; it is made anew on each replay, like any other local.
using Undoing = std::vector<Activity<Unit(Order)>>;

// A step that may never work is given up after a while. "No" is not asked again.
RetryPolicy Patient() {
  return RetryPolicy()
      .Attempts(5)
      .Backoff(std::chrono::milliseconds(200), 2, std::chrono::seconds(10))
      .NotOn(StatusCode::kInvalidArgument);
}

// Undoing is not given up.
RetryPolicy Stubborn() {
  return RetryPolicy().Attempts(1'000'000).Backoff(std::chrono::milliseconds(200), 2,
                                                   std::chrono::hours(1));
}

// An undo is noted before its step, since a step that fails or is cut off may have happened.
Task<Result<std::string>> Fulfil(duroxide::OrchestrationContext ctx, Order order,
                                 std::shared_ptr<Undoing> undoing) {
  undoing->push_back(kUnreserve);
  co_await OrFail(CallWithRetry(ctx, kReserve, order, Patient()));
  undoing->push_back(kRefund);
  co_await OrFail(CallWithRetry(ctx, kCharge, order, Patient()));
  undoing->push_back(kRecall);
  co_return co_await CallWithRetry(ctx, kShip, order, Patient());
}

Task<Result<std::string>> OrderSaga(duroxide::OrchestrationContext ctx, Order order) {
  const auto undoing = std::make_shared<Undoing>();
  Result<std::string> parcel = co_await Cancellable(ctx, Fulfil(ctx, order, undoing));
  if (parcel.ok()) {
    ctx.Log(duroxide::LogLevel::kInfo, order.item + " is on its way as " + *parcel);
    co_return parcel;
  }
  ctx.Log(duroxide::LogLevel::kInfo, "undoing " + order.item + ": " + parcel.status().ToString());
  while (!undoing->empty()) {
    // Outside of Cancellable a request would end the saga in the middle. Inside it interrupts one
    // undo, which is then done again; there is no second request.
    const Activity<Unit(Order)> undo = undoing->back();
    const Result<Unit> undone =
        co_await Cancellable(ctx, CallWithRetry(ctx, undo, order, Stubborn()));
    if (undone.ok()) {
      undoing->pop_back();
    } else if (undone.status().code() != StatusCode::kCancelled) {
      co_return undone.status();
    }
  }
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
