#pragma once

// Codecs for types that nlohmann-json converts: its own, those of the standard library, and yours
// with to_json and from_json, by hand or by its macros. A line makes the codec:
//
//   struct Order {
//     std::string item;
//     std::int64_t cents = 0;
//   };
//   NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(Order, item, cents)
//
//   template <>
//   struct duroxide::Codec<Order> : duroxide::JsonCodec<Order> {};
//
// The bytes are JSON without blanks. Equal values are equal bytes: keys are sorted, and a number is
// written by digits that give it back. Not so if to_json walks over a container without an order; a
// map with keys that are strings is safe. A new field changes the bytes: instances under way do not
// replay over it, unless to_json leaves it out where it has its default.
//
// Encode throws std::invalid_argument for a string that is not UTF-8: bytes are no text. NaN and
// infinity become null, which no number can be decoded from.
//
// Decode refuses all but one whole JSON text, nested at most 512 deep, that from_json accepts
// without a std::exception. nlohmann-json itself cuts a number to the type that is asked for, as a
// cast does; from_json has to look where that matters. Its errors name the field if the whole
// program is compiled with JSON_DIAGNOSTICS=1.
//
// Not part of duroxide.h, since it includes nlohmann/json.hpp (Debian: nlohmann-json3-dev), which
// the library does without.

#include <exception>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <string_view>

#include "tandem/duroxide_runtime/codec.h"

namespace duroxide {

namespace internal {

// nlohmann-json parses any depth, but recurses when it copies or writes: hostile depth would end
// the process.
constexpr int kJsonDepthMax = 512;

// Called by the parser; `depth` counts what is open before the event.
inline bool CheckJsonDepth(int depth, nlohmann::json::parse_event_t event, nlohmann::json&) {
  using Event = nlohmann::json::parse_event_t;
  const bool opens = event == Event::object_start || event == Event::array_start;
  if (!opens || depth < kJsonDepthMax) return true;
  throw std::invalid_argument("nested deeper than " + std::to_string(kJsonDepthMax));
}

// The exception may repeat a token of any length.
inline std::string JsonError(const std::exception& exception) {
  constexpr std::size_t kBytesMax = 300;
  const std::string_view what = exception.what();
  return "JSON: " + std::string(what.substr(0, kBytesMax)) + (what.size() > kBytesMax ? "..." : "");
}

}  // namespace internal

template <typename T>
struct JsonCodec {
  static std::string Encode(const T& value) {
    try {
      const nlohmann::json json = value;
      return json.dump();
    } catch (const nlohmann::json::exception& exception) {
      throw std::invalid_argument(internal::JsonError(exception));
    }
  }

  static Result<T> Decode(std::string_view bytes) {
    try {
      const nlohmann::json json = nlohmann::json::parse(bytes, internal::CheckJsonDepth);
      return Result<T>(json.get<T>());
    } catch (const std::exception& exception) {
      return Status::InvalidArgument(internal::JsonError(exception));
    }
  }
};

}  // namespace duroxide
