#include "tandem/duroxide_runtime/internal/engine/exceptions.h"

#include <string>

#include "tandem/duroxide_runtime/codec.h"

namespace duroxide::internal {

std::string NameOf(std::string_view kind, std::string_view name) {
  return std::string(kind).append(" '").append(name).append("'");
}

Status FailureOfException(std::string_view thrower, const std::exception_ptr& exception) {
  const std::string who(thrower);
  try {
    std::rethrow_exception(exception);
  } catch (const std::exception& known) {
    return Status::Internal(who + " threw: " + known.what());
  } catch (...) {  // an int, say: all that is known of it is that it came
    return Status::Internal(who + " " + kForeignException);
  }
}

}  // namespace duroxide::internal
