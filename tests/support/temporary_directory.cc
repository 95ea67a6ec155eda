#include "tandem/tests/support/temporary_directory.h"

#include <cstdlib>
#include <string>

#include "tandem/base/check.h"

namespace tandem::testing {

TemporaryDirectory::TemporaryDirectory() {
  std::string name = std::filesystem::temp_directory_path() / "tandem-test-XXXXXX";
  TANDEM_CHECK(mkdtemp(name.data()) != nullptr, "a temporary directory can be made");
  path_ = name;
}

TemporaryDirectory::~TemporaryDirectory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace tandem::testing
