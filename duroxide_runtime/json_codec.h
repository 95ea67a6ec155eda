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
// the forms are in internal/codec/json_field.h and docs/codecs.md.
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

#include <concepts>
#include <exception>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>

#include "tandem/base/for_each.h"
#include "tandem/duroxide_runtime/codec.h"
#include "tandem/duroxide_runtime/internal/codec/json_field.h"

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

template <internal::JsonStruct T>
struct Codec<T> : JsonCodec<T> {};

}  // namespace duroxide

// NOLINTBEGIN(bugprone-macro-parentheses): names of a type and of its fields.
#undef TANDEM_JSON
#define TANDEM_JSON(Type, ...)                                                               \
  template <typename TandemSelf, typename TandemVisit>                                       \
    requires ::std::same_as<::std::remove_const_t<TandemSelf>, Type>                         \
  void TandemJson([[maybe_unused]] TandemSelf& self, [[maybe_unused]] TandemVisit&& visit) { \
    TANDEM_FOR_EACH(TANDEM_JSON_VISIT_, __VA_ARGS__)                                         \
  }                                                                                          \
  static_assert(::duroxide::internal::JsonStruct<Type>,                                      \
                "TANDEM_JSON(" #Type ", ...): it stands in the namespace of its struct");    \
  static_assert(::std::default_initializable<Type>,                                          \
                "TANDEM_JSON(" #Type ", ...): the struct needs a default constructor");      \
  TANDEM_FOR_EACH_OF(TANDEM_JSON_CHECK_, Type, __VA_ARGS__)
#define TANDEM_JSON_VISIT_(field) visit(#field, self.field);
#define TANDEM_JSON_CHECK_(Type, field)                                   \
  static_assert(::duroxide::internal::HasJson<decltype(Type::field)>,     \
                "TANDEM_JSON(" #Type ", ...): the type of field '" #field \
                "' has no JSON; "                                         \
                "add TANDEM_JSON(Type, fields...) for it, or to_json and from_json");
// NOLINTEND(bugprone-macro-parentheses)
