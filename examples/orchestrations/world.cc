#include "examples/orchestrations/world.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <system_error>

namespace orchestrations {

namespace {

using tandem::Result;
using tandem::Status;

constexpr char kDo[] = "do ";
constexpr char kUndo[] = "undo ";

// FNV-1a, then mixed: the same on every machine, as std::hash need not be.
std::uint64_t Hash(std::uint64_t seed, const std::string& text) {
  std::uint64_t hash = 14695981039346656037U ^ seed;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211U;
  hash ^= hash >> 33;
  hash *= 0xff51afd7ed558ccdU;
  return hash ^ (hash >> 33);
}

}  // namespace

std::string CallName(const duroxide::ActivityContext& context) {
  return context.instance() + "/" + std::to_string(context.execution()) + "/" +
         std::to_string(context.id());
}

Result<std::shared_ptr<World>> World::Open(const std::filesystem::path& journal,
                                           const Trouble& trouble) {
  auto world = std::make_shared<World>(trouble);
  std::ifstream lines(journal);
  std::string line;
  auto content = world->content_.Lock();
  while (std::getline(lines, line)) {
    if (line.starts_with(kDo)) content->states[line.substr(sizeof(kDo) - 1)] = State::kDone;
    if (line.starts_with(kUndo)) content->states[line.substr(sizeof(kUndo) - 1)] = State::kUndone;
    content->journal.push_back(line);
  }
  world->file_ = open(journal.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (world->file_ >= 0) return world;
  return Status::IoError("can't write " + journal.string() + ": " +
                         std::generic_category().message(errno));
}

World::~World() {
  if (file_ >= 0) close(file_);
}

Status World::Record(Content& content, const std::string& line) const {
  content.journal.push_back(line);
  if (file_ < 0) return Status::Ok();
  // One write of a short line to a file opened for appending: a killed process leaves all or none.
  const std::string text = line + "\n";
  if (write(file_, text.data(), text.size()) == static_cast<ssize_t>(text.size())) {
    return Status::Ok();
  }
  return Status::IoError("can't write the journal");
}

Status World::Do(const std::string& name) {
  auto content = content_.Lock();
  State& state = content->states[name];
  if (state != State::kUntouched) return Status::Ok();
  state = State::kDone;
  return Record(*content, kDo + name);
}

Status World::Undo(const std::string& name) {
  auto content = content_.Lock();
  State& state = content->states[name];
  if (state == State::kUndone) return Status::Ok();
  state = State::kUndone;
  return Record(*content, kUndo + name);
}

World::State World::StateOf(const std::string& name) const {
  const auto content = content_.Lock();
  const auto found = content->states.find(name);
  return found == content->states.end() ? State::kUntouched : found->second;
}

std::size_t World::CountDone(const std::string& prefix) const {
  const auto content = content_.Lock();
  return static_cast<std::size_t>(std::ranges::count_if(content->states, [&](const auto& entry) {
    return entry.second == State::kDone && entry.first.starts_with(prefix);
  }));
}

std::vector<std::string> World::Journal() const { return content_.Lock()->journal; }

Status World::Hiccup(const duroxide::ActivityContext& context) const {
  if (Hash(trouble_.seed, CallName(context)) % 100 >= trouble_.percent) return Status::Ok();
  return Status::Unavailable("the line is busy");
}

}  // namespace orchestrations
