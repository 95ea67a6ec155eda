#include "tandem/batch/batch_digest.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <cstdint>
#include <memory>
#include <string_view>
#include <variant>

namespace tandem {

namespace {

// Every field is written with its length or in a fixed size, so that no two lists of operations
// give the same bytes.
class Digest {
 public:
  Digest() : state_(XXH3_createState()) { XXH3_128bits_reset(state_.get()); }

  Digest& Number(std::uint64_t value) {
    std::uint8_t bytes[sizeof value];
    for (std::uint8_t& byte : bytes) {
      byte = static_cast<std::uint8_t>(value);
      value >>= 8;
    }
    XXH3_128bits_update(state_.get(), bytes, sizeof bytes);
    return *this;
  }
  Digest& Bytes(std::string_view bytes) {
    Number(bytes.size());
    XXH3_128bits_update(state_.get(), bytes.data(), bytes.size());
    return *this;
  }

  void Add(const AppendEvents& append) {
    Stream(append.stream).Expects(append.expected).Number(append.events.size());
    for (const std::string& event : append.events) Bytes(event);
  }
  void Add(const UpdateMetadata& update) {
    Stream(update.stream).Number(update.set.size());
    for (const auto& [key, value] : update.set) Bytes(key).Bytes(value);
    Number(update.erase.size());
    for (const std::string& key : update.erase) Bytes(key);
  }
  void Add(const DeletePartition& remove) { Stream(remove.stream); }
  void Add(const DeleteEntity& remove) { Bytes(remove.entity); }
  void Add(const CheckVersion& check) { Stream(check.stream).Expects(check.expected); }
  void Add(const CheckMetadata& check) {
    Stream(check.stream).Bytes(check.key).Number(check.expected.has_value() ? 1 : 0);
    Bytes(check.expected.value_or(""));
  }
  void Add(const Enqueue& enqueue) {
    const EnqueueOptions& options = enqueue.options;
    Bytes(enqueue.queue).Bytes(enqueue.payload).Bytes(options.group).Bytes(options.key);
    Number(options.delay.value().count()).Number(options.visible_at.has_value() ? 1 : 0);
    Number(options.visible_at.value_or(Timestamp()).time_since_epoch().count());
  }
  void Add(const DeleteMessages& ack) { Bytes(ack.lock_token.bytes); }
  void Add(const AbandonMessages& abandon) {
    Bytes(abandon.lock_token.bytes)
        .Number(abandon.delay.value().count())
        .Number(abandon.count ? 1 : 0);
  }
  void Add(const CancelMessage& cancel) { Bytes(cancel.queue).Bytes(cancel.key); }
  void Add(const DeleteGroup& remove) {
    Bytes(remove.queue).Bytes(remove.group).Number(static_cast<std::int64_t>(remove.portion));
  }

  std::string Take() const {
    XXH128_canonical_t canonical;
    XXH128_canonicalFromHash(&canonical, XXH3_128bits_digest(state_.get()));
    return {reinterpret_cast<const char*>(canonical.digest), sizeof canonical.digest};
  }

 private:
  struct Free {
    void operator()(XXH3_state_t* state) const { (void)XXH3_freeState(state); }
  };

  Digest& Stream(const StreamId& stream) { return Bytes(stream.entity).Number(stream.partition); }
  Digest& Expects(const Expected& expected) {
    return Number(static_cast<std::uint64_t>(expected.kind())).Number(expected.version());
  }

  const std::unique_ptr<XXH3_state_t, Free> state_;
};

}  // namespace

// Part of the stored format (docs/formats.md): the order of the alternatives of Operation and of
// the values of Expected::Kind may only grow at the end.
std::string BatchDigest(const Batch& batch) {
  Digest digest;
  digest.Number(batch.size());
  for (const Operation& operation : batch.operations()) {
    digest.Number(operation.index());
    std::visit([&digest](const auto& op) { digest.Add(op); }, operation);
  }
  return digest.Take();
}

}  // namespace tandem
