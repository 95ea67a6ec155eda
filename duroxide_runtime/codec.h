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
// Built in: std::string (as it is), bool, integers and floating point (decimal text), Unit (empty),
// and std::optional and std::vector of anything that has a codec. In a line, for types of your own:
// json_codec.h, capnp_codec.h.

#include <charconv>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <exception>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

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

// vector := (length:decimal ':' element)*
template <Codable T>
struct Codec<std::vector<T>> {
  static std::string Encode(const std::vector<T>& values) {
    std::string bytes;
    for (const T& value : values) {
      const std::string element = Codec<T>::Encode(value);
      bytes += std::to_string(element.size()) + ':' + element;
    }
    return bytes;
  }
  static Result<std::vector<T>> Decode(std::string_view bytes) {
    std::vector<T> values;
    while (!bytes.empty()) {
      const std::size_t colon = bytes.find(':');
      if (colon == std::string_view::npos) return Status::InvalidArgument("expected 'length:'");
      TANDEM_ASSIGN_OR_RETURN(const std::size_t length,
                              Codec<std::size_t>::Decode(bytes.substr(0, colon)));
      bytes.remove_prefix(colon + 1);
      if (length > bytes.size()) return Status::InvalidArgument("the last element is cut off");
      TANDEM_ASSIGN_OR_RETURN(T value, Codec<T>::Decode(bytes.substr(0, length)));
      values.push_back(std::move(value));
      bytes.remove_prefix(length);
    }
    return values;
  }
};

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
