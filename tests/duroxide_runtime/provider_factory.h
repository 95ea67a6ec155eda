#pragma once

// The providers that the tests of the runtime run on: every test runs on each. To add one, add a
// line to ProviderKinds and link it in CMakeLists.txt.

#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "batch/provider.h"
#include "tests/duroxide_runtime/fake_provider.h"

namespace duroxide::testing {

struct ProviderKind {
  std::string name;
  // A new, empty provider that waits through `clock`, which outlives it.
  std::function<std::unique_ptr<tandem::Provider>(tandem::Clock& clock)> make;
};

inline std::ostream& operator<<(std::ostream& out, const ProviderKind& kind) {
  return out << kind.name;
}

inline std::vector<ProviderKind> ProviderKinds() {
  std::vector<ProviderKind> kinds;
  kinds.push_back(
      {"Fake", [](tandem::Clock& clock) { return std::make_unique<FakeProvider>(clock); }});
  return kinds;
}

}  // namespace duroxide::testing
