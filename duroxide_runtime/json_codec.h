#pragma once

// Codecs of JSON. For a struct it is a line behind it, in its namespace:
//
//   struct Order {
//     std::string item;
//     std::int64_t cents = 0;
//   };
//   TANDEM_JSON(Order, item, cents)
//
// Fields are strings, numbers, bool, enums, std::optional, vector, pair, tuple, map, unordered_map,
// structs with TANDEM_JSON, and what nlohmann-json converts. An order is {"cents":7,"item":"lamp"}:
// the forms are in base/json_field.h and docs/codecs.md.
//
// A field that is missing keeps its default, and a member that is no field is not looked at: a
// struct may get fields and lose some. An optional that is empty is not written, so instances under
// way replay over a new one; over any other new field they do not.
//
// For a type that has to_json and from_json of its own, or any that nlohmann-json converts:
//
//   template <>
//   struct duroxide::Codec<Money> : duroxide::JsonCodec<Money> {};
//
// The bytes are JSON without blanks. Equal values are equal bytes: keys are sorted, and a number is
// written by digits that give it back. Not so if to_json walks over a container without an order.
//
// Encode throws std::invalid_argument for a string that is not UTF-8: bytes are no text. Decode
// refuses all but one whole JSON text, nested at most 512 deep, that fits the type: with
// InvalidArgument, which names the field. Of what nlohmann-json itself converts, numbers are cut to
// the type that is asked for, as a cast does, and NaN becomes null; from_json has to look where
// that matters.
//
// Not part of duroxide.h, since it includes nlohmann/json.hpp (Debian: nlohmann-json3-dev), which
// the library does without.

#if !__has_include(<nlohmann/json.hpp>)
#error "json_codec.h needs nlohmann-json (Debian: nlohmann-json3-dev)"
#endif

#include <string>
#include <string_view>

#include "tandem/base/json.h"
#include "tandem/duroxide_runtime/codec.h"

namespace duroxide {

template <typename T>
struct JsonCodec {
  static std::string Encode(const T& value) { return tandem::internal::JsonText(value); }
  static Result<T> Decode(std::string_view bytes) {
    return tandem::internal::FromJsonText<T>(bytes);
  }
};

template <tandem::internal::JsonStruct T>
struct Codec<T> : JsonCodec<T> {};

}  // namespace duroxide
