#include "tandem/base/result.h"

#include <string>

#include "tandem/base/check.h"

namespace tandem {

BadResultAccess::BadResultAccess(Status failure)
    : std::logic_error("the value of a failed Result was read, which holds " + failure.ToString() +
                       "; look at ok() first"),
      failure_(std::move(failure)) {
  TANDEM_REQUIRE(!failure_.ok(), "it tells of a failure");
}

namespace internal {

void ThrowBadResultAccess(const Status& failure) { throw BadResultAccess(failure); }

Status OkWithoutValue(const char* file, int line) {
  return Status::Internal("a Result was made of Ok without a value at " + std::string(file) + ":" +
                          std::to_string(line) + "; return the value, or a failure");
}

}  // namespace internal

}  // namespace tandem
