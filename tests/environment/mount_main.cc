// Runs the tests that mount. Who may not mount skips them, and says why; where CI=true, they must
// run.

#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>
#include <string>

#include "tandem/tests/environment/small_disk.h"

namespace {

constexpr int kSkipped = 77;  // ctest's SKIP_RETURN_CODE, see CMakeLists.txt

}  // namespace

int main(int argc, char** argv) {
  ::testing::InitGoogleTest(&argc, argv);
  if (::testing::GTEST_FLAG(list_tests)) return RUN_ALL_TESTS();
  const std::string reason = tandem::testing::EnterOwnMounts();
  if (reason.empty()) return RUN_ALL_TESTS();
  const char* const ci = std::getenv("CI");  // NOLINT(concurrency-mt-unsafe): no thread runs yet
  const bool must_run = ci != nullptr && std::string(ci) == "true";
  std::cout << (must_run ? "failed" : "skipped") << ": these tests mount small file systems, which "
            << "takes root (CAP_SYS_ADMIN): " << reason << std::endl;
  return must_run ? 1 : kSkipped;
}
