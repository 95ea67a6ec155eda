// A trip: two bookings that are undone if the trip fails or is cancelled, an approval that may come
// before it is waited for, reminders, and a deadline. Kill it at any moment and start it again.

#include <tandem/duroxide.h>
#include <tandem/duroxide_runtime/json_codec.h>
#include <tandem/tandem.h>

#include <chrono>
#include <iostream>
#include <string>

using namespace duroxide;
using namespace std::chrono_literals;

struct Trip {
  Trip() = default;
  Trip(std::string to, std::string who) : place(std::move(to)), approver(std::move(who)) {}
  std::string place, approver;
};
TANDEM_JSON(Trip, place, approver)

constexpr Activity<std::string(Trip)> kBookFlight("book-flight"), kBookHotel("book-hotel");
constexpr Activity<Unit(std::string)> kCancel("cancel-booking"), kRemind("remind");
constexpr Event<bool> kDecision("decision");  // one handle for who sends and who waits
constexpr Orchestration<std::string(Trip)> kTrip("trip");

Task<Result<std::string>> BookTrip(OrchestrationContext ctx, Saga undo, Trip trip) {
  const RetryPolicy patient =
      RetryPolicy().Attempts(5).AttemptTimeout(30s).NotOn(StatusCode::kNotFound);
  const std::string flight = co_await OrFail(CallWithRetry(ctx, kBookFlight, trip, patient));
  undo.Add(kCancel, flight);
  const std::string hotel = co_await OrFail(CallWithRetry(ctx, kBookHotel, trip, patient));
  undo.Add(kCancel, hotel);

  auto decision = ctx.WaitForEvent(kDecision);  // found also if it came before
  auto deadline = ctx.StartTimer(72h);
  while (true) {
    auto reminder = ctx.StartTimer(24h);
    const auto first = co_await WhenAny(&decision, &deadline, &reminder);  // losers are kept
    if (first.index() == 1) co_return Status::Cancelled("nobody decided");
    if (first.index() == 2) {
      co_await OrFail(ctx.Call(kRemind, trip.approver));
      continue;
    }
    const bool yes = co_await OrFail(std::get<0>(first));
    if (!yes) co_return Status::Cancelled("no approval");
    co_return flight + " and " + hotel;
  }
}

int main(int argc, char** argv) {
  const auto store =
      tandem::OpenStore(argc > 1 ? argv[1] : "./trips", tandem::OpenMode::kCreateIfMissing);
  if (!store.ok()) return std::cerr << store.status() << '\n', 1;

  Registry registry;
  registry.Add(kTrip, BookTrip);
  registry.Add(kBookFlight, [](ActivityContext&, const Trip& trip) -> Result<std::string> {
    return "a flight to " + trip.place;
  });
  registry.Add(kBookHotel, [](ActivityContext&, const Trip& trip) -> Result<std::string> {
    if (trip.place == "nowhere") return Status::NotFound("there is no hotel");
    return "a hotel in " + trip.place;
  });
  const auto tell = [](std::string word) {
    return [word](ActivityContext&, const std::string& what) {
      std::cout << word << ' ' << what << '\n';
      return Status::Ok();
    };
  };
  registry.Add(kCancel, tell("cancelled")).Add(kRemind, tell("reminded"));

  const auto runtime = Runtime::Start(**store, std::move(registry));
  if (!runtime.ok()) return std::cerr << runtime.status() << '\n', 1;
  const Client client = (*runtime)->client();  // another program on the same store has one, too
  for (const char* place : {"Rome", "nowhere"}) {
    const auto sent = client.StartOrRaise(kTrip, std::string("trip to ") + place,
                                          Trip(place, "ann"), kDecision, true);
    if (!sent.ok()) std::cout << sent.status().message() << '\n';
    const auto booked = client.Wait(kTrip, std::string("trip to ") + place, 10s);
    std::cout << (booked.ok() ? *booked : booked.status().ToString()) << '\n';
  }
  if (argc > 2) (*runtime)->RunUntilSignal();  // SIGINT, SIGTERM: drains, and gives back what runs
}
