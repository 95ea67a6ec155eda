#pragma once

// Codecs in two lines, for the small values of these examples: a struct is stored as the list of
// its fields, each by its own codec.
//
//   std::string Codec<Order>::Encode(const Order& o) { return EncodeFields(o.item, o.cents); }
//   Result<Order> Codec<Order>::Decode(std::string_view bytes) {
//     return DecodeFields<Order, std::string, std::int64_t>(bytes);
//   }

#include <cstddef>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include <tandem/duroxide.h>

namespace orchestrations {

template <typename... Field>
std::string EncodeFields(const Field&... fields) {
  std::vector<std::string> texts;
  (texts.push_back(duroxide::Codec<Field>::Encode(fields)), ...);
  return duroxide::Codec<std::vector<std::string>>::Encode(texts);
}

namespace internal {

template <typename T, typename... Field, std::size_t... I>
duroxide::Result<T> MakeFromFields(const std::vector<std::string>& texts,
                                   std::index_sequence<I...>) {
  std::tuple<duroxide::Result<Field>...> fields{duroxide::Codec<Field>::Decode(texts[I])...};
  duroxide::Status status;
  ((status.ok() && !std::get<I>(fields).ok() ? void(status = std::get<I>(fields).status())
                                             : void()),
   ...);
  if (!status.ok()) return status;
  return T(*std::move(std::get<I>(fields))...);
}

}  // namespace internal

// T is made from its fields by a constructor.
template <typename T, typename... Field>
duroxide::Result<T> DecodeFields(std::string_view bytes) {
  TANDEM_ASSIGN_OR_RETURN(const std::vector<std::string> texts,
                          duroxide::Codec<std::vector<std::string>>::Decode(bytes));
  if (texts.size() != sizeof...(Field)) {
    return duroxide::Status::InvalidArgument("expected " + std::to_string(sizeof...(Field)) +
                                             " fields, found " + std::to_string(texts.size()));
  }
  return internal::MakeFromFields<T, Field...>(texts, std::index_sequence_for<Field...>());
}

}  // namespace orchestrations

// Behind the struct, outside of its namespace: its codec's declaration.
#define ORCHESTRATIONS_DECLARE_CODEC(Type)              \
  template <>                                           \
  struct duroxide::Codec<Type> {                        \
    static std::string Encode(const Type& value);       \
    static Result<Type> Decode(std::string_view bytes); \
  }
