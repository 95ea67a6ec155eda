#pragma once

// What the codecs of containers are made of: elements, each behind its length.
//
//   element := length:decimal ':' byte{length}

#include <charconv>
#include <cstddef>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "tandem/duroxide_runtime/status.h"

namespace duroxide::internal {

class ElementWriter {
 public:
  void Add(std::string_view bytes) {
    bytes_ += std::to_string(bytes.size());
    bytes_ += ':';
    bytes_ += bytes;
  }
  std::string Take() { return std::move(bytes_); }

 private:
  std::string bytes_;
};

// `bytes` outlive the reader and what it gives. No length is believed: an element is a part of
// them.
class ElementReader {
 public:
  explicit ElementReader(std::string_view bytes) : rest_(bytes) {}

  bool AtEnd() const { return rest_.empty(); }

  // Errors: InvalidArgument, also at the end.
  Result<std::string_view> Next() {
    if (AtEnd()) return Status::InvalidArgument("expected one more element");
    const std::size_t colon = rest_.find(':');
    if (colon == std::string_view::npos) return Status::InvalidArgument("expected 'length:'");
    const std::string_view digits = rest_.substr(0, colon);
    std::size_t length = 0;
    const auto [stop, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), length);
    if (error != std::errc() || stop != digits.data() + digits.size()) {
      return Status::InvalidArgument("expected a length in decimal before ':'");
    }
    rest_.remove_prefix(colon + 1);
    if (length > rest_.size()) return Status::InvalidArgument("the last element is cut off");
    const std::string_view element = rest_.substr(0, length);
    rest_.remove_prefix(length);
    return element;
  }

 private:
  std::string_view rest_;
};

}  // namespace duroxide::internal
