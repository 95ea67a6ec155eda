// replay <file or folder>...: runs inputs through a fuzzer without libFuzzer, each once, and says
// how many there were.

#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>

#include "tandem/tests/fuzz_decoders/fuzz_target.h"

namespace {

namespace fs = std::filesystem;

int replayed = 0;

void Replay(const fs::path& path) {
  if (fs::is_directory(path)) {
    for (const auto& entry : fs::directory_iterator(path)) Replay(entry.path());
    return;
  }
  std::ifstream file(path, std::ios::binary);
  const std::string input((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  tandem::testing::Must(!file.bad(), "the input can be read");
  LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(input.data()), input.size());
  ++replayed;
}

}  // namespace

int main(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) Replay(argv[i]);
  std::cout << replayed << " inputs" << std::endl;
  return replayed > 0 ? 0 : 1;
}
