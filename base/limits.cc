#include "tandem/base/limits.h"

#include <string>

namespace tandem {

Status CheckName(std::string_view what, std::string_view name) {
  if (name.empty()) return Status::InvalidArgument(std::string(what) + " must not be empty");
  return CheckOptionalName(what, name);
}

Status CheckOptionalName(std::string_view what, std::string_view name) {
  return name.size() > kNameBytesMax ? OverLimit(what, name.size(), kNameBytesMax) : Status::Ok();
}

Status CheckPayload(std::string_view what, std::size_t bytes) {
  return bytes > kPayloadBytesMax ? OverLimit(what, bytes, kPayloadBytesMax) : Status::Ok();
}

Status OverLimit(std::string_view what, std::size_t bytes, std::size_t bytes_max) {
  return Status::TooLarge(std::string(what) + " has " + std::to_string(bytes) +
                          " bytes, the limit is " + std::to_string(bytes_max));
}

}  // namespace tandem
