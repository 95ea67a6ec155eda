#pragma once

// A booking service: a request comes by a queue, an orchestration books each night, and the ledger
// of nights and the mails are the service's own events and messages.
//
// What to learn here: the store's batches reach through the orchestration. The message that asks is
// acknowledged in the batch that starts the instance, and what an activity appends and enqueues
// commits with its result. So there is never a night without its mail, or twice, or a request that
// is lost, wherever the process dies; nothing here has an idempotency key.

#include <cstdint>
#include <string>
#include <utility>

#include <tandem/duroxide.h>
#include <tandem/duroxide_runtime/json_codec.h>
#include <tandem/tandem.h>

namespace orchestrations {

struct Stay {
  Stay() = default;
  Stay(std::string who, std::int64_t how_long) : guest(std::move(who)), nights(how_long) {}

  std::string guest;
  std::int64_t nights = 0;
};
TANDEM_JSON(Stay, guest, nights)

// Requests for stays, and the mails to guests.
inline constexpr char kRequests[] = "requests";
inline constexpr char kMails[] = "mails";
// The stream of the nights that are booked: "guest-7 night 1".
inline constexpr char kNights[] = "nights";

// Gives how many nights were booked.
inline constexpr duroxide::Orchestration<std::int64_t(Stay)> kBooking("booking");

void RegisterBooking(duroxide::Registry& registry);

// Starts "booking-<guest>" and acknowledges the request, in one batch. A request that comes again
// starts nothing.
tandem::Status AcceptRequest(const duroxide::Client& client, tandem::Provider& store,
                             const tandem::Delivery& request);

}  // namespace orchestrations
