#include "tandem/base/key_encoding.h"

#include <array>
#include <utility>

namespace tandem {

namespace {

// The closing byte sorts before kZeroFollows, so a field sorts before its extensions, also before
// those that go on with a zero byte.
constexpr char kZero = '\x00';
constexpr char kZeroFollows = '\xFF';
constexpr char kClosed = '\x01';
constexpr std::size_t kU64Bytes = 8;

}  // namespace

KeyWriter& KeyWriter::U64(std::uint64_t value) {
  std::array<char, kU64Bytes> bytes;
  for (std::size_t i = 0; i < kU64Bytes; ++i) {
    bytes[kU64Bytes - 1 - i] = static_cast<char>(static_cast<unsigned char>(value >> (8 * i)));
  }
  key_.append(bytes.data(), bytes.size());
  return *this;
}

KeyWriter& KeyWriter::Escaped(std::string_view bytes) {
  for (std::size_t zero = bytes.find(kZero); zero != bytes.npos; zero = bytes.find(kZero)) {
    key_.append(bytes.substr(0, zero + 1)).push_back(kZeroFollows);
    bytes.remove_prefix(zero + 1);
  }
  key_.append(bytes).append({kZero, kClosed});
  return *this;
}

KeyWriter& KeyWriter::Raw(std::string_view bytes) {
  key_.append(bytes);
  return *this;
}

KeyReader::KeyReader(std::string_view key, char prefix)
    : rest_(key), valid_(!key.empty() && key.front() == prefix) {
  if (valid_) rest_.remove_prefix(1);
}

std::optional<std::uint64_t> KeyReader::U64() {
  valid_ = valid_ && rest_.size() >= kU64Bytes;
  if (!valid_) return std::nullopt;
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < kU64Bytes; ++i) {
    value = value << 8 | static_cast<unsigned char>(rest_[i]);
  }
  rest_.remove_prefix(kU64Bytes);
  return value;
}

std::optional<std::string> KeyReader::Escaped() {
  std::string bytes;
  while (valid_) {
    const std::size_t zero = rest_.find(kZero);
    valid_ = zero != std::string_view::npos && zero + 1 < rest_.size();
    if (!valid_) break;
    const char next = rest_[zero + 1];
    bytes.append(rest_.substr(0, zero));
    rest_.remove_prefix(zero + 2);
    if (next == kClosed) return bytes;
    bytes.push_back(kZero);
    valid_ = next == kZeroFollows;
  }
  return std::nullopt;
}

std::optional<std::string_view> KeyReader::Raw() {
  if (!valid_) return std::nullopt;
  return std::exchange(rest_, {});
}

std::string PrefixEnd(std::string prefix) {
  while (!prefix.empty()) {
    const auto last = static_cast<unsigned char>(prefix.back());
    if (last != 0xFF) {
      prefix.back() = static_cast<char>(last + 1);
      return prefix;
    }
    prefix.pop_back();
  }
  return prefix;
}

}  // namespace tandem
