#pragma once

// Typed names. A handle ties the stored name of an activity or orchestration to the types of its
// input and output, and that of an event to the type of its payload; the same handle registers the
// code and calls it, raises the event and waits for it:
//
//   inline constexpr duroxide::Activity<Digest(FileList)> kHash("hash");
//   registry.Add(kHash, ...);   ctx.Call(kHash, files);
//   inline constexpr duroxide::Event<Decision> kDecision("decision");
//   client.RaiseEvent("order-7", kDecision, yes);   ctx.WaitForEvent(kDecision);
//
// The name is stored in histories: renaming breaks the instances that have used it. It is a string
// literal of 1 to kNameBytesMax bytes; with anything else the handle does not compile.
//
// A handle has exactly one input and one output, each of a type with a codec (codec.h). Unit stands
// for none; several go into a struct.

#include <concepts>
#include <cstddef>
#include <string_view>
#include <type_traits>

#include "tandem/duroxide_runtime/codec.h"
#include "tandem/duroxide_runtime/limits.h"

namespace duroxide {

namespace internal {

template <typename T>
constexpr bool kIsPlainValue = std::same_as<T, std::remove_cvref_t<T>> && !std::is_void_v<T>;

template <typename Signature>
constexpr bool kIsHandleSignature = false;
template <typename Out, typename In>
constexpr bool kIsHandleSignature<Out(In)> = true;

}  // namespace internal

// Only what is no Out(In) comes here.
template <typename Signature>
class Activity {
  static_assert(internal::kIsHandleSignature<Signature>,
                "duroxide::Activity<Out(In)>: an activity has one input; make a struct of them, "
                "or take duroxide::Unit for none");

 public:
  template <std::size_t N>
  consteval explicit Activity(const char (&)[N]) {}
};

template <typename Signature>
class Orchestration {
  static_assert(internal::kIsHandleSignature<Signature>,
                "duroxide::Orchestration<Out(In)>: an orchestration has one input; make a struct "
                "of them, or take duroxide::Unit for none");

 public:
  template <std::size_t N>
  consteval explicit Orchestration(const char (&)[N]) {}
};

template <typename Out, typename In>
class Activity<Out(In)> {
  static_assert(internal::kIsPlainValue<Out>,
                "duroxide::Activity<Out(In)>: Out is a plain value; where there is none it is "
                "duroxide::Unit");
  static_assert(!internal::kIsPlainValue<Out> || Codable<Out>,
                "duroxide::Activity<Out(In)>: Out has no codec; add TANDEM_JSON(Type, fields...) "
                "or specialize duroxide::Codec<Type>");
  static_assert(internal::kIsPlainValue<In>,
                "duroxide::Activity<Out(In)>: In is a plain value; where there is none it is "
                "duroxide::Unit");
  static_assert(!internal::kIsPlainValue<In> || Codable<In>,
                "duroxide::Activity<Out(In)>: In has no codec; add TANDEM_JSON(Type, fields...) "
                "or specialize duroxide::Codec<Type>");

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

template <typename Out, typename In>
class Orchestration<Out(In)> {
  static_assert(internal::kIsPlainValue<Out>,
                "duroxide::Orchestration<Out(In)>: Out is a plain value; where there is none it is "
                "duroxide::Unit");
  static_assert(
      !internal::kIsPlainValue<Out> || Codable<Out>,
      "duroxide::Orchestration<Out(In)>: Out has no codec; add TANDEM_JSON(Type, fields...) "
      "or specialize duroxide::Codec<Type>");
  static_assert(internal::kIsPlainValue<In>,
                "duroxide::Orchestration<Out(In)>: In is a plain value; where there is none it is "
                "duroxide::Unit");
  static_assert(
      !internal::kIsPlainValue<In> || Codable<In>,
      "duroxide::Orchestration<Out(In)>: In has no codec; add TANDEM_JSON(Type, fields...) "
      "or specialize duroxide::Codec<Type>");

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

// An external event and the type of its payload; Unit for one that carries nothing.
template <typename T>
class Event {
  static_assert(internal::kIsPlainValue<T>,
                "duroxide::Event<T>: T is a plain value; where there is none it is duroxide::Unit");
  static_assert(!internal::kIsPlainValue<T> || Codable<T>,
                "duroxide::Event<T>: T has no codec; add TANDEM_JSON(Type, fields...) or "
                "specialize duroxide::Codec<Type>");

 public:
  using Payload = T;

  template <std::size_t N>
    requires(N > 1 && N - 1 <= kNameBytesMax)
  consteval explicit Event(const char (&literal)[N]) : name_(literal, N - 1) {}
  constexpr std::string_view name() const { return name_; }

 private:
  std::string_view name_;
};

}  // namespace duroxide
