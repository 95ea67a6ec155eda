#include "tandem/base/record.h"

#include <cstring>

namespace tandem::internal {

std::string SerializeRecord(kj::ArrayPtr<const kj::ArrayPtr<const capnp::word>> segments) {
  // A u32 with the number of segments and one for each length, padded to whole words.
  const std::size_t table_words = segments.size() / 2 + 1;
  std::string bytes(table_words * sizeof(capnp::word), '\0');
  const auto put_u32 = [&bytes](std::size_t index, std::size_t value) {
    for (std::size_t i = 0; i < 4; ++i) {
      bytes[index * 4 + i] = static_cast<char>(static_cast<unsigned char>(value >> (8 * i)));
    }
  };
  put_u32(0, segments.size() - 1);
  for (std::size_t i = 0; i < segments.size(); ++i) put_u32(i + 1, segments[i].size());
  for (const auto& segment : segments) {
    const auto data = segment.asBytes();
    bytes.append(reinterpret_cast<const char*>(data.begin()), data.size());
  }
  return bytes;
}

RecordMessage::RecordMessage(std::string_view bytes, const RecordLimits& limits) {
  KJ_REQUIRE(!bytes.empty() && bytes.size() % sizeof(capnp::word) == 0,
             "a record is a positive number of words");
  // The bytes may stand at any address, and Cap'n Proto reads aligned words only: hence a copy.
  words_ = kj::heapArray<capnp::word>(bytes.size() / sizeof(capnp::word));
  std::memcpy(words_.begin(), bytes.data(), bytes.size());
  capnp::ReaderOptions options;
  options.traversalLimitInWords = 4 * words_.size() + limits.extra_words;
  options.nestingLimit = static_cast<int>(limits.nesting);
  reader_ = kj::heap<capnp::FlatArrayMessageReader>(words_, options);
}

Status CorruptRecord(std::string_view where, const kj::Exception& exception) {
  return Status::Corruption(
      std::string(where),
      "unreadable record (" + std::string(exception.getDescription().cStr()) + ")");
}

}  // namespace tandem::internal
