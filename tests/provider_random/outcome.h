#pragma once

// What a call returned, as text that is equal exactly when the outcomes are. Tokens are opaque:
// they are left to the player, which knows their names.

#include <string>

#include "tandem/batch/provider.h"
#include "tandem/batch/provider_admin.h"

namespace tandem::testing {

// Code, typed details and failures; messages are for people, and may differ.
std::string Describe(const Status& status);

std::string Describe(const BatchResult& result);
std::string Describe(const EventPage& page);
std::string Describe(const FeedPage& page);
std::string Describe(const MetadataPage& page);
std::string Describe(const std::optional<PartitionHead>& latest);
std::string Describe(const Delivery& delivery);  // without its token
std::string Describe(Timestamp time);
std::string Describe(std::uint64_t number);
std::string Describe(const NamePage& page);
std::string Describe(const PartitionPage& page);
std::string Describe(const QueueStatistics& statistics);
std::string Describe(const BrowsePage& page);
std::string Describe(const RedriveResult& result);
std::string Describe(const VerifyReport& report);

template <typename T>
std::string Describe(const Result<T>& result) {
  return result.ok() ? Describe(*result) : Describe(result.status());
}

}  // namespace tandem::testing
