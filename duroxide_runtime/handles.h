#pragma once

// Typed names. A handle ties the stored name of an activity or orchestration to the types of its
// input and output; the same handle registers the code and calls it:
//
//   inline constexpr duroxide::Activity<Digest(FileList)> kHash("hash");
//   registry.Add(kHash, ...);   ctx.Call(kHash, files);
//
// The name is stored in histories: renaming breaks the instances that have used it.

#include <string_view>

#include "duroxide_runtime/codec.h"

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

  constexpr explicit Activity(std::string_view name) : name_(name) {}  // a string literal
  constexpr std::string_view name() const { return name_; }

 private:
  std::string_view name_;
};

template <Codable Out, Codable In>
class Orchestration<Out(In)> {
 public:
  using Input = In;
  using Output = Out;

  constexpr explicit Orchestration(std::string_view name) : name_(name) {}  // a string literal
  constexpr std::string_view name() const { return name_; }

 private:
  std::string_view name_;
};

}  // namespace duroxide
