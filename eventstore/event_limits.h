#pragma once

// What the event store refuses by the arguments alone, before anything is done, and the words for
// it. The same for every provider.

#include <string>
#include <string_view>

#include "tandem/base/name_page.h"
#include "tandem/base/status.h"
#include "tandem/eventstore/event_admin.h"
#include "tandem/eventstore/event_store.h"

namespace tandem {

Status Validate(const AppendEvents& append);
Status Validate(const UpdateMetadata& update);
Status Validate(const DeletePartition& remove);
Status Validate(const DeleteEntity& remove);
Status Validate(const CheckVersion& check);
Status Validate(const CheckMetadata& check);

Status ValidateEntity(std::string_view entity);
Status ValidateRead(const StreamId& stream, const ReadOptions& options);
Status ValidateReadMetadata(const StreamId& stream, const MetadataOptions& options);
Status ValidateReadAll(const FeedOptions& options);
Status ValidateListEntities(const ListOptions& options);
Status ValidateListPartitions(std::string_view entity, const PartitionOptions& options);

// For messages: "stream (account-42, 0)".
std::string Describe(const StreamId& stream);

}  // namespace tandem
