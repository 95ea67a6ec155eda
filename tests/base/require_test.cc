// Preconditions that a machine can tell are checked in the builds with a sanitizer.

#include <gtest/gtest.h>

#include <vector>

#include "tandem/base/check.h"
#include "tandem/base/status.h"

namespace tandem {
namespace {

TEST(RequireTest, IsEvaluatedOnlyWhereItIsChecked) {
  int evaluated = 0;
  TANDEM_REQUIRE(++evaluated > 0, "it holds");
#ifdef TANDEM_CHECK_REQUIRES
  EXPECT_EQ(evaluated, 1);
#else
  EXPECT_EQ(evaluated, 0);
#endif
}

#ifdef TANDEM_CHECK_REQUIRES
TEST(RequireDeathTest, ABrokenPreconditionEndsTheProcessAndNamesIt) {
  const std::vector<OperationFailure> unsorted = {{5, Status::NotFound("x")},
                                                  {2, Status::NotFound("y")}};
  EXPECT_DEATH((void)Status::OfFailures(unsorted), "failures are in order of operation");
}
#endif

}  // namespace
}  // namespace tandem
