#pragma once

// A Codec<T> turns values into the bytes that are stored, and back. Inputs and outputs of
// orchestrations and activities, and payloads of external events, need one:
//
//   template <> struct duroxide::Codec<Digest> {
//     static std::string Encode(const Digest& digest);
//     static duroxide::Result<Digest> Decode(std::string_view bytes);
//   };
//
// The bytes live as long as the instances that hold them: Decode has to accept what earlier
// versions of Encode wrote. Replay compares bytes, so equal values have to give equal ones. Decode
// fails with InvalidArgument, and what it throws is taken for that. Encode reports
// failure only by throwing. In an orchestration or activity that is an ordinary exception; client
// calls and heartbeats turn it into InvalidArgument.
//
// Built in: std::string (as it is), bool, integers, floating point and enums (decimal text), Unit
// (empty), and std::optional, vector, pair, tuple, map and unordered_map of anything that has a
// codec. In a line, for types of your own: TANDEM_JSON in json_codec.h; capnp_codec.h.

#include <charconv>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <exception>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include "tandem/duroxide_runtime/internal/codec/elements.h"
#include "tandem/duroxide_runtime/status.h"

namespace duroxide {

// The input or output of those that have none.
using Unit = std::monostate;

template <typename T>
struct Codec;

template <typename T>
concept Codable = requires(const T& value, std::string_view bytes) {
  { Codec<T>::Encode(value) } -> std::same_as<std::string>;
  { Codec<T>::Decode(bytes) } -> std::same_as<Result<T>>;
};

template <>
struct Codec<std::string> {
  static std::string Encode(const std::string& value) { return value; }
  static Result<std::string> Decode(std::string_view bytes) { return std::string(bytes); }
};

template <>
struct Codec<Unit> {
  static std::string Encode(const Unit&) { return std::string(); }
  static Result<Unit> Decode(std::string_view bytes) {
    if (!bytes.empty()) return Status::InvalidArgument("expected no value, found some bytes");
    return Unit();
  }
};

template <>
struct Codec<bool> {
  static std::string Encode(const bool& value) { return value ? "true" : "false"; }
  static Result<bool> Decode(std::string_view bytes) {
    if (bytes == "true") return true;
    if (bytes == "false") return false;
    return Status::InvalidArgument("expected true or false");
  }
};

template <std::integral T>
struct Codec<T> {
  static std::string Encode(const T& value) { return std::to_string(value); }
  static Result<T> Decode(std::string_view bytes) {
    T value{};
    const char* const begin = bytes.begin();
    const char* const end = bytes.end();
    const auto [rest, error] = std::from_chars(begin, end, value);
    if (error != std::errc() || rest != end) {
      return Status::InvalidArgument("expected an integer of " + std::to_string(sizeof(T)) +
                                     " bytes in decimal");
    }
    return value;
  }
};

// floating := 'nan' | '-'? ('inf' | digit+ ('.' digit+)? ('e' ('+' | '-') digit+)?)
//
// The fewest digits that give the same number back, -0 included; all that is not a number is one
// nan. Decode takes any decimal of that form that is in range.
template <typename T>
  requires std::same_as<T, float> || std::same_as<T, double>
struct Codec<T> {
  static std::string Encode(const T& value) {
    if (std::isnan(value)) return "nan";  // some are negative, or hold bits of their own
    char text[32];
    const auto [end, error] = std::to_chars(text, text + sizeof(text), value);
    return std::string(text, end);
  }
  static Result<T> Decode(std::string_view bytes) {
    if (bytes == "nan") return std::numeric_limits<T>::quiet_NaN();
    const bool negative = bytes.starts_with('-');
    const std::string_view magnitude = bytes.substr(negative ? 1 : 0);
    constexpr T kInfinity = std::numeric_limits<T>::infinity();
    if (magnitude == "inf") return negative ? -kInfinity : kInfinity;
    T value{};
    const char* const end = bytes.data() + bytes.size();
    const bool starts = !magnitude.empty() && magnitude.front() >= '0' && magnitude.front() <= '9';
    const auto [rest, error] = std::from_chars(bytes.data(), end, value);
    if (!starts || error != std::errc() || rest != end) {
      return Status::InvalidArgument("expected a number, nan, inf or -inf");
    }
    return value;
  }
};

// optional := '' | '=' value
template <Codable T>
struct Codec<std::optional<T>> {
  static std::string Encode(const std::optional<T>& value) {
    return value ? "=" + Codec<T>::Encode(*value) : std::string();
  }
  static Result<std::optional<T>> Decode(std::string_view bytes) {
    if (bytes.empty()) return std::nullopt;
    const bool has_value = bytes.front() == '=';
    if (!has_value) return Status::InvalidArgument("expected nothing, or '=' and a value");
    TANDEM_ASSIGN_OR_RETURN(T value, Codec<T>::Decode(bytes.substr(1)));
    return value;
  }
};

namespace internal {

// Braces take a number only for these: every number of the underlying type is a value of the enum.
template <typename T>
concept EnumOfFixedType = std::is_enum_v<T> && requires { T{0}; };

}  // namespace internal

// An enum is the number behind its name, so a name may change and a number must not. Decode takes
// any number of the underlying type: newer code may have written one that this code has no name
// for.
//
// An enum that names no underlying type has no codec: of most numbers C++ can't make a value of it.
template <typename T>
  requires internal::EnumOfFixedType<T>
struct Codec<T> {
  using Number = std::underlying_type_t<T>;

  static std::string Encode(const T& value) {
    return Codec<Number>::Encode(static_cast<Number>(value));
  }
  static Result<T> Decode(std::string_view bytes) {
    TANDEM_ASSIGN_OR_RETURN(const Number number, Codec<Number>::Decode(bytes));
    return static_cast<T>(number);
  }
};

// vector := element*
template <Codable T>
struct Codec<std::vector<T>> {
  static std::string Encode(const std::vector<T>& values) {
    internal::ElementWriter elements;
    for (const T& value : values) elements.Add(Codec<T>::Encode(value));
    return elements.Take();
  }
  static Result<std::vector<T>> Decode(std::string_view bytes) {
    std::vector<T> values;
    internal::ElementReader elements(bytes);
    while (!elements.AtEnd()) {
      TANDEM_ASSIGN_OR_RETURN(const std::string_view element, elements.Next());
      TANDEM_ASSIGN_OR_RETURN(T value, Codec<T>::Decode(element));
      values.push_back(std::move(value));
    }
    return values;
  }
};

// tuple := element*  (as many as it has)
template <Codable... T>
struct Codec<std::tuple<T...>> {
  static std::string Encode(const std::tuple<T...>& values) {
    internal::ElementWriter elements;
    std::apply([&](const T&... value) { (elements.Add(Codec<T>::Encode(value)), ...); }, values);
    return elements.Take();
  }
  static Result<std::tuple<T...>> Decode(std::string_view bytes) {
    internal::ElementReader elements(bytes);
    Status status;
    // Braces: one after the other, in this order.
    std::tuple<std::optional<T>...> found{DecodeNext<T>(elements, status)...};
    if (!status.ok()) return status;
    if (!elements.AtEnd()) return Status::InvalidArgument("expected fewer elements");
    return std::apply(
        [](std::optional<T>&... value) { return std::tuple<T...>(*std::move(value)...); }, found);
  }

 private:
  // nullopt once anything went wrong.
  template <typename Element>
  static std::optional<Element> DecodeNext(internal::ElementReader& elements, Status& status) {
    if (!status.ok()) return std::nullopt;
    const Result<std::string_view> bytes = elements.Next();
    if (!bytes.ok()) {
      status = bytes.status();
      return std::nullopt;
    }
    Result<Element> element = Codec<Element>::Decode(*bytes);
    if (element.ok()) return std::optional<Element>(std::in_place, *std::move(element));
    status = element.status();
    return std::nullopt;
  }
};

// pair := element element
template <Codable A, Codable B>
struct Codec<std::pair<A, B>> {
  static std::string Encode(const std::pair<A, B>& value) {
    internal::ElementWriter elements;
    elements.Add(Codec<A>::Encode(value.first));
    elements.Add(Codec<B>::Encode(value.second));
    return elements.Take();
  }
  static Result<std::pair<A, B>> Decode(std::string_view bytes) {
    using Both = std::tuple<A, B>;
    TANDEM_ASSIGN_OR_RETURN(Both both, Codec<Both>::Decode(bytes));
    return std::pair<A, B>(std::get<0>(std::move(both)), std::get<1>(std::move(both)));
  }
};

namespace internal {

// map := (key:element value:element)*
//
// In order of the keys' bytes, so that the order of the container makes no difference. Decode takes
// any order, and refuses a key that is there twice.
template <typename Map>
struct MapCodec {
  using Key = typename Map::key_type;
  using Value = typename Map::mapped_type;

  static std::string Encode(const Map& values) {
    std::map<std::string, std::string> sorted;
    for (const auto& [key, value] : values) {
      sorted.emplace(Codec<Key>::Encode(key), Codec<Value>::Encode(value));
    }
    ElementWriter elements;
    for (const auto& [key, value] : sorted) {
      elements.Add(key);
      elements.Add(value);
    }
    return elements.Take();
  }
  static Result<Map> Decode(std::string_view bytes) {
    Map values;
    ElementReader elements(bytes);
    while (!elements.AtEnd()) {
      TANDEM_ASSIGN_OR_RETURN(const std::string_view key_bytes, elements.Next());
      TANDEM_ASSIGN_OR_RETURN(Key key, Codec<Key>::Decode(key_bytes));
      TANDEM_ASSIGN_OR_RETURN(const std::string_view value_bytes, elements.Next());
      TANDEM_ASSIGN_OR_RETURN(Value value, Codec<Value>::Decode(value_bytes));
      if (!values.emplace(std::move(key), std::move(value)).second) {
        return Status::InvalidArgument("a key is there twice");
      }
    }
    return values;
  }
};

}  // namespace internal

template <Codable K, Codable V, typename Compare>
struct Codec<std::map<K, V, Compare>> : internal::MapCodec<std::map<K, V, Compare>> {};
template <Codable K, Codable V, typename Hash, typename Equal>
struct Codec<std::unordered_map<K, V, Hash, Equal>>
    : internal::MapCodec<std::unordered_map<K, V, Hash, Equal>> {};

namespace internal {

inline constexpr char kForeignException[] = "threw an exception that is no std::exception";

// For callers that answer with a Status: InvalidArgument for any exception of a codec.
template <Codable T>
Result<std::string> TryEncode(const T& value) {
  try {
    return Codec<T>::Encode(value);
  } catch (const std::exception& exception) {
    return Status::InvalidArgument(std::string("can't be encoded: ") + exception.what());
  } catch (...) {
    return Status::InvalidArgument(std::string("can't be encoded: Encode ") + kForeignException);
  }
}

template <Codable T>
Result<T> TryDecode(std::string_view bytes) {
  try {
    return Codec<T>::Decode(bytes);
  } catch (const std::exception& exception) {
    return Status::InvalidArgument(exception.what());
  } catch (...) {
    return Status::InvalidArgument(std::string("Decode ") + kForeignException);
  }
}

}  // namespace internal

}  // namespace duroxide

// json_codec.h defines it; whoever forgets that header reads so here.
#ifndef TANDEM_JSON
#define TANDEM_JSON(...)                                                              \
  static_assert(false,                                                                \
                "TANDEM_JSON needs #include <tandem/duroxide_runtime/json_codec.h>, " \
                "which needs nlohmann-json");
#endif
