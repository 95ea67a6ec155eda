#pragma once

// Stored records are Cap'n Proto structs. These two functions are the only way in and out, and the
// only place that meets kj::Exception: damaged or hostile bytes become Corruption.
//
//   std::string bytes = EncodeRecord<HeadRecord>([&](HeadRecord::Builder head) { ... });
//   Status status = DecodeRecord<HeadRecord>(bytes, "head of ...", [&](HeadRecord::Reader head) {
//     version = head.getVersion();
//   });
//
// A reader is valid only inside the function that it is passed to. `where` names the record in the
// error: a string, or a function that makes one when it is needed.
//
// Both are for records of ours. For those whose schema is a user's: EncodeCanonicalRecord, and
// wider RecordLimits.

#include <capnp/message.h>
#include <capnp/serialize.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <type_traits>

#include "tandem/base/status.h"

namespace tandem {

// How far a reader follows hostile bytes.
struct RecordLimits {
  std::size_t nesting = 16;      // our schemas nest a few structs, not a tree
  std::size_t extra_words = 64;  // beyond four times the length of the record
};

namespace internal {

// The standard framing (https://capnproto.org/encoding.html#serialization-over-a-stream), so that
// `capnp decode` reads a record that was cut out of a store.
std::string SerializeRecord(kj::ArrayPtr<const kj::ArrayPtr<const capnp::word>> segments);

// A message over an aligned copy of `bytes`, with limits against hostile input.
class RecordMessage {
 public:
  RecordMessage(std::string_view bytes, const RecordLimits& limits);
  capnp::MessageReader& reader() { return *reader_; }

 private:
  kj::Array<capnp::word> words_;
  kj::Own<capnp::FlatArrayMessageReader> reader_;
};

Status CorruptRecord(std::string_view where, const kj::Exception& exception);

}  // namespace internal

template <typename Record, typename Fill>
std::string EncodeRecord(Fill fill) {
  constexpr std::size_t kScratchWords = 128;  // most records fit, and then nothing is allocated
  capnp::word scratch[kScratchWords] = {};
  capnp::MallocMessageBuilder message(kj::arrayPtr(scratch, kScratchWords));
  fill(message.initRoot<Record>());
  return internal::SerializeRecord(message.getSegmentsForOutput());
}

// In canonical form (https://capnproto.org/encoding.html#canonicalization), at the cost of a copy:
// equal records are equal bytes, and a field that was added to the schema adds none while it is not
// set.
template <typename Record, typename Fill>
std::string EncodeCanonicalRecord(Fill fill) {
  capnp::MallocMessageBuilder message;
  fill(message.initRoot<Record>());
  const auto words = capnp::canonicalize(message.getRoot<Record>().asReader());
  const kj::ArrayPtr<const capnp::word> segment = words;
  return internal::SerializeRecord(kj::arrayPtr(&segment, 1));
}

template <typename Record, typename Where, typename Read>
Status DecodeRecord(std::string_view bytes, const Where& where, Read read,
                    const RecordLimits& limits = RecordLimits()) {
  try {
    internal::RecordMessage message(bytes, limits);
    read(message.reader().template getRoot<Record>());
    return Status::Ok();
  } catch (const kj::Exception& exception) {
    if constexpr (std::is_invocable_v<const Where&>) {
      return internal::CorruptRecord(where(), exception);
    } else {
      return internal::CorruptRecord(where, exception);
    }
  }
}

// Between Cap'n Proto Data and bytes.
inline capnp::Data::Reader ToData(std::string_view bytes) {
  return {reinterpret_cast<const kj::byte*>(bytes.data()), bytes.size()};
}
inline std::string_view ToBytes(capnp::Data::Reader data) {
  return {reinterpret_cast<const char*>(data.begin()), data.size()};
}

}  // namespace tandem
