#include "tandem/duroxide_runtime/internal/engine/published_state.h"

#include "tandem/duroxide_runtime/internal/engine/names.h"
#include "tandem/duroxide_runtime/limits.h"

namespace duroxide::internal {

// A change that is not recorded must not be seen: a replay would not see it either.

void PublishedState::SetCustomStatus(std::optional<std::string> value) {
  if (value) guard_.CheckBytes("custom status", *value, kCustomStatusBytesMax);
  CustomStatus next{std::move(value), custom_status_.version + 1};
  if (commands_.Issue(CustomStatusSet{next})) custom_status_ = std::move(next);
}

void PublishedState::SetKv(const std::string& key, std::string value) {
  guard_.Check(CheckName("key", key));
  guard_.CheckBytes("value of key '" + key + "'", value, kKvValueBytesMax);
  if (!kv_.entries().contains(key) && kv_.entries().size() >= kKvKeysMax) {
    guard_.Refuse(
        Status::TooLarge("an instance has at most " + std::to_string(kKvKeysMax) + " keys"));
  }
  if (commands_.Issue(KvSet{key, value})) kv_.Set(key, KvEntry{std::move(value), facts_.now});
}

void PublishedState::EraseKv(const std::string& key) {
  if (!kv_.entries().contains(key)) return;
  if (commands_.Issue(KvErased{key})) kv_.Erase(key);
}

}  // namespace duroxide::internal
