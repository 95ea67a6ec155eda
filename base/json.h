#pragma once

// JSON of a struct, by a line behind it that lists its fields:
//
//   struct Order {
//     std::string item;
//     std::int64_t cents = 0;
//   };
//   TANDEM_JSON(Order, item, cents)
//
// What may be a field, and which form it has, is in json_field.h. A field that is missing keeps its
// default, and a member that is no field is not looked at.
//
// Needs nlohmann/json.hpp (Debian: nlohmann-json3-dev), which the libraries do without.

#if !__has_include(<nlohmann/json.hpp>)
#error "base/json.h needs nlohmann-json (Debian: nlohmann-json3-dev)"
#endif

#include <concepts>
#include <cstddef>
#include <exception>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <string_view>

#include "tandem/base/for_each.h"
#include "tandem/base/json_field.h"
#include "tandem/base/result.h"
#include "tandem/base/status.h"

namespace tandem::internal {

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

// Throws std::invalid_argument for a string that is not UTF-8.
template <typename T>
std::string JsonText(const T& value) {
  try {
    const nlohmann::json json = value;
    return json.dump();
  } catch (const nlohmann::json::exception& exception) {
    throw std::invalid_argument(JsonError(exception));
  }
}

// InvalidArgument for all but one whole JSON text that fits the type.
template <typename T>
Result<T> FromJsonText(std::string_view text) {
  try {
    const nlohmann::json json = nlohmann::json::parse(text, CheckJsonDepth);
    return Result<T>(json.get<T>());
  } catch (const std::exception& exception) {
    return Status::InvalidArgument(JsonError(exception));
  }
}

}  // namespace tandem::internal

// NOLINTBEGIN(bugprone-macro-parentheses): names of a type and of its fields.
#undef TANDEM_JSON  // a header may say by that name that this one is missing
#define TANDEM_JSON(Type, ...)                                                               \
  template <typename TandemSelf, typename TandemVisit>                                       \
    requires ::std::same_as<::std::remove_const_t<TandemSelf>, Type>                         \
  void TandemJson([[maybe_unused]] TandemSelf& self, [[maybe_unused]] TandemVisit&& visit) { \
    TANDEM_FOR_EACH(TANDEM_JSON_VISIT_, __VA_ARGS__)                                         \
  }                                                                                          \
  static_assert(::tandem::internal::JsonStruct<Type>,                                        \
                "TANDEM_JSON(" #Type ", ...): it stands in the namespace of its struct");    \
  static_assert(::std::default_initializable<Type>,                                          \
                "TANDEM_JSON(" #Type ", ...): the struct needs a default constructor");      \
  TANDEM_FOR_EACH_OF(TANDEM_JSON_CHECK_, Type, __VA_ARGS__)
#define TANDEM_JSON_VISIT_(field) visit(#field, self.field);
#define TANDEM_JSON_CHECK_(Type, field)                                   \
  static_assert(::tandem::internal::HasJson<decltype(Type::field)>,       \
                "TANDEM_JSON(" #Type ", ...): the type of field '" #field \
                "' has no JSON; "                                         \
                "add TANDEM_JSON(Type, fields...) for it, or to_json and from_json");
// NOLINTEND(bugprone-macro-parentheses)
