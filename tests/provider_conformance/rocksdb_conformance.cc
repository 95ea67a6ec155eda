// The suite on the provider on RocksDB.

#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>

#include "tandem/batch/rocksdb_provider.h"
#include "tandem/tests/provider_conformance/conformance.h"

namespace {

std::unique_ptr<tandem::Provider> Open(tandem::Clock& clock,
                                       const std::filesystem::path& directory) {
  tandem::RocksDbOptions options;
  options.mode = tandem::OpenMode::kCreateIfMissing;
  options.clock = &clock;
  auto opened = tandem::RocksDbProvider::Open(directory, options);
  if (!opened.ok()) throw std::runtime_error(opened.status().ToString());
  return *std::move(opened);
}

}  // namespace

int main(int argc, char** argv) {
  ::testing::InitGoogleTest(&argc, argv);
  tandem::conformance::ProviderKind kind;
  kind.name = "RocksDb";
  kind.open = Open;
  tandem::conformance::RegisterCases(kind);
  return RUN_ALL_TESTS();
}
