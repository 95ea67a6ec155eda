#include "tandem/duroxide_runtime/internal/client/instance_list.h"

#include <algorithm>
#include <string>
#include <utility>

#include "tandem/duroxide_runtime/internal/client/instance_lookup.h"
#include "tandem/duroxide_runtime/internal/store/instance_index.h"

namespace duroxide::internal {

namespace {

// One page of a list of instances: entries that are looked at, and bytes of statuses after which it
// ends.
constexpr std::size_t kListInstancesMax = 1'000;
constexpr std::size_t kListBytesMax = std::size_t{16} << 20;

bool Matches(const InstanceFilter& filter, const InstanceStatus& status) {
  return (!filter.state || status.state == *filter.state) &&
         (filter.orchestration.empty() || status.orchestration == filter.orchestration);
}

// The part of the index that holds all that matches, and little else.
std::string IndexFor(const InstanceFilter& filter) {
  if (!filter.orchestration.empty()) return IndexNamePrefix(filter.orchestration);
  if (filter.state) return IndexStatePrefix(*filter.state);
  return IndexAllPrefix();
}

Result<InstancePage> ReadPage(tandem::Provider& provider, const std::string& index,
                              const InstanceFilter& filter, const ListOptions& options) {
  tandem::MetadataOptions metadata;
  metadata.prefix = index + filter.id_prefix;
  if (!options.after.empty()) metadata.after = index + options.after;
  metadata.limit = std::min(options.limit, kListInstancesMax);
  TANDEM_ASSIGN_OR_RETURN(const tandem::MetadataPage found,
                          provider.ReadMetadata(IndexStream(), metadata));
  InstancePage page;
  page.more = found.more;
  page.next = options.after;
  // Behind its last entry, the page of the index may have passed over some that were deleted.
  const std::string end = found.next.starts_with(index) ? found.next.substr(index.size()) : "";
  std::size_t bytes = 0;
  for (const auto& [key, value] : found.entries) {
    if (bytes > kListBytesMax) {
      page.more = true;
      return page;
    }
    page.next = key.substr(index.size());
    Result<StoredStatus> stored = LookUp(provider, page.next);
    if (stored.status().code() == StatusCode::kNotFound) continue;  // deleted meanwhile
    if (IsUnreadable(stored.status())) {
      page.unreadable.push_back(page.next);
      continue;
    }
    TANDEM_RETURN_IF_ERROR(stored.status());
    if (!Matches(filter, stored->status)) continue;
    bytes += stored->bytes.size();
    page.instances.push_back({page.next, std::move(stored->status)});
  }
  if (!end.empty()) page.next = end;
  return page;
}

}  // namespace

Result<InstancePage> ListInstances(tandem::Provider& provider, const InstanceFilter& filter,
                                   const ListOptions& options) {
  return ReadPage(provider, IndexFor(filter), filter, options);
}

Result<InstancePage> ListChildren(tandem::Provider& provider, std::string_view parent,
                                  const ListOptions& options) {
  return ReadPage(provider, IndexChildrenPrefix(parent), InstanceFilter(), options);
}

}  // namespace duroxide::internal
