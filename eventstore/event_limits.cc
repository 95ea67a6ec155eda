#include "tandem/eventstore/event_limits.h"

#include <string>

#include "tandem/base/limits.h"
#include "tandem/base/result.h"

namespace tandem {

namespace {

Status CheckLimit(std::size_t limit) {
  return limit == 0 ? Status::InvalidArgument("limit must not be 0") : Status::Ok();
}

}  // namespace

Status ValidateEntity(std::string_view entity) { return CheckName("entity", entity); }

Status Validate(const AppendEvents& append) {
  TANDEM_RETURN_IF_ERROR(ValidateEntity(append.stream.entity));
  for (const std::string& event : append.events) {
    TANDEM_RETURN_IF_ERROR(CheckPayload("event", event.size()));
  }
  return Status::Ok();
}

Status Validate(const UpdateMetadata& update) {
  TANDEM_RETURN_IF_ERROR(ValidateEntity(update.stream.entity));
  for (const std::string& key : update.erase) {
    TANDEM_RETURN_IF_ERROR(CheckName("metadata key", key));
  }
  for (const auto& [key, value] : update.set) {
    TANDEM_RETURN_IF_ERROR(CheckName("metadata key", key));
    TANDEM_RETURN_IF_ERROR(CheckPayload("metadata value", value.size()));
  }
  return Status::Ok();
}

Status Validate(const DeletePartition& remove) { return ValidateEntity(remove.stream.entity); }

Status Validate(const DeleteEntity& remove) { return ValidateEntity(remove.entity); }

Status Validate(const CheckVersion& check) { return ValidateEntity(check.stream.entity); }

Status Validate(const CheckMetadata& check) {
  TANDEM_RETURN_IF_ERROR(ValidateEntity(check.stream.entity));
  // No stored value is so large, so the check could never hold: a mistake, not a conflict.
  TANDEM_RETURN_IF_ERROR(
      CheckPayload("expected metadata value", check.expected.value_or("").size()));
  if (check.otherwise && check.otherwise->ok()) {
    return Status::InvalidArgument("CheckMetadata::otherwise must be a failure");
  }
  return CheckName("metadata key", check.key);
}

Status ValidateRead(const StreamId& stream, const ReadOptions& options) {
  TANDEM_RETURN_IF_ERROR(ValidateEntity(stream.entity));
  if (options.max_events == 0) return Status::InvalidArgument("max_events must not be 0");
  // Backward any start is good, also 0, below which there is nothing.
  if (options.direction == Direction::kForward && options.from == Version{0}) {
    return Status::InvalidArgument("the first version of a stream is 1");
  }
  return Status::Ok();
}

Status ValidateReadMetadata(const StreamId& stream, const MetadataOptions& options) {
  TANDEM_RETURN_IF_ERROR(ValidateEntity(stream.entity));
  return CheckLimit(options.limit);
}

Status ValidateReadAll(const FeedOptions& options) { return CheckLimit(options.limit); }

Status ValidateListEntities(const ListOptions& options) { return CheckLimit(options.limit); }

Status ValidateListPartitions(std::string_view entity, const PartitionOptions& options) {
  TANDEM_RETURN_IF_ERROR(ValidateEntity(entity));
  return CheckLimit(options.limit);
}

std::string Describe(const StreamId& stream) {
  return "stream (" + stream.entity + ", " + std::to_string(stream.partition) + ")";
}

}  // namespace tandem
