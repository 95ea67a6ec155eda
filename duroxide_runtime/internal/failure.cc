#include "duroxide_runtime/internal/failure.h"

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

}  // namespace duroxide::internal
