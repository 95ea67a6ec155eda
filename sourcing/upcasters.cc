#include "tandem/sourcing/upcasters.h"

#include <exception>

namespace sourcing {

namespace {

Status Failed(std::string_view where, const std::string& from, const std::string& to,
              const std::string& why) {
  return Status::InvalidArgument(std::string(where) + ": the upcaster from '" + from + "' to '" +
                                 to + "' failed: " + why + "; the event is stored as it was");
}

}  // namespace

Status Upcasters::Apply(Envelope& envelope, std::string_view where) const {
  std::size_t upcasts = 0;
  for (auto step = steps_.find(envelope.type); step != steps_.end();
       step = steps_.find(envelope.type)) {
    const auto& [from, next] = *step;
    if (++upcasts > kUpcastsMax) return Failed(where, from, next.to, "they go in a circle");
    try {
      Result<std::string> data = next.upcast(envelope.data);
      if (!data.ok()) return Failed(where, from, next.to, data.status().message());
      envelope.data = *std::move(data);
    } catch (const std::exception& exception) {
      return Failed(where, from, next.to, exception.what());
    } catch (...) {
      return Failed(where, from, next.to, "it threw what is no std::exception");
    }
    envelope.type = next.to;
  }
  return Status::Ok();
}

Status UnknownType(std::string_view type, std::string_view where, std::string_view known) {
  return Status::InvalidArgument(
      std::string(where) + " is of the type '" + std::string(type) + "', known are " +
      std::string(known) +
      ": add it to sourcing::Events<...>, or an upcaster from it to one of these");
}

}  // namespace sourcing
