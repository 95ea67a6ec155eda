// The suite on the provider in memory.

#include <gtest/gtest.h>

#include <memory>
#include <utility>

#include "tandem/batch/memory_provider.h"
#include "tandem/tests/provider_conformance/conformance.h"

namespace tandem {
namespace {

std::unique_ptr<Provider> Open(Clock& clock, MemoryImage image) {
  MemoryOptions options;
  options.clock = &clock;
  options.image = std::move(image);
  return std::make_unique<MemoryProvider>(options);
}

conformance::ProviderKind Kind() {
  conformance::ProviderKind kind;
  kind.name = "Memory";
  kind.open = [](Clock& clock, const auto& /*directory*/) { return Open(clock, MemoryImage()); };
  kind.reopen = [](std::unique_ptr<Provider> store, Clock& clock, const auto& /*directory*/) {
    MemoryImage image = static_cast<MemoryProvider&>(*store).Image();
    store.reset();
    return Open(clock, std::move(image));
  };
  kind.missing = {conformance::Part::kCheckpoint};
  return kind;
}

}  // namespace
}  // namespace tandem

int main(int argc, char** argv) {
  ::testing::InitGoogleTest(&argc, argv);
  tandem::conformance::RegisterCases(tandem::Kind());
  return RUN_ALL_TESTS();
}
