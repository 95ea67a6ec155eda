#include "tandem/duroxide_runtime/context.h"

namespace duroxide {

std::vector<std::string> OrchestrationContext::KvKeys() const {
  std::vector<std::string> keys;
  for (const auto& [key, entry] : state_->published().kv().entries()) keys.push_back(key);
  return keys;
}

void OrchestrationContext::ClearKv() const {
  for (const std::string& key : KvKeys()) state_->published().EraseKv(key);
}

std::size_t OrchestrationContext::EraseKvBefore(Timestamp time) const {
  std::vector<std::string> old;  // first: erasing changes what is walked over
  for (const auto& [key, entry] : state_->published().kv().entries()) {
    if (entry.updated_at < time) old.push_back(key);
  }
  for (const std::string& key : old) state_->published().EraseKv(key);
  return old.size();
}

}  // namespace duroxide
