#pragma once

// The types of events of one aggregate, and how they are stored. In a line behind each struct, in
// its namespace, its stored name and its fields as JSON:
//
//   struct Paid { int cents = 0; };
//   TANDEM_EVENT(Paid, "paid", cents)
//
//   using Events = sourcing::Events<Placed, Paid, Cancelled>;
//
// The stored name lives as long as the events do: the struct may be renamed, it must not. What may
// be a field, and what becomes of a missing or an unknown one, is in base/json.h.
//
// An event whose data are a Cap'n Proto message, or anything else, specializes EventData:
//
//   template <> struct sourcing::EventData<Paid> {
//     static constexpr std::string_view kType = "paid";
//     static std::string Encode(const Paid& event);
//     static sourcing::Result<Paid> Decode(std::string_view data);
//   };
//
// Needs nlohmann/json.hpp (Debian: nlohmann-json3-dev).

#include <concepts>
#include <cstddef>
#include <exception>
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>

#include "tandem/base/json.h"
#include "tandem/sourcing/envelope.h"
#include "tandem/sourcing/upcasters.h"

namespace sourcing {

template <typename T>
struct EventData;

namespace internal {

// What TANDEM_EVENT declares beside a struct.
template <typename T>
concept NamedEvent = requires(const T* event) {
  { TandemEventName(event) } -> std::convertible_to<std::string_view>;
};

}  // namespace internal

template <typename T>
  requires internal::NamedEvent<T>
struct EventData<T> {
  static constexpr std::string_view kType = TandemEventName(static_cast<const T*>(nullptr));

  // Throws std::invalid_argument for a string that is not UTF-8.
  static std::string Encode(const T& event) { return tandem::internal::JsonText(event); }
  static Result<T> Decode(std::string_view data) { return tandem::internal::FromJsonText<T>(data); }
};

// A type that has a stored name and data.
template <typename T>
concept EventType = requires(const T& event, std::string_view data) {
  { EventData<T>::kType } -> std::convertible_to<std::string_view>;
  { EventData<T>::Encode(event) } -> std::same_as<std::string>;
  { EventData<T>::Decode(data) } -> std::same_as<Result<T>>;
};

namespace internal {

// InvalidArgument also for what Encode throws.
template <EventType T>
Result<std::string> EncodeData(const T& event) {
  try {
    return EventData<T>::Encode(event);
  } catch (const std::exception& exception) {
    return Status::InvalidArgument("the event '" + std::string(EventData<T>::kType) +
                                   "' can't be encoded: " + exception.what());
  }
}

template <EventType T>
Result<T> DecodeData(std::string_view data, std::string_view where) {
  Result<T> event = [&]() -> Result<T> {
    try {
      return EventData<T>::Decode(data);
    } catch (const std::exception& exception) {
      return Status::InvalidArgument(exception.what());
    }
  }();
  if (event.ok()) return event;
  return Status::InvalidArgument(
      std::string(where) + ": the data of '" + std::string(EventData<T>::kType) +
      "' can't be read: " + event.status().message() +
      "; give the type of today a new name, and an upcaster from this one");
}

template <typename... T>
constexpr bool kAllEvents = (EventType<T> && ...);

constexpr bool AllDiffer(std::initializer_list<std::string_view> names) {
  for (const auto* one = names.begin(); one != names.end(); ++one) {
    for (const auto* other = names.begin(); other != one; ++other) {
      if (*one == *other) return false;
    }
  }
  return true;
}

}  // namespace internal

// For Upcasters::Add: `change` is called with the data as nlohmann::json&.
template <typename Change>
Upcasters::Upcast Json(Change change) {
  return [change = std::move(change)](const std::string& data) -> Result<std::string> {
    TANDEM_ASSIGN_OR_RETURN(auto json, tandem::internal::FromJsonText<nlohmann::json>(data));
    change(json);
    return tandem::internal::JsonText(json);
  };
}

// The closed list of what an aggregate's stream may hold.
template <typename... T>
struct Events {
  static_assert(sizeof...(T) > 0, "sourcing::Events<...>: at least one event");
  static_assert(internal::kAllEvents<T...>,
                "sourcing::Events<...>: each type has TANDEM_EVENT(Type, \"name\", fields...) in "
                "its namespace, or a specialization of sourcing::EventData");
  static_assert(internal::AllDiffer({EventData<T>::kType...}),
                "sourcing::Events<...>: two of the types have the same stored name");

  using Any = std::variant<T...>;

  template <typename E>
  static constexpr bool kHas = (std::is_same_v<E, T> || ...);

  static bool Knows(std::string_view type) { return ((type == EventData<T>::kType) || ...); }

  // "cancelled, paid, placed"
  static std::string Names() {
    std::string names;
    ((names += (names.empty() ? "" : ", ") + std::string(EventData<T>::kType)), ...);
    return names;
  }

  // The event of an envelope that is of today. `where` is for the message of what can't be read.
  static Result<Any> Decode(const Envelope& envelope, std::string_view where) {
    std::optional<Result<Any>> event;
    static_cast<void>((DecodeIf<T>(envelope, where, event) || ...));
    if (event.has_value()) return *std::move(event);
    return UnknownType(envelope.type, where, Names());
  }

  // The same of one that may be of the past.
  static Result<Any> Decode(Envelope envelope, std::string_view where, const Upcasters& upcasters) {
    TANDEM_RETURN_IF_ERROR(upcasters.Apply(envelope, where));
    return Decode(envelope, where);
  }

 private:
  template <typename E>
  static bool DecodeIf(const Envelope& envelope, std::string_view where,
                       std::optional<Result<Any>>& into) {
    if (envelope.type != EventData<E>::kType) return false;
    Result<E> event = internal::DecodeData<E>(envelope.data, where);
    into = event.ok() ? Result<Any>(Any(std::in_place_type<E>, *std::move(event)))
                      : Result<Any>(event.status());
    return true;
  }
};

}  // namespace sourcing

// NOLINTBEGIN(bugprone-macro-parentheses): the name of a type.
#define TANDEM_EVENT(Type, name, ...)                                      \
  TANDEM_JSON(Type __VA_OPT__(, ) __VA_ARGS__)                             \
  constexpr ::std::string_view TandemEventName(const Type*) {              \
    static_assert(!::std::string_view(name).empty(),                       \
                  "TANDEM_EVENT(" #Type ", ...): it needs a stored name"); \
    return name;                                                           \
  }
// NOLINTEND(bugprone-macro-parentheses)
