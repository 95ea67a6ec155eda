#pragma once

// Codecs for types of yours that have a struct in a Cap'n Proto schema. Two functions beside the
// type, found by its namespace, fill the one from the other; then a line makes the codec:
//
//   struct Digest {
//     std::string path;
//     std::uint64_t bytes = 0;
//   };
//   void ToCapnp(const Digest& digest, schema::Digest::Builder record);
//   void FromCapnp(schema::Digest::Reader record, Digest& digest);
//
//   template <>
//   struct duroxide::Codec<Digest> : duroxide::CapnpCodec<Digest, schema::Digest> {};
//
// FromCapnp gets a Digest() to fill. It may return a Status instead of nothing, to refuse a value.
// It must be content with fields that are not set: those that an earlier version did not write.
//
// The bytes are an unpacked message in canonical form, so equal records are equal bytes, and a new
// field leaves them as they were where it has its default: instances under way replay over it. A
// text, data or list that is set has bytes also when it is empty, so set a new one only when it is
// not. Bytes from anywhere are safe to decode: nothing outside of them is read, and no more than
// Cap'n Proto's usual limits (64 MiB walked, or four times the message; 64 deep).
//
// Not part of duroxide.h, since it includes Cap'n Proto's headers.

#include <capnp/schema.h>

#include <cstddef>
#include <exception>
#include <string>
#include <string_view>
#include <type_traits>

#include "tandem/base/record.h"
#include "tandem/duroxide_runtime/codec.h"

namespace duroxide {

template <typename T, typename Schema>
struct CapnpCodec {
  static std::string Encode(const T& value) {
    return tandem::EncodeCanonicalRecord<Schema>(
        [&value](typename Schema::Builder record) { ToCapnp(value, record); });
  }

  static Result<T> Decode(std::string_view bytes) {
    T value{};
    Status status;
    const auto read = [&](typename Schema::Reader record) {
      if constexpr (std::is_void_v<decltype(FromCapnp(record, value))>) {
        FromCapnp(record, value);
      } else {
        status = FromCapnp(record, value);
      }
    };
    try {
      const Status readable = tandem::DecodeRecord<Schema>(bytes, &CapnpCodec::Name, read, kLimits);
      if (!readable.ok()) return Status::InvalidArgument(readable.message());
    } catch (const std::exception& exception) {
      return Status::InvalidArgument(Name() + ": " + exception.what());
    }
    if (!status.ok()) return status;
    return value;
  }

 private:
  static constexpr tandem::RecordLimits kLimits{.nesting = 64, .extra_words = std::size_t{8} << 20};

  static std::string Name() { return capnp::Schema::from<Schema>().getShortDisplayName().cStr(); }
};

}  // namespace duroxide
