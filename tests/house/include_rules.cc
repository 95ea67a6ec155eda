#include "tandem/tests/house/include_rules.h"

#include <algorithm>
#include <cctype>
#include <regex>
#include <sstream>

namespace tandem::house {
namespace {

constexpr std::string_view kUmbrellas = "base/umbrella/";

bool IsUmbrella(const std::string& path) { return path.starts_with(kUmbrellas); }

bool IsInternal(const std::string& path) { return path.find("/internal/") != std::string::npos; }

// What is measured beside Tandem is the bare database, with the settings of a store's.
constexpr std::string_view kBeside = "cli/bench/beside/";

bool MayIncludeInternal(const SourceFile& file, const std::string& owner) {
  const std::string folder = file.folder();
  if (file.path.starts_with(kBeside)) return owner == "batch";
  return folder == owner || folder == "tests" || folder == "benchmarks" ||
         (folder == "batch" && (owner == "eventstore" || owner == "messagequeue"));
}

// The project file that an #include names; empty if it names none.
std::string ProjectFile(std::string included, const std::set<std::string>& files) {
  if (included.ends_with(".capnp.h")) included.resize(included.size() - 2);  // from its schema
  constexpr std::string_view kPrefix = "tandem/";
  if (!included.starts_with(kPrefix)) {
    return included.starts_with("examples/") && files.contains(included) ? included : "";
  }
  const std::string file = included.substr(kPrefix.size());
  if (files.contains(file)) return IsUmbrella(file) ? "" : file;
  const std::string umbrella = std::string(kUmbrellas) + included;
  return files.contains(umbrella) ? umbrella : "";
}

// These read as a user's programs do.
bool IsAsAUserWrites(const std::string& path) {
  return path.starts_with("examples/") || path.starts_with("tests/package/") ||
         path.starts_with("tests/readme/");
}

bool IsInstalled(const std::string& included) {
  return !included.starts_with("tandem/tests/") ||
         included.starts_with("tandem/tests/provider_conformance/");
}

// What is wrong with how an #include is spelled; empty if nothing.
std::string CheckSpelling(const SourceFile& file, const std::string& included, bool quoted,
                          bool ours) {
  if (!ours) return quoted ? "\"" + included + "\" is no project file, tandem/<its path>" : "";
  const bool as_user =
      IsAsAUserWrites(file.path) && included.starts_with("tandem/") && IsInstalled(included);
  if (quoted == !as_user) return "";
  return as_user ? "a user includes <tandem/...>" : "a project file is included in quotes";
}

// What is wrong with folder's including `included`, a project file; empty if nothing.
std::string CheckProjectInclude(const SourceFile& file, const std::string& included) {
  const std::string folder = file.folder();
  if (IsUmbrella(file.path)) {
    return IsInternal(included) ? included + " is internal, and an umbrella is for users" : "";
  }
  if (IsUmbrella(included)) {
    const bool is_library = AllowedArrows().contains(folder);
    return is_library && !included.ends_with("/version.h") ? "an umbrella is for users" : "";
  }
  const std::string owner = included.substr(0, included.find('/'));
  if (IsInternal(included) && !MayIncludeInternal(file, owner)) {
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
  static const std::vector<std::string> kOnRocks = {
      "base/rocks/",         "eventstore/internal/",  "messagequeue/internal/",
      "batch/internal/log/", "batch/internal/rocks/", std::string(kBeside)};
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
      {"providers", {"batch", "eventstore", "messagequeue", "base"}},
      {"sourcing", {"batch", "eventstore", "messagequeue", "base"}},
      {"duroxide_runtime", {"batch", "eventstore", "messagequeue", "base"}},
      {"cli", {"providers", "duroxide_runtime", "batch", "eventstore", "messagequeue", "base"}},
  };
  return kArrows;
}

const Arrows& AllowedRoomArrows() {
  static const Arrows kArrows = [] {
    const std::map<std::string, std::map<std::string, std::vector<std::string>>> internals = {
        {"batch/internal/", {{"log", {}}, {"rocks", {"log"}}, {"memory", {}}}},
        {"messagequeue/internal/", {{"rows", {}}, {"ready", {"rows"}}}},
        {"duroxide_runtime/internal/",
         {{"codec", {}},
          {"coroutine", {}},
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
    const std::string ours = ProjectFile(included, files);
    std::string what;
    if (included.starts_with("rocksdb/")) {
      what = CheckRocksInclude(file);
    } else if (!ours.empty()) {
      what = CheckProjectInclude(file, ours);
      if (what.empty()) what = CheckRoomInclude(file, ours);
    }
    if (what.empty()) what = CheckPurity(file, ours.empty() ? included : ours);
    if (what.empty()) what = CheckSpelling(file, included, match[1] == "\"", !ours.empty());
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
