#pragma once

// Messages from clients to instances: sent only to what has not finished.

#include <string_view>

#include "tandem/batch/provider.h"
#include "tandem/duroxide_runtime/instance_status.h"
#include "tandem/duroxide_runtime/internal/records/work_item.h"

namespace duroxide::internal {

// Sends `item` unless the instance has finished. Returns its state; what has finished when that is
// returned was sent nothing. Exact: the batch that stores the message also checks that the instance
// is there and has not finished. The checked state changes only when the instance starts, ends or
// is deleted, so senders and the turns of a busy instance never fail each other. Errors: NotFound.
Result<InstanceState> SendToInstance(tandem::Provider& provider, std::string_view instance,
                                     const WorkItem& item);

// What sends `item` as a part of another's batch (Client::RaiseEventOperations). Errors: NotFound;
// InvalidArgument (it has finished).
Result<tandem::Batch> SendOperations(tandem::Provider& provider, std::string_view instance,
                                     const WorkItem& item);

}  // namespace duroxide::internal
