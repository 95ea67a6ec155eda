#include "tests/house/include_rules.h"

#include <algorithm>
#include <cctype>
#include <regex>
#include <sstream>

namespace tandem::house {
namespace {

bool IsInternal(const std::string& path) { return path.find("/internal/") != std::string::npos; }

bool MayIncludeInternal(const std::string& folder, const std::string& owner) {
  return folder == owner || folder == "tests" || folder == "benchmarks" ||
         (folder == "batch" && (owner == "eventstore" || owner == "messagequeue"));
}

// What is wrong with folder's including `included`, a project file; empty if nothing.
std::string CheckProjectInclude(const SourceFile& file, const std::string& included) {
  const std::string folder = file.folder();
  const std::string owner = included.substr(0, included.find('/'));
  if (IsInternal(included) && !MayIncludeInternal(folder, owner)) {
    return included + " is internal to " + owner;
  }
  if (folder == "base" && included.starts_with("base/rocks/") &&
      !file.path.starts_with("base/rocks/")) {
    return "base must not know base/rocks";
  }
  if (folder == "duroxide_runtime" && included.starts_with("base/rocks/")) {
    return "the runtime must not know what is behind a provider";
  }
  const auto allowed = AllowedArrows().find(folder);
  if (allowed != AllowedArrows().end() && folder != owner && !allowed->second.contains(owner)) {
    return folder + " must not include " + included;
  }
  return "";
}

// "batch/internal/rocks" of a file in that folder; empty for one that is in no room.
std::string RoomOf(const std::string& path) {
  const std::string folder = path.substr(0, path.rfind('/'));
  return AllowedRoomArrows().contains(folder) ? folder : std::string();
}

std::string CheckRoomInclude(const SourceFile& file, const std::string& included) {
  const std::string from = RoomOf(file.path);
  const std::string to = RoomOf(included);
  if (from.empty()) return "";
  const std::string internal = from.substr(0, from.rfind('/'));
  const bool is_above = included.substr(0, included.rfind('/')) == internal;
  if (!is_above && (to.empty() || from == to || AllowedRoomArrows().at(from).contains(to))) {
    return "";
  }
  return from + " must not include " + included;
}

// The engine is a function of its arguments: it can't reach a store, the time, or another thread.
std::string CheckPurity(const SourceFile& file, const std::string& included) {
  static const std::set<std::string> kImpure = {
      "atomic", "condition_variable", "future",          "mutex",         "random",
      "thread", "base/clock.h",       "base/executor.h", "base/guarded.h"};
  if (RoomOf(file.path) != "duroxide_runtime/internal/engine") return "";
  const std::string folder = included.substr(0, included.find('/'));
  const bool store = folder == "batch" || folder == "eventstore" || folder == "messagequeue";
  return store || kImpure.contains(included) ? "the engine must not reach " + included : "";
}

// What is wrong with including a header of RocksDB here; empty if nothing.
std::string CheckRocksInclude(const SourceFile& file) {
  static const std::vector<std::string> kOnRocks = {"base/rocks/", "eventstore/internal/",
                                                    "messagequeue/internal/", "batch/internal/log/",
                                                    "batch/internal/rocks/"};
  if (!AllowedArrows().contains(file.folder())) return "";  // tests, tools and so on
  const auto holds = [&file](const std::string& room) { return file.path.starts_with(room); };
  return std::ranges::any_of(kOnRocks, holds) ? "" : "RocksDB is included in rooms of its own only";
}

std::string Lower(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return std::tolower(c); });
  return text;
}

void CheckMentions(const SourceFile& file, Findings& findings) {
  if (file.folder() != "duroxide_runtime") return;
  const std::string lower = Lower(file.text);
  if (const std::size_t found = lower.find("rocksdb"); found != std::string::npos) {
    findings.push_back(
        {file.path, LineOf(file.text, found), "the runtime must not name a concrete provider"});
  }
}

struct Library {
  std::string folder;
  std::vector<std::string> links;
};

// tandem_library(name ... LINKS a b c ... PRIVATE_LINKS d), wherever the call is.
void ReadLibraries(const SourceFile& file, std::map<std::string, Library>& libraries) {
  static const std::regex kCall(R"(tandem_library\(\s*(\w+)([^)]*)\))");
  const std::string text = std::regex_replace(file.text, std::regex("#[^\n]*"), "");
  for (std::sregex_iterator call(text.begin(), text.end(), kCall), end; call != end; ++call) {
    Library& library = libraries["tandem::" + (*call)[1].str()];
    library.folder = file.folder();
    std::istringstream arguments((*call)[2].str());
    bool is_link = false;
    for (std::string word; arguments >> word;) {
      if (word == "LINKS" || word == "PRIVATE_LINKS") {
        is_link = true;
      } else if (word == "SOURCES" || word == "SCHEMAS" || word == "COMPONENT") {
        is_link = false;
      } else if (is_link) {
        library.links.push_back(word);
      }
    }
  }
}

void CollectFolders(const std::map<std::string, Library>& libraries, const std::string& target,
                    std::set<std::string>& seen, std::set<std::string>& folders) {
  const auto library = libraries.find(target);
  if (library == libraries.end() || !seen.insert(target).second) return;
  folders.insert(library->second.folder);
  for (const std::string& link : library->second.links) {
    CollectFolders(libraries, link, seen, folders);
  }
}

}  // namespace

const Arrows& AllowedArrows() {
  static const Arrows kArrows = {
      {"base", {}},
      {"eventstore", {"base"}},
      {"messagequeue", {"base"}},
      {"batch", {"eventstore", "messagequeue", "base"}},
      {"duroxide_runtime", {"batch", "eventstore", "messagequeue", "base"}},
  };
  return kArrows;
}

const Arrows& AllowedRoomArrows() {
  static const Arrows kArrows = [] {
    const std::map<std::string, std::map<std::string, std::vector<std::string>>> internals = {
        {"batch/internal/", {{"log", {}}, {"rocks", {"log"}}, {"memory", {}}}},
        {"messagequeue/internal/", {{"rows", {}}, {"ready", {"rows"}}}},
        {"duroxide_runtime/internal/",
         {{"coroutine", {}},
          {"records", {}},
          {"engine", {"coroutine", "records"}},
          {"store", {"engine", "records"}},
          {"client", {"store", "engine", "records"}},
          {"dispatch", {"store", "engine", "records"}}}},
    };
    Arrows arrows;
    for (const auto& [internal, rooms] : internals) {
      for (const auto& [room, others] : rooms) {
        std::set<std::string>& allowed = arrows[internal + room];
        for (const std::string& other : others) allowed.insert(internal + other);
      }
    }
    return arrows;
  }();
  return kArrows;
}

Findings CheckIncludes(const SourceFile& file, const std::set<std::string>& files) {
  static const std::regex kInclude(R"re(^\s*#\s*include\s*([<"])([^>"]+)[>"])re");
  Findings findings;
  const std::string code = CodeOnly(file.text);
  std::size_t line = 0;
  for (const std::string_view text : Lines(code)) {
    ++line;
    std::match_results<std::string_view::const_iterator> match;
    if (!std::regex_search(text.begin(), text.end(), match, kInclude)) continue;
    const std::string included = match[2];
    // A generated header stands for its schema.
    const bool generated = included.ends_with(".capnp.h");
    const bool ours =
        files.contains(generated ? included.substr(0, included.size() - 2) : included);
    std::string what;
    if (included.starts_with("rocksdb/")) {
      what = CheckRocksInclude(file);
    } else if (ours) {
      what = CheckProjectInclude(file, included);
      if (what.empty()) what = CheckRoomInclude(file, included);
    }
    if (what.empty()) what = CheckPurity(file, included);
    if (what.empty() && (match[1] == "\"") != ours) {
      what = ours ? "a project file is included in quotes"
                  : "\"" + included + "\" is no project file, named from the root";
    }
    if (!what.empty()) findings.push_back({file.path, line, what});
  }
  CheckMentions(file, findings);
  return findings;
}

Arrows LinkedFolders(const std::vector<SourceFile>& cmake_files) {
  std::map<std::string, Library> libraries;
  for (const SourceFile& file : cmake_files) ReadLibraries(file, libraries);
  Arrows arrows;
  for (const auto& [name, library] : libraries) {
    std::set<std::string> seen;
    std::set<std::string> folders;
    CollectFolders(libraries, name, seen, folders);
    folders.erase(library.folder);
    arrows[library.folder].merge(folders);
  }
  return arrows;
}

}  // namespace tandem::house
