#pragma once

// Upcasters read the events of the past as those of today: each takes the data of one stored type
// and makes those of another. What is stored stays as it is.
//
//   sourcing::Upcasters past;
//   past.Add("paid", "paid.2", sourcing::Json([](nlohmann::json& data) {
//     data["cents"] = 100 * data["euros"].get<int>();
//     data.erase("euros");
//   }));
//
// They are applied one after the other, until no one is left for the type.

#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "tandem/sourcing/envelope.h"

namespace sourcing {

// As many may follow each other for one event: more go in a circle.
constexpr std::size_t kUpcastsMax = 1000;

// A value. What it is made of must be safe to call on several threads at a time.
class Upcasters {
 public:
  // From the data of the one type to those of the other. An exception is a failure.
  using Upcast = std::function<Result<std::string>(const std::string& data)>;

  // The last one for a type wins.
  Upcasters& Add(std::string from, std::string to, Upcast upcast) {
    steps_[std::move(from)] = {std::move(to), std::move(upcast)};
    return *this;
  }
  // The data are the same: the type only has a new name.
  Upcasters& Rename(std::string from, std::string to) {
    return Add(std::move(from), std::move(to),
               [](const std::string& data) -> Result<std::string> { return data; });
  }
  // Makes an envelope one of today: its type and data. InvalidArgument, which names `where` and the
  // upcaster, if one fails or they go in a circle.
  Status Apply(Envelope& envelope, std::string_view where) const;

 private:
  struct Step {
    std::string to;
    Upcast upcast;
  };
  std::map<std::string, Step, std::less<>> steps_;
};

// Of an event that nobody here can read. `known` are the names of those that can be.
Status UnknownType(std::string_view type, std::string_view where, std::string_view known);

}  // namespace sourcing
