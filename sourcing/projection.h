#pragma once

// A Projection follows the events of a category, and keeps a View of them: each event counts once,
// over crashes too, since the entries and the checkpoint are one batch.
//
//   sourcing::Projection<Order::Events> spent(
//       store, "spent-by-customer", sourcing::Category("order"),
//       sourcing::On<Placed>([](const Placed& e, const sourcing::Recorded&, sourcing::View& view) {
//         view.Put(e.customer, view.GetOr<int>(e.customer, 0) + e.cents);
//       }));
//   spent.WaitFor(paid->position, 1s);   // read your own writes
//   spent.Get<int>("ann");
//
// It runs on a thread of its own from its construction to its destruction. Entries and checkpoint
// are metadata of the stream "projection/<name>".

#include <chrono>
#include <concepts>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>

#include "tandem/batch/provider.h"
#include "tandem/sourcing/event.h"
#include "tandem/sourcing/internal/projector.h"
#include "tandem/sourcing/view.h"

namespace sourcing {

// Whose events a projection follows: all of one repository.
class Category {
 public:
  explicit Category(std::string name) : name_(std::move(name)) {}
  const std::string& name() const { return name_; }

 private:
  std::string name_;
};

class ProjectionOptions {
 public:
  // What the handlers do, by a name that the user changes with them. A projection notices by itself
  // when it handles other types, or another category.
  ProjectionOptions Version(std::string version) && {
    settings_.version = std::move(version);
    return std::move(*this);
  }
  // Events that are read, and handled, in one batch at most. From 1 to kPageEventsMax.
  ProjectionOptions EventsPerBatch(std::size_t events) && {
    settings_.events_per_batch = events;
    return std::move(*this);
  }
  ProjectionOptions Upcast(Upcasters upcasters) && {
    settings_.upcasters = std::move(upcasters);
    return std::move(*this);
  }

  const internal::ProjectionSettings& settings() const { return settings_; }

 private:
  internal::ProjectionSettings settings_;
};

// What is done with the events of one type. `handle(const E&, const Recorded&, View&)` returns
// nothing or a Status. It runs on the projection's thread. It may run again for an event whose
// batch was not committed, so what it does is done to the view alone.
template <EventType E, typename Handle>
struct Handler {
  using Type = E;
  Handle handle;
};
template <EventType E, typename Handle>
  requires std::invocable<Handle&, const E&, const Recorded&, View&>
Handler<E, Handle> On(Handle handle) {
  return {std::move(handle)};
}

// Thread-safe. The store must outlive it.
//
// When an event can't be handled (its handler throws or fails, its type is unknown, it can't be
// read) the projection stops before it. status() and WaitFor then report which event it was and
// why, and nothing is lost: mend the code and start it again, or call Resume(). So it is when its
// code is not that which made the view: Rebuild() makes it anew. While the store reports an error,
// the projection waits for a second of the store's clock, and tries again.
template <typename Events>
class Projection {
 public:
  template <typename... E, typename... Handle>
  Projection(tandem::Provider& store, std::string name, Category category,
             ProjectionOptions options, Handler<E, Handle>... handlers)
      : projector_(store, std::move(name), category.name(), options.settings(),
                   TableOf(std::move(handlers)...)) {
    static_assert((Events::template kHas<E> && ...),
                  "sourcing::On<E>: E is none of the projection's Events");
  }
  template <typename... E, typename... Handle>
  Projection(tandem::Provider& store, std::string name, Category category,
             Handler<E, Handle>... handlers)
      : Projection(store, std::move(name), std::move(category), ProjectionOptions(),
                   std::move(handlers)...) {}

  // Blocks until the view has seen all events up to `position`: Changed::position, or
  // Repository::LastPosition. DeadlineExceeded after `timeout` of the store's clock; at once the
  // status() of a projection that has stopped.
  Status WaitFor(const Result<Position>& position,
                 tandem::Saturated<std::chrono::milliseconds> timeout) {
    TANDEM_RETURN_IF_ERROR(position.status());
    return projector_.WaitFor(*position, timeout.value());
  }

  // An entry as it was committed last; nullopt if there is none.
  template <ViewValue T>
  Result<std::optional<T>> Get(const std::string& key) {
    TANDEM_ASSIGN_OR_RETURN(const auto text, projector_.Read(key));
    if (!text.has_value()) return std::nullopt;
    TANDEM_ASSIGN_OR_RETURN(T value, View::FromText<T>(*text));
    return std::optional<T>(std::move(value));
  }

  // All up to here was handled and committed, or is of no concern.
  Position position() const { return projector_.position(); }
  // Events of the whole store that are behind position(), counted up to `at_most`.
  Result<std::uint64_t> Lag(std::uint64_t at_most = 10'000) { return projector_.Lag(at_most); }
  // Ok while it follows the events.
  Status status() const { return projector_.status(); }

  // Makes the view anew from the first event, in one batch with the forgetting of the old one:
  // readers see it grow. Also what a projection whose code has changed needs.
  Status Rebuild() { return projector_.Rebuild(); }
  // Goes on with the event before which it stopped.
  void Resume() { projector_.Resume(); }
  // Ends with the batch under way. The destructor does so.
  void Stop() { projector_.Stop(); }

 private:
  template <typename... E, typename... Handle>
  static internal::HandlerTable TableOf(Handler<E, Handle>... handlers) {
    static_assert(internal::AllDiffer({EventData<E>::kType...}),
                  "sourcing::Projection: two handlers of one type");
    internal::HandlerTable table;
    table.knows = &Events::Knows;
    table.known = Events::Names();
    (table.handlers.emplace(EventData<E>::kType, Erase<E>(std::move(handlers.handle))), ...);
    return table;
  }

  template <EventType E, typename Handle>
  static internal::HandlerTable::Handle Erase(Handle handle) {
    return [handle = std::move(handle)](const Recorded& recorded, std::string_view where,
                                        View& view) mutable -> Status {
      TANDEM_ASSIGN_OR_RETURN(const E event,
                              internal::DecodeData<E>(recorded.envelope.data, where));
      if constexpr (std::is_void_v<
                        std::invoke_result_t<Handle&, const E&, const Recorded&, View&>>) {
        handle(event, recorded, view);
        return Status::Ok();
      } else {
        return handle(event, recorded, view);
      }
    };
  }

  internal::Projector projector_;
};

}  // namespace sourcing
