#pragma once

// A type whose codec throws when it is told to.

#include <stdexcept>
#include <string>
#include <string_view>

#include "tandem/duroxide_runtime/codec.h"

namespace duroxide::testing {

struct Moody {
  Moody() = default;  // an input of a coroutine must not be an aggregate
  explicit Moody(int number) : throws(number) {}

  int throws = 0;  // when it is encoded; 1: an exception, 2: a number
};

}  // namespace duroxide::testing

// The bytes "1" and "2" throw when they are decoded; all others are a Moody.
template <>
struct duroxide::Codec<duroxide::testing::Moody> {
  static std::string Encode(const duroxide::testing::Moody& moody) {
    Throw(moody.throws);
    return std::to_string(moody.throws);
  }
  static Result<duroxide::testing::Moody> Decode(std::string_view bytes) {
    if (bytes == "1") Throw(1);
    if (bytes == "2") Throw(2);
    return duroxide::testing::Moody();
  }

 private:
  static void Throw(int what) {
    if (what == 1) throw std::runtime_error("not today");
    if (what == 2) throw 42;
  }
};
