#pragma once

// The world that the activities of these examples act on: shelves, a bank, a post office, people
// who get mails. It keeps a journal of what was done to it, in memory or in a file.
//
// Activities run at least once, so the world makes sure that doing something twice is doing it
// once: each effect has a name, and the same name again changes nothing. Real services offer the
// same under the word "idempotency key".

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <tandem/base/guarded.h>
#include <tandem/duroxide.h>
#include <tandem/tandem.h>

namespace orchestrations {

struct Trouble {
  std::uint64_t percent = 0;  // of all calls that fail for no good reason, but would work again
  std::uint64_t seed = 0;     // decides which
};

// Thread-safe.
class World {
 public:
  enum class State { kUntouched, kDone, kUndone };

  // In memory.
  explicit World(const Trouble& trouble = {}) : trouble_(trouble) {}
  // With its journal in a file, which is read if it is there and appended to: one line an effect,
  // `do <name>` or `undo <name>`. Errors: IoError.
  static tandem::Result<std::shared_ptr<World>> Open(const std::filesystem::path& journal,
                                                     const Trouble& trouble);
  ~World();
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  // Does it unless it was done or undone before. After it was undone it is never done again: the
  // call that would do it may be late, and come after the one that undoes.
  tandem::Status Do(const std::string& name);
  tandem::Status Undo(const std::string& name);

  State StateOf(const std::string& name) const;
  // How many effects whose names start so are done now.
  std::size_t CountDone(const std::string& prefix) const;
  // What was done and undone, in order.
  std::vector<std::string> Journal() const;

  // Unavailable for some calls: the same call always gets the same answer, another attempt another.
  tandem::Status Hiccup(const duroxide::ActivityContext& context) const;

 private:
  struct Content {
    std::map<std::string, State> states;
    std::vector<std::string> journal;
  };

  tandem::Status Record(Content& content, const std::string& line) const;

  Trouble trouble_;
  int file_ = -1;  // of the journal; constant after Open
  tandem::Guarded<Content> content_;
};

// What names a call of an activity: the same for every delivery of it.
std::string CallName(const duroxide::ActivityContext& context);

}  // namespace orchestrations
