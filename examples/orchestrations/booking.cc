#include "examples/orchestrations/booking.h"

#include <string>
#include <utility>

namespace orchestrations {

namespace {

using duroxide::OrFail;
using duroxide::Result;
using duroxide::Task;
using tandem::Status;

constexpr duroxide::Activity<std::string(std::string)> kBookNight("book-night");

Result<duroxide::WithOperations<std::string>> BookNight(duroxide::ActivityContext&,
                                                        const std::string& night) {
  tandem::Batch batch;
  batch.Append(kNights, night);
  batch.Enqueue(kMails, "booked: " + night);
  return duroxide::WithOperations{night, std::move(batch)};
}

Task<Result<std::int64_t>> Booking(duroxide::OrchestrationContext ctx, Stay stay) {
  for (std::int64_t i = 1; i <= stay.nights; ++i) {
    const std::string night = stay.guest + " night " + std::to_string(i);
    co_await OrFail(ctx.Call(kBookNight, night));
  }
  co_return stay.nights;
}

}  // namespace

void RegisterBooking(duroxide::Registry& registry) {
  registry.Add(kBookNight, BookNight);
  registry.Add(kBooking, Booking);
}

Status AcceptRequest(const duroxide::Client& client, tandem::Provider& store,
                     const tandem::Delivery& request) {
  TANDEM_ASSIGN_OR_RETURN(const Stay stay, duroxide::Codec<Stay>::Decode(request.payload));
  auto batch = client.StartOperations(kBooking, "booking-" + stay.guest, stay);
  if (batch.ok()) {
    batch->Ack(request.lock_token);
    const Status started = store.AtomicBatch(*std::move(batch)).status();
    if (started.code() != tandem::StatusCode::kAlreadyExists) return started;
  } else if (batch.status().code() != tandem::StatusCode::kAlreadyExists) {
    return batch.status();
  }
  return store.Ack(request.lock_token);
}

}  // namespace orchestrations
