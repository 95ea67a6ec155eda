#pragma once

// How the types of fields become JSON and come back, for structs with TANDEM_JSON (json.h,
// which includes this). JsonField<T> is there for what has a form in JSON; nlohmann-json
// converts what is not named here, but never numbers: it cuts them to the type that is asked for.
//
//   json   := object | array | string | number | true | false | null
//   bool   := true | false              integer := a number without point or exponent, in range
//   string := string, UTF-8             floating := number | "nan" | "inf" | "-inf"
//   monostate := null                   optional := null | the value
//   vector := array                     pair, tuple := array of as many
//   enum   := its number                map := object, for keys that are strings
//   struct := object, a member a field       | array of [key, value], sorted
//
// From replaces the value that it gets, and reports InvalidArgument for whatever does not fit.

#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <stdexcept>
#include <string>
#include <tuple>
#include <type_traits>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include "tandem/base/result.h"
#include "tandem/base/status.h"

namespace tandem::internal {

// What TANDEM_JSON declares beside a struct, found by the struct's namespace.
struct AnyField {
  template <typename F>
  void operator()(const char*, F&) const {}
};
template <typename T>
concept JsonStruct =
    std::is_class_v<T> && requires(T& value, const AnyField& visit) { TandemJson(value, visit); };

template <typename T>
struct JsonField;
template <typename T>
concept HasJson = requires(const T& value) { JsonField<T>::To(value); };

inline Status ExpectedJson(const char* what, const nlohmann::json& found) {
  return Status::InvalidArgument(std::string("expected ") + what + ", found " + found.type_name());
}
inline Status WithinJson(const std::string& where, const Status& status) {
  return Status::InvalidArgument(where + ": " + status.message());
}

template <>
struct JsonField<bool> {
  static nlohmann::json To(bool value) { return value; }
  static Status From(const nlohmann::json& json, bool& value) {
    if (!json.is_boolean()) return ExpectedJson("true or false", json);
    value = json.get<bool>();
    return Status::Ok();
  }
};

template <std::integral T>
struct JsonField<T> {
  using Widest = std::conditional_t<std::is_signed_v<T>, std::int64_t, std::uint64_t>;

  static nlohmann::json To(T value) { return static_cast<Widest>(value); }
  static Status From(const nlohmann::json& json, T& value) {
    if (!json.is_number_integer()) return ExpectedJson("an integer", json);
    bool fits = false;
    if (json.is_number_unsigned()) {
      const auto number = json.get<std::uint64_t>();
      fits = number <= static_cast<std::uint64_t>(std::numeric_limits<T>::max());
      value = static_cast<T>(number);
    } else {
      const auto number = json.get<std::int64_t>();
      if constexpr (std::is_signed_v<T>) fits = number >= std::numeric_limits<T>::min();
      value = static_cast<T>(number);
    }
    if (fits) return Status::Ok();
    return Status::InvalidArgument(json.dump() + " is out of range for an integer of " +
                                   std::to_string(sizeof(T)) + " bytes");
  }
};

template <typename T>
  requires std::same_as<T, float> || std::same_as<T, double>
struct JsonField<T> {
  static nlohmann::json To(T value) {
    if (std::isnan(value)) return "nan";
    if (std::isinf(value)) return value < 0 ? "-inf" : "inf";
    return value;
  }
  static Status From(const nlohmann::json& json, T& value) {
    using Limits = std::numeric_limits<T>;
    for (const T special : {Limits::quiet_NaN(), Limits::infinity(), -Limits::infinity()}) {
      if (json != To(special)) continue;
      value = special;
      return Status::Ok();
    }
    if (!json.is_number()) return ExpectedJson("a number", json);
    const auto number = json.get<double>();
    if (std::fabs(number) > Limits::max()) {
      return Status::InvalidArgument(json.dump() + " is out of range");
    }
    value = static_cast<T>(number);
    return Status::Ok();
  }
};

template <>
struct JsonField<std::string> {
  static nlohmann::json To(const std::string& value) { return value; }
  static Status From(const nlohmann::json& json, std::string& value) {
    if (!json.is_string()) return ExpectedJson("a string", json);
    value = json.get_ref<const std::string&>();
    return Status::Ok();
  }
};

template <>
struct JsonField<std::monostate> {
  static nlohmann::json To(const std::monostate&) { return nullptr; }
  static Status From(const nlohmann::json& json, std::monostate&) {
    return json.is_null() ? Status::Ok() : ExpectedJson("null", json);
  }
};

// Whether there are functions to_json of the user's own: they win where an enum has a form here.
struct JsonProbe {
  operator nlohmann::json&() const;  // NOLINT(google-explicit-constructor): never made
};
template <typename T>
concept HasOwnJson = requires(JsonProbe& json, const T& value) { to_json(json, value); };

// Of an enum that names no underlying type C++ can't make a value of most numbers.
template <typename T>
concept JsonEnum = std::is_enum_v<T> && requires { T{0}; } && !HasOwnJson<T>;

template <JsonEnum T>
struct JsonField<T> {
  using Number = std::underlying_type_t<T>;

  static nlohmann::json To(T value) { return JsonField<Number>::To(static_cast<Number>(value)); }
  static Status From(const nlohmann::json& json, T& value) {
    Number number{};
    TANDEM_RETURN_IF_ERROR(JsonField<Number>::From(json, number));
    value = static_cast<T>(number);
    return Status::Ok();
  }
};

template <typename T>
constexpr bool kMayBeNull = std::is_same_v<T, std::monostate>;
template <typename T>
constexpr bool kMayBeNull<std::optional<T>> = true;

// Not of what is null itself: null would be two values.
template <HasJson T>
  requires(!kMayBeNull<T>)
struct JsonField<std::optional<T>> {
  static nlohmann::json To(const std::optional<T>& value) {
    if (!value) return nullptr;
    return JsonField<T>::To(*value);
  }
  static Status From(const nlohmann::json& json, std::optional<T>& value) {
    value.reset();
    return json.is_null() ? Status::Ok() : JsonField<T>::From(json, value.emplace());
  }
};

template <HasJson T>
struct JsonField<std::vector<T>> {
  static nlohmann::json To(const std::vector<T>& values) {
    nlohmann::json json = nlohmann::json::array();
    for (const T& value : values) json.push_back(JsonField<T>::To(value));
    return json;
  }
  static Status From(const nlohmann::json& json, std::vector<T>& values) {
    if (!json.is_array()) return ExpectedJson("an array", json);
    values.clear();
    for (const nlohmann::json& element : json) {
      T value{};
      if (const Status status = JsonField<T>::From(element, value); !status.ok()) {
        return WithinJson("[" + std::to_string(values.size()) + "]", status);
      }
      values.push_back(std::move(value));
    }
    return Status::Ok();
  }
};

template <HasJson... T>
struct JsonField<std::tuple<T...>> {
  static nlohmann::json To(const std::tuple<T...>& values) {
    nlohmann::json json = nlohmann::json::array();
    std::apply([&](const T&... value) { (json.push_back(JsonField<T>::To(value)), ...); }, values);
    return json;
  }
  static Status From(const nlohmann::json& json, std::tuple<T...>& values) {
    return std::apply([&](T&... value) { return FromAll(json, value...); }, values);
  }
  static Status FromAll(const nlohmann::json& json, T&... values) {
    if (!json.is_array() || json.size() != sizeof...(T)) {
      return Status::InvalidArgument("expected an array of " + std::to_string(sizeof...(T)));
    }
    Status status;
    std::size_t index = 0;
    const auto take = [&]<typename Element>(Element& value) {
      const std::string where = "[" + std::to_string(index) + "]";
      const Status taken = JsonField<Element>::From(json[index], value);
      if (!taken.ok()) status = WithinJson(where, taken);
      ++index;
      return taken.ok();
    };
    static_cast<void>((take(values) && ...));
    return status;
  }
};

template <HasJson A, HasJson B>
struct JsonField<std::pair<A, B>> {
  static nlohmann::json To(const std::pair<A, B>& value) {
    nlohmann::json json = nlohmann::json::array();
    json.push_back(JsonField<A>::To(value.first));
    json.push_back(JsonField<B>::To(value.second));
    return json;
  }
  static Status From(const nlohmann::json& json, std::pair<A, B>& value) {
    return JsonField<std::tuple<A, B>>::FromAll(json, value.first, value.second);
  }
};

template <typename Map>
struct JsonMap {
  using Key = typename Map::key_type;
  using Value = typename Map::mapped_type;
  static constexpr bool kIsObject = std::is_same_v<Key, std::string>;

  static nlohmann::json To(const Map& values) {
    if constexpr (kIsObject) {
      nlohmann::json json = nlohmann::json::object();
      for (const auto& [key, value] : values) json[key] = JsonField<Value>::To(value);
      return json;
    } else {
      // Sorted, so that the order of the container makes no difference.
      std::vector<nlohmann::json> entries;
      for (const auto& [key, value] : values) {
        entries.push_back(JsonField<std::pair<Key, Value>>::To({key, value}));
      }
      std::ranges::sort(entries, [](const nlohmann::json& a, const nlohmann::json& b) {
        return a.front() < b.front();
      });
      return entries;
    }
  }

  static Status From(const nlohmann::json& json, Map& values) {
    values.clear();
    if constexpr (kIsObject) {
      if (!json.is_object()) return ExpectedJson("an object", json);
      for (const auto& [key, member] : json.items()) {
        Value value{};
        if (const Status status = JsonField<Value>::From(member, value); !status.ok()) {
          return WithinJson("'" + key + "'", status);
        }
        values.emplace(key, std::move(value));
      }
    } else {
      if (!json.is_array()) return ExpectedJson("an array of [key, value]", json);
      for (const nlohmann::json& entry : json) {
        std::pair<Key, Value> pair{};
        TANDEM_RETURN_IF_ERROR((JsonField<std::pair<Key, Value>>::From(entry, pair)));
        if (!values.insert(std::move(pair)).second) {
          return Status::InvalidArgument("a key is there twice");
        }
      }
    }
    return Status::Ok();
  }
};
template <HasJson K, HasJson V, typename Compare>
struct JsonField<std::map<K, V, Compare>> : JsonMap<std::map<K, V, Compare>> {};
template <HasJson K, HasJson V, typename Hash, typename Equal>
struct JsonField<std::unordered_map<K, V, Hash, Equal>>
    : JsonMap<std::unordered_map<K, V, Hash, Equal>> {};

// An optional that is empty has no member: a new one leaves the bytes as they were until it is set.
template <JsonStruct T>
struct JsonField<T> {
  static nlohmann::json To(const T& value) {
    nlohmann::json json = nlohmann::json::object();
    TandemJson(value, [&json]<typename F>(const char* name, const F& field) {
      nlohmann::json member = JsonField<F>::To(field);
      if (!kMayBeNull<F> || !member.is_null()) json[name] = std::move(member);
    });
    return json;
  }
  static Status From(const nlohmann::json& json, T& value) {
    if (!json.is_object()) return ExpectedJson("an object", json);
    Status status;
    TandemJson(value, [&]<typename F>(const char* name, F& field) {
      if (!status.ok()) return;
      const auto member = json.find(name);
      if (member != json.end()) {
        const Status taken = JsonField<F>::From(*member, field);
        if (!taken.ok()) status = WithinJson("'" + std::string(name) + "'", taken);
      } else if constexpr (kMayBeNull<F>) {
        field = F();
      }
    });
    return status;
  }
};

// What nlohmann-json converts by itself or by to_json and from_json of the user's own. No container
// with a hash: its order is not that of its values.
template <typename T>
concept ForeignJson =
    (std::is_class_v<T> || std::is_union_v<T> || (std::is_enum_v<T> && HasOwnJson<T>)) &&
    !JsonStruct<T> && std::is_constructible_v<nlohmann::json, const T&> &&
    requires(const nlohmann::json& json) { json.get<T>(); } && !requires { typename T::hasher; };

template <ForeignJson T>
struct JsonField<T> {
  static nlohmann::json To(const T& value) { return value; }
  static Status From(const nlohmann::json& json, T& value) {
    try {
      value = json.get<T>();
    } catch (const std::exception& exception) {
      return Status::InvalidArgument(exception.what());
    }
    return Status::Ok();
  }
};

}  // namespace tandem::internal

// nlohmann-json itself converts such structs too, wherever they stand.
template <tandem::internal::JsonStruct T>
struct nlohmann::adl_serializer<T, void> {
  static void to_json(nlohmann::json& json, const T& value) {
    json = tandem::internal::JsonField<T>::To(value);
  }
  static void from_json(const nlohmann::json& json, T& value) {
    const tandem::Status status = tandem::internal::JsonField<T>::From(json, value);
    if (!status.ok()) throw std::invalid_argument(status.message());
  }
};
