#include "batch/internal/batch_digest.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string_view>
#include <variant>

#include "base/key_encoding.h"

namespace tandem::internal {

namespace {

// Writes every field of an operation; strings carry their end, lists their length.
class FieldWriter {
 public:
  void Add(std::uint64_t number) { fields_.U64(number); }
  void Add(std::string_view bytes) { fields_.Escaped(bytes); }
  void Add(const std::string& bytes) { fields_.Escaped(bytes); }
  void Add(const StreamId& stream) { Add(stream.entity), Add(stream.partition); }
  void Add(const std::optional<std::string>& bytes) {
    Add(std::uint64_t{bytes.has_value()}), Add(bytes.value_or(""));
  }
  void Add(const Expected& expected) {
    Add(static_cast<std::uint64_t>(expected.kind())), Add(expected.version());
  }
  void Add(const std::vector<std::string>& list) {
    Add(list.size());
    for (const std::string& bytes : list) Add(bytes);
  }
  void Add(const std::map<std::string, std::string>& entries) {
    Add(entries.size());
    for (const auto& [key, value] : entries) Add(key), Add(value);
  }

  void Add(const AppendEvents& op) { Add(op.stream), Add(op.events), Add(op.expected); }
  void Add(const UpdateMetadata& op) { Add(op.stream), Add(op.set), Add(op.erase); }
  void Add(const DeletePartition& op) { Add(op.stream); }
  void Add(const DeleteEntity& op) { Add(op.entity); }
  void Add(const CheckVersion& op) { Add(op.stream), Add(op.expected); }
  void Add(const CheckMetadata& op) { Add(op.stream), Add(op.key), Add(op.expected); }
  void Add(const Enqueue& op) {
    const EnqueueOptions& options = op.options;
    Add(op.queue), Add(op.payload), Add(options.group), Add(options.key);
    Add(static_cast<std::uint64_t>(options.delay.count()));
    Add(std::uint64_t{options.visible_at.has_value()});
    const Timestamp visible_at = options.visible_at.value_or(Timestamp());
    Add(static_cast<std::uint64_t>(visible_at.time_since_epoch().count()));
  }
  void Add(const DeleteMessages& op) { Add(op.lock_token.bytes); }
  void Add(const AbandonMessages& op) {
    Add(op.lock_token.bytes), Add(static_cast<std::uint64_t>(op.delay.count()));
    Add(std::uint64_t{op.count});
  }
  void Add(const CancelMessage& op) { Add(op.queue), Add(op.key); }
  void Add(const DeleteGroup& op) { Add(op.queue), Add(op.group); }

  std::string Take() { return fields_.Take(); }

 private:
  KeyWriter fields_{'1'};
};

}  // namespace

std::string BatchDigest(const std::vector<Operation>& operations) {
  FieldWriter fields;
  for (const Operation& operation : operations) {
    fields.Add(std::uint64_t{operation.index()});
    std::visit([&fields](const auto& op) { fields.Add(op); }, operation);
  }
  return fields.Take();
}

}  // namespace tandem::internal
