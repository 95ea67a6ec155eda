#pragma once

// The ways in which the tests of the runtime run: on every provider, live or plain, with one
// runtime or two. To add a provider, add a line to ProviderKinds and link it in CMakeLists.txt.

#include <gtest/gtest.h>

#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "tandem/batch/memory_provider.h"
#include "tandem/batch/provider.h"
#include "tandem/batch/rocksdb_provider.h"

namespace duroxide::testing {

struct ProviderKind {
  std::string name;
  // A new, empty provider that waits through `clock`, and may keep files in an empty `directory`;
  // both outlive it.
  std::function<std::unique_ptr<tandem::Provider>(tandem::Clock& clock,
                                                  const std::filesystem::path& directory)>
      make;
  // Runtimes keep no instance in memory and store everything by itself, instead of all they can.
  bool plain_runtimes = false;
  // As many runtimes share the provider wherever a test starts "a runtime".
  std::size_t runtimes = 1;
};

inline std::ostream& operator<<(std::ostream& out, const ProviderKind& kind) {
  return out << kind.name;
}

inline std::unique_ptr<tandem::Provider> MakeMemory(tandem::Clock& clock,
                                                    const std::filesystem::path& /*directory*/) {
  tandem::MemoryOptions options;
  options.clock = &clock;
  return std::make_unique<tandem::MemoryProvider>(options);
}

inline std::unique_ptr<tandem::Provider> MakeRocksDb(tandem::Clock& clock,
                                                     const std::filesystem::path& directory) {
  tandem::RocksDbOptions options;
  options.mode = tandem::OpenMode::kCreateIfMissing;
  options.clock = &clock;
  auto opened = tandem::RocksDbProvider::Open(directory, options);
  EXPECT_TRUE(opened.ok()) << opened.status();
  return *std::move(opened);
}

inline std::vector<ProviderKind> ProviderKinds() {
  std::vector<ProviderKind> kinds;
  for (const ProviderKind& provider :
       {ProviderKind{"Memory", MakeMemory}, ProviderKind{"RocksDb", MakeRocksDb}}) {
    for (const bool plain : {false, true}) {
      for (const std::size_t runtimes : {1, 2}) {
        const std::string name =
            provider.name + (plain ? "Plain" : "") + (runtimes == 2 ? "TwoRuntimes" : "");
        kinds.push_back({name, provider.make, plain, runtimes});
      }
    }
  }
  return kinds;
}

// What a test about a matter of its own asks for: fewer ways than all.
inline std::vector<ProviderKind> LiveKinds() {
  std::vector<ProviderKind> kinds = ProviderKinds();
  std::erase_if(kinds, [](const ProviderKind& kind) { return kind.plain_runtimes; });
  return kinds;
}
inline std::vector<ProviderKind> ProviderKindsOfOneRuntime() {
  std::vector<ProviderKind> kinds = ProviderKinds();
  std::erase_if(kinds, [](const ProviderKind& kind) { return kind.runtimes > 1; });
  return kinds;
}
inline std::vector<ProviderKind> LiveKindsOfOneRuntime() {
  std::vector<ProviderKind> kinds = LiveKinds();
  std::erase_if(kinds, [](const ProviderKind& kind) { return kind.runtimes > 1; });
  return kinds;
}

}  // namespace duroxide::testing
