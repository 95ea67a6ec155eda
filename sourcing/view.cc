#include "tandem/sourcing/view.h"

#include <vector>

namespace sourcing {

std::optional<std::string> View::Read(const std::string& key) {
  for (const Entries* const entries : {&current_, &kept_}) {
    if (const auto entry = entries->find(key); entry != entries->end()) return entry->second;
  }
  const auto text = store_.GetMetadata(stream_, prefix_ + key);
  if (text.ok()) return *text;
  Fail(key, text.status());
  return std::nullopt;
}

void View::Fail(const std::string& key, const Status& status) {
  if (!failure_.ok()) return;
  failure_ = Status(status.code(), "the entry '" + key + "': " + status.message());
}

void View::Keep() {
  for (auto& [key, text] : current_) {
    kept_bytes_ += prefix_.size() + key.size() + (text.has_value() ? text->size() : 0);
    kept_[key] = std::move(text);
  }
  Drop();
}

void View::Drop() {
  current_.clear();
  failure_ = Status::Ok();
}

void View::MoveInto(tandem::Batch& batch) {
  if (kept_.empty()) return;
  std::map<std::string, std::string> set;
  std::vector<std::string> erase;
  for (auto& [key, text] : kept_) {
    if (text.has_value()) {
      set.emplace(prefix_ + key, *std::move(text));
    } else {
      erase.push_back(prefix_ + key);
    }
  }
  kept_.clear();
  kept_bytes_ = 0;
  batch.UpdateMetadata(stream_, std::move(set), std::move(erase));
}

}  // namespace sourcing
