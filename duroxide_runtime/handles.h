#pragma once

// Typed names. A handle ties the stored name of an activity or orchestration to the types of its
// input and output; the same handle registers the code and calls it:
//
//   inline constexpr duroxide::Activity<Digest(FileList)> kHash("hash");
//   registry.Add(kHash, ...);   ctx.Call(kHash, files);
//
// The name is stored in histories: renaming breaks the instances that have used it. It is a string
// literal of 1 to kNameBytesMax bytes; with anything else the handle does not compile.

#include <cstddef>
#include <string_view>

#include "duroxide_runtime/codec.h"
#include "duroxide_runtime/limits.h"

namespace duroxide {

template <typename Signature>
class Activity;
template <typename Signature>
class Orchestration;

template <Codable Out, Codable In>
class Activity<Out(In)> {
 public:
  using Input = In;
  using Output = Out;

  template <std::size_t N>
    requires(N > 1 && N - 1 <= kNameBytesMax)
  consteval explicit Activity(const char (&literal)[N]) : name_(literal, N - 1) {}
  constexpr std::string_view name() const { return name_; }

 private:
  std::string_view name_;
};

template <Codable Out, Codable In>
class Orchestration<Out(In)> {
 public:
  using Input = In;
  using Output = Out;

  template <std::size_t N>
    requires(N > 1 && N - 1 <= kNameBytesMax)
  consteval explicit Orchestration(const char (&literal)[N]) : name_(literal, N - 1) {}
  constexpr std::string_view name() const { return name_; }

 private:
  std::string_view name_;
};

}  // namespace duroxide
