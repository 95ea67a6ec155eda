#pragma once

// The thread of a Projection: it reads the feed, hands events to their handlers, and commits what
// they did with the checkpoint.
//
//   stream   := 'projection/' name, partition 0
//   metadata := 'checkpoint'                    -> CheckpointRecord
//             | 'view/' generation:16x '/' key  -> the entry, JSON
//
// A rebuild begins a generation: one batch, after which the entries of the old ones are no longer
// looked at. They are removed page by page afterwards, by whichever process comes to it.
//
// Each batch demands the checkpoint to be as it was read, so that of two projections of one name
// each event still counts once: the slower one finds a Conflict, and goes on from the checkpoint.

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>

#include "tandem/base/clock.h"
#include "tandem/base/mutex.h"
#include "tandem/batch/provider.h"
#include "tandem/sourcing/upcasters.h"
#include "tandem/sourcing/view.h"

namespace sourcing {

// Where an event stands.
struct Recorded {
  tandem::StreamId stream = {};
  Version version = 0;
  Position position = 0;
  Timestamp appended_at = {};
  Envelope envelope = {};
};

namespace internal {

struct ProjectionSettings {
  std::string version = "1";
  std::size_t events_per_batch = 1000;
  Upcasters upcasters = {};
};

struct HandlerTable {
  using Handle = std::function<Status(const Recorded&, std::string_view where, View&)>;
  std::map<std::string, Handle, std::less<>> handlers;
  bool (*knows)(std::string_view type) = nullptr;
  std::string known;  // for messages
};

class Projector {
 public:
  Projector(tandem::Provider& store, const std::string& name, const std::string& category,
            ProjectionSettings settings, HandlerTable table);
  ~Projector() { Stop(); }
  Projector(const Projector&) = delete;
  Projector& operator=(const Projector&) = delete;

  void Stop();
  Status WaitFor(Position position, std::chrono::milliseconds timeout);
  Result<std::optional<std::string>> Read(const std::string& key);
  Position position() const;
  Status status() const;
  Result<std::uint64_t> Lag(std::uint64_t at_most);
  Status Rebuild();
  void Resume();

 private:
  struct Checkpoint {
    Position position = 0;
    std::uint64_t generation = 0;
    std::string code;
  };
  enum class State { kFollows, kFailed, kStopped };

  void Run(const std::stop_token& stop);
  // An error is one of the store, or a Conflict: another projection of this name came first. What
  // is wrong with an event or the code is for Fail.
  Status Step(const std::stop_token& stop);
  Status Load();
  // Handles what is there, or waits for it.
  Status Follow(const std::stop_token& stop);
  Status HandlePage(const tandem::FeedPage& page);
  Status HandleOne(const tandem::FeedEvent& event, View& view);
  Status Commit(Position position, View& view);
  Status RemoveOldGenerations();
  void Fail(const Status& status);
  // Until Resume, Rebuild or a stop, or the deadline has come.
  void Pause(const std::stop_token& stop, Timestamp deadline);

  // The stored one; its bytes are empty if there is none.
  Result<Checkpoint> ReadCheckpoint(std::optional<std::string>& bytes);
  void Publish(const Checkpoint& checkpoint);
  void GoOn();
  void NotifyWaiters() TANDEM_REQUIRES(mutex_);

  tandem::Provider& store_;
  const std::string name_;
  const tandem::StreamId stream_;
  const std::string entity_prefix_;  // of the category
  const ProjectionSettings settings_;
  HandlerTable table_;      // used by the thread alone
  const std::string code_;  // what this projection is

  // Of the thread alone.
  std::optional<std::string> stored_;  // the checkpoint, as its bytes
  Checkpoint at_;                      // read up to here, of which the end need not be stored

  mutable tandem::Mutex mutex_;
  State state_ TANDEM_GUARDED_BY(mutex_) = State::kFollows;
  bool load_ TANDEM_GUARDED_BY(mutex_) = true;  // the checkpoint is to be read again
  Status failure_ TANDEM_GUARDED_BY(mutex_);    // the latest, also of the store
  Checkpoint current_ TANDEM_GUARDED_BY(mutex_);
  std::set<tandem::Signal*> waiters_ TANDEM_GUARDED_BY(mutex_);
  tandem::Signal wake_;                                 // of the thread when it pauses
  std::stop_source waiting_ TANDEM_GUARDED_BY(mutex_);  // ends the thread's wait for events

  tandem::Mutex stopping_;
  std::jthread thread_ TANDEM_GUARDED_BY(stopping_);
};

}  // namespace internal

}  // namespace sourcing
