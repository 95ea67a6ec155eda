#pragma once

// What the fuzzers of decoders share. Each of them is one source file that defines
// LLVMFuzzerTestOneInput (https://llvm.org/docs/LibFuzzer.html): any bytes are decoded without a
// crash, a leak or an unbounded allocation, and what decodes survives a round trip. `./dev fuzz
// decoders` runs them with libFuzzer; `./dev test` runs what is in corpus/ through them.

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace tandem::testing {

// Ends the process, with the input saved by libFuzzer, unless `holds`.
inline void Must(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "does not hold: %s\n", what);
  std::abort();
}

// The bytes of one run. The first of them choose what is fuzzed.
class FuzzInput {
 public:
  FuzzInput(const std::uint8_t* data, std::size_t size)
      : rest_(reinterpret_cast<const char*>(data), size) {}

  // A number below `end`; 0 when no byte is left.
  unsigned Choose(unsigned end) {
    if (rest_.empty()) return 0;
    const auto byte = static_cast<unsigned char>(rest_.front());
    rest_.remove_prefix(1);
    return byte % end;
  }

  std::string_view rest() const { return rest_; }

 private:
  std::string_view rest_;
};

// What decodes is encoded to bytes that decode to the same again. Compares bytes, since not every
// value can be compared.
template <typename Decode, typename Encode>
void RoundTrip(std::string_view bytes, Decode decode, Encode encode) {
  const auto value = decode(bytes);
  if (!value.ok()) return;
  const std::string once = encode(*value);
  const auto again = decode(once);
  Must(again.ok(), "what was encoded can be decoded");
  Must(encode(*again) == once, "a second round trip changes nothing");
}

}  // namespace tandem::testing
