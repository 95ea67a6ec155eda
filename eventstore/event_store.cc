#include "tandem/eventstore/event_store.h"

#include "tandem/base/limits.h"

namespace tandem {

bool Expected::Holds(Version actual) const {
  switch (kind_) {
    case Kind::kAny:
      return true;
    case Kind::kNoStream:
      return actual == 0;
    case Kind::kExists:
      return actual > 0;
    case Kind::kExactly:
      return actual == version_;
  }
  return false;
}

std::string Expected::ToString() const {
  switch (kind_) {
    case Kind::kAny:
      return "any";
    case Kind::kNoStream:
      return "no stream";
    case Kind::kExists:
      return "an existing stream";
    case Kind::kExactly:
      return "exactly " + std::to_string(version_);
  }
  return "?";
}

// NOLINTBEGIN(performance-unnecessary-value-param): those who override it keep their arguments.
void EventStore::ReadAsync(const StreamId& /*stream*/, const ReadOptions& /*options*/,
                           ReadCallback callback) {
  callback(Status::Unsupported("this store has no asynchronous reads"));
}
// NOLINTEND(performance-unnecessary-value-param)

Result<std::optional<std::string>> EventStore::GetMetadata(const StreamId& stream,
                                                           std::string_view key) {
  TANDEM_RETURN_IF_ERROR(CheckName("metadata key", key));
  MetadataOptions options;
  options.prefix = key;
  options.limit = 1;  // the key itself sorts before every key that it is a prefix of
  TANDEM_ASSIGN_OR_RETURN(MetadataPage page, ReadMetadata(stream, options));
  if (page.entries.empty() || page.entries.front().first != key) {
    return std::nullopt;
  }
  return std::move(page.entries.front().second);
}

}  // namespace tandem
