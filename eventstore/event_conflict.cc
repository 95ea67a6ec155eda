#include "tandem/eventstore/event_conflict.h"

#include <utility>

namespace tandem {

Status VersionConflict(const StreamId& stream, std::string expected, Version actual) {
  return Status::Conflict(ConflictDetail{.expected = std::move(expected),
                                         .actual = actual,
                                         .entity = stream.entity,
                                         .partition = stream.partition});
}

Status MetadataConflict(const CheckMetadata& check, const std::optional<std::string>& found,
                        Version actual) {
  if (check.otherwise) return *check.otherwise;
  ConflictDetail detail{.expected = check.expected.has_value() ? "the value given" : "absent",
                        .actual = actual,
                        .entity = check.stream.entity,
                        .partition = check.stream.partition,
                        .key = check.key};
  // A batch may have many checks: what is kept of each is bounded.
  if (found.has_value()) detail.found = found->substr(0, ConflictDetail::kFoundBytesMax);
  return Status::Conflict(std::move(detail));
}

}  // namespace tandem
