#include "duroxide_runtime/internal/failure.h"

#include "duroxide_runtime/limits.h"

namespace duroxide::internal {

tandem::Status FailureOfException(const std::exception_ptr& exception) {
  try {
    std::rethrow_exception(exception);
  } catch (const std::exception& known) {
    return tandem::Status::Internal(known.what());
  } catch (...) {
    return tandem::Status::Internal("threw an exception that is no std::exception");
  }
}

std::string FailureMessage(const tandem::Status& status) {
  if (status.message().size() <= kFailureBytesMax) return status.message();
  return status.message().substr(0, kFailureBytesMax) + "... (cut)";
}

}  // namespace duroxide::internal
