#pragma once

// A Repository keeps the aggregates of one kind: each is a stream of events, and a state that is
// folded from them.
//
//   struct Order {
//     using Events = sourcing::Events<Placed, Paid>;
//     int open = 0;
//     void Apply(const Placed& event) { open = event.cents; }
//     void Apply(const Paid& event) { open -= event.cents; }
//   };
//   sourcing::Repository<Order> orders(store, "order");
//   orders.Change("order-1", "request-77", [](const Order& order, sourcing::Changes& change) {
//     if (order.open < 500) return Status::InvalidArgument("it owes less");
//     change.Append(Paid{500});
//     change.Enqueue("mail", "thank you");
//     return Status::Ok();
//   });
//
// The stream of an aggregate is "<category>/<id>". Besides its events it holds, as metadata, its
// snapshot and what its commands did, so that DeleteEntity forgets all of it.

#include <concepts>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "tandem/base/json.h"
#include "tandem/batch/provider.h"
#include "tandem/sourcing/changes.h"
#include "tandem/sourcing/event.h"
#include "tandem/sourcing/internal/aggregate_stream.h"
#include "tandem/sourcing/repository_options.h"

namespace sourcing {

template <typename State>
struct Loaded {
  State state = {};
  Version version = 0;  // 0: there are no events
};

// What a change did. It may be asked as a Result<Changed>, or passed on as a Status.
struct ChangeResult : Result<Changed> {
  // NOLINTNEXTLINE(google-explicit-constructor)
  ChangeResult(Result<Changed> result) : Result<Changed>(std::move(result)) {}
  ChangeResult(Status failure) : Result<Changed>(std::move(failure)) {}  // NOLINT
  operator Status() const { return status(); }  // NOLINT(google-explicit-constructor)
};

namespace internal {

template <typename State, typename E>
concept Applies = requires(State& state, const E& event) { state.Apply(event); };
template <typename State, typename Variant>
constexpr bool kAppliesAll = false;
template <typename State, typename... E>
constexpr bool kAppliesAll<State, std::variant<E...>> = (Applies<State, E> && ...);

// The names of a state's fields: what a snapshot is of.
template <tandem::internal::JsonStruct State>
std::string FieldsOf(const State& state) {
  std::string fields;
  TandemJson(state, [&fields](const char* name, const auto&) {
    fields += (fields.empty() ? "" : ",") + std::string(name);
  });
  return fields;
}

}  // namespace internal

// Thread-safe. The store must outlive it.
//
// Errors common to all calls, besides those of the store: InvalidArgument for an event of a type
// that is unknown here, or can't be read, and for a snapshot of another type; NotFound for an
// aggregate that was deleted. Each says what to do, and nothing is lost.
template <typename State>
class Repository {
 public:
  using Events = typename State::Events;
  static_assert(std::default_initializable<State>,
                "sourcing::Repository<State>: State{} is the "
                "state of an aggregate without events");
  static_assert(internal::kAppliesAll<State, typename Events::Any>,
                "sourcing::Repository<State>: State needs void Apply(const E&) for each type E of "
                "its Events");

  // REQUIRES: `category` is not empty, has no '/', and is not "projection"
  Repository(tandem::Provider& store, std::string category, RepositoryOptions options = {})
      : stream_(store, std::move(category), options.settings()) {}
  Repository(tandem::Provider& store, std::string category, BasicRepositoryOptions<true> options)
      : stream_(store, std::move(category), options.settings()) {
    static_assert(tandem::internal::JsonStruct<State>,
                  "sourcing::RepositoryOptions::SnapshotEvery: the state needs TANDEM_JSON(State, "
                  "fields...) behind it");
    if constexpr (tandem::internal::JsonStruct<State>) {
      encode_ = [](const State& state) { return tandem::internal::JsonText(state); };
      decode_ = tandem::internal::FromJsonText<State>;
      stream_.SetSnapshotFields(internal::FieldsOf(State{}));
    }
  }

  // The aggregate as it is now. One that has no events is State{} at version 0.
  Result<Loaded<State>> Load(const std::string& id) {
    TANDEM_ASSIGN_OR_RETURN(Folded folded, Fold(id));
    return Loaded<State>{std::move(folded.state), folded.version};
  }

  // Loads the aggregate, lets `decide` look at it, and commits what that wants in one batch;
  // nothing if it returns an error, which is the answer then. If another writer came first, all of
  // this is done again, so `decide` may be called several times and must have no effects of its
  // own.
  //
  // A command whose id was given to this aggregate before answers what the first one did, and
  // decides nothing. Empty: each call is a new command. A command that was refused is none: it is
  // decided again.
  //
  // An exception of `decide` passes through, and nothing is done. Conflict after so many attempts
  // as the options say.
  template <typename Decide>
    requires std::is_invocable_r_v<Status, Decide&, const State&, Changes&>
  ChangeResult Change(const std::string& id, const std::string& command_id, Decide&& decide) {
    for (std::size_t attempt = 1;; ++attempt) {
      Result<Changed> result = TryChange(id, command_id, decide);
      if (result.ok() || attempt >= stream_.settings().attempts) return result;
      if (!internal::LostARace(result.status())) return result;
    }
  }
  template <typename Decide>
    requires std::is_invocable_r_v<Status, Decide&, const State&, Changes&>
  ChangeResult Change(const std::string& id, Decide&& decide) {
    return Change(id, std::string(), std::forward<Decide>(decide));
  }

  // Where the aggregate's last event stands in the store, for Projection::WaitFor. 0: it has none.
  Result<Position> LastPosition(const std::string& id) { return stream_.LastPosition(id); }

  // The stream that an aggregate is.
  tandem::StreamId Stream(const std::string& id) const { return stream_.Name(id); }

 private:
  struct Folded {
    State state = {};
    Version version = 0;
    Version snapshot = 0;  // the version of the stored one that can be used
  };

  Result<Folded> Fold(const std::string& id) {
    Folded folded;
    if (decode_ != nullptr) {
      TANDEM_ASSIGN_OR_RETURN(const auto snapshot, stream_.ReadSnapshot(id));
      if (snapshot.has_value()) {
        Result<State> state = decode_(snapshot->state);
        if (state.ok()) {
          folded = {*std::move(state), snapshot->version, snapshot->version};
        } else if (!stream_.settings().replace_snapshots) {
          return stream_.BadSnapshot(id, state.status().message());
        }
      }
    }
    const auto apply = [&folded](const Envelope& envelope, std::string_view where) -> Status {
      TANDEM_RETURN_IF_ERROR(Apply(folded.state, envelope, where));
      folded.version += 1;
      return Status::Ok();
    };
    TANDEM_RETURN_IF_ERROR(stream_.ReadEvents(id, folded.version, apply));
    return folded;
  }

  static Status Apply(State& state, const Envelope& envelope, std::string_view where) {
    TANDEM_ASSIGN_OR_RETURN(const auto event, Events::Decode(envelope, where));
    std::visit([&state](const auto& one) { state.Apply(one); }, event);
    return Status::Ok();
  }

  template <typename Decide>
  Result<Changed> TryChange(const std::string& id, const std::string& command_id, Decide& decide) {
    TANDEM_ASSIGN_OR_RETURN(const std::uint64_t commands, stream_.ReadCommandCount(id, command_id));
    TANDEM_ASSIGN_OR_RETURN(Folded folded, Fold(id));
    TANDEM_ASSIGN_OR_RETURN(const auto done, stream_.FindCommand(id, command_id));
    if (done.has_value()) return *done;

    Changes changes;
    TANDEM_RETURN_IF_ERROR(decide(std::as_const(folded.state), changes));
    TANDEM_RETURN_IF_ERROR(changes.failure());
    for (const Envelope& event : changes.events()) {
      if (!Events::Knows(event.type)) return stream_.ForeignEvent(id, event.type, Events::Names());
    }
    const Version version = folded.version;
    TANDEM_ASSIGN_OR_RETURN(const auto snapshot, SnapshotOf(id, std::move(folded), changes));
    return stream_.Commit({id, command_id, commands, version, snapshot}, changes);
  }

  // The state behind the changes, if it is time to keep it.
  Result<std::optional<std::string>> SnapshotOf(const std::string& id, Folded folded,
                                                const Changes& changes) {
    const std::uint64_t behind = folded.version - folded.snapshot + changes.events().size();
    if (encode_ == nullptr || changes.events().empty()) return std::nullopt;
    if (behind < stream_.settings().snapshot_every) return std::nullopt;
    for (const Envelope& event : changes.events()) {
      TANDEM_RETURN_IF_ERROR(Apply(folded.state, event, stream_.Name(id).entity));
    }
    try {
      return encode_(folded.state);
    } catch (const std::exception& exception) {
      return Status::InvalidArgument("the snapshot of " + stream_.Name(id).entity +
                                     " can't be encoded: " + exception.what());
    }
  }

  internal::AggregateStream stream_;
  std::string (*encode_)(const State&) = nullptr;  // null: without snapshots
  Result<State> (*decode_)(std::string_view) = nullptr;
};

}  // namespace sourcing
