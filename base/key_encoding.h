#pragma once

// Order-preserving key encoding: comparing two encoded keys byte by byte compares their fields one
// after the other. Every key layout of the stores is built from these pieces:
//
//   u64be    := 8 bytes, most significant first
//   escaped  := the bytes, each 0x00 written as 0x00 0xFF, closed by 0x00 0x01
//   raw      := the bytes as they are; only as the last field
//
// `escaped` sorts like the bytes themselves, a prefix before its extensions, and no encoding is a
// prefix of another.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace tandem {

// Builds a key: KeyWriter('V').Escaped(entity).U64(partition).U64(version).Take()
class KeyWriter {
 public:
  explicit KeyWriter(char prefix) {
    key_.reserve(kUsualKeyBytes);
    key_.push_back(prefix);
  }

  KeyWriter& U64(std::uint64_t value);
  KeyWriter& Escaped(std::string_view bytes);
  KeyWriter& Raw(std::string_view bytes);

  std::string Take() { return std::move(key_); }

 private:
  static constexpr std::size_t kUsualKeyBytes = 62;  // in one allocation

  std::string key_;
};

// Takes a key apart again; every call is nullopt once the key does not have the asked-for field.
// Keeps a view of `key`.
class KeyReader {
 public:
  KeyReader(std::string_view key, char prefix);

  std::optional<std::uint64_t> U64();
  std::optional<std::string> Escaped();
  std::optional<std::string_view> Raw();

  // True when everything was read and nothing failed.
  bool AtEnd() const { return valid_ && rest_.empty(); }

 private:
  std::string_view rest_;
  bool valid_;
};

// The smallest key greater than every key that starts with `prefix`; empty when there is none.
std::string PrefixEnd(std::string prefix);

}  // namespace tandem
