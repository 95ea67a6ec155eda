#include "duroxide_runtime/context.h"

namespace duroxide {

std::vector<std::string> OrchestrationContext::KvKeys() const {
  std::vector<std::string> keys;
  for (const auto& [key, entry] : core_->kv().entries()) keys.push_back(key);
  return keys;
}

void OrchestrationContext::ClearKv() const {
  for (const std::string& key : KvKeys()) core_->EraseKv(key);
}

std::size_t OrchestrationContext::EraseKvBefore(Timestamp time) const {
  std::vector<std::string> old;
  for (const auto& [key, entry] : core_->kv().entries()) {
    if (entry.updated_at < time) old.push_back(key);
  }
  for (const std::string& key : old) core_->EraseKv(key);
  return old.size();
}

}  // namespace duroxide
