#pragma once

// A View is what a projection makes of the events: entries, by key. The handlers of a projection
// change it, and their changes commit with its checkpoint.

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "tandem/base/json.h"
#include "tandem/batch/provider.h"
#include "tandem/sourcing/envelope.h"

namespace sourcing {

// The value of an entry: whatever has a form in JSON, as a field of TANDEM_JSON.
template <typename T>
concept ViewValue = tandem::internal::HasJson<T> && std::default_initializable<T>;

// Handlers of one projection use it one at a time. A failure of the store, or a value that is not
// what is asked for, fails the handler, which need not ask: what it did is not committed.
class View {
 public:
  // Of the entries whose keys start with `prefix`, in metadata of `stream`.
  View(tandem::Provider& store, tandem::StreamId stream, std::string prefix)
      : store_(store), stream_(std::move(stream)), prefix_(std::move(prefix)) {}

  // nullopt: there is no such entry, or status() says why it can't be read.
  template <ViewValue T>
  std::optional<T> Get(const std::string& key) {
    const std::optional<std::string> text = Read(key);
    if (!text.has_value()) return std::nullopt;
    Result<T> value = FromText<T>(*text);
    if (value.ok()) return *std::move(value);
    Fail(key, value.status());
    return std::nullopt;
  }
  template <ViewValue T>
  T GetOr(const std::string& key, T otherwise) {
    std::optional<T> value = Get<T>(key);
    return value.has_value() ? *std::move(value) : std::move(otherwise);
  }
  template <ViewValue T>
  void Put(const std::string& key, const T& value) {
    try {
      Write(key, tandem::internal::JsonField<T>::To(value).dump());
    } catch (const std::exception& exception) {
      Fail(key, Status::InvalidArgument(exception.what()));
    }
  }
  void Put(const std::string& key, const char* value) { Put(key, std::string(value)); }
  void Erase(const std::string& key) { Write(key, std::nullopt); }

  // The first failure since the last Keep or Drop.
  const Status& status() const { return failure_; }

  // --- For a Projection ---
  template <ViewValue T>
  static Result<T> FromText(std::string_view text) {
    TANDEM_ASSIGN_OR_RETURN(const auto json, tandem::internal::FromJsonText<nlohmann::json>(text));
    T value{};
    TANDEM_RETURN_IF_ERROR(tandem::internal::JsonField<T>::From(json, value));
    return value;
  }
  // What one handler did counts, or does not.
  void Keep();
  void Drop();
  // What all of them did since the last call, as one operation.
  void MoveInto(tandem::Batch& batch);
  std::size_t changed() const { return kept_.size(); }
  std::size_t changed_bytes() const { return kept_bytes_; }  // at least

 private:
  using Entries = std::map<std::string, std::optional<std::string>>;

  std::optional<std::string> Read(const std::string& key);
  void Write(const std::string& key, std::optional<std::string> text) {
    current_[key] = std::move(text);
  }
  void Fail(const std::string& key, const Status& status);

  tandem::Provider& store_;
  const tandem::StreamId stream_;
  const std::string prefix_;
  std::size_t kept_bytes_ = 0;
  Entries kept_;     // of handlers that have returned, not committed yet
  Entries current_;  // of the one that runs
  Status failure_;
};

}  // namespace sourcing
