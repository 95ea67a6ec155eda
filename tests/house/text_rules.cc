#include "tandem/tests/house/text_rules.h"

#include <regex>
#include <set>
#include <string>

namespace tandem::house {
namespace {

// One finding per line in which `pattern` occurs.
void Forbid(const SourceFile& file, std::string_view text, const std::regex& pattern,
            const std::string& what, Findings& findings) {
  std::size_t line = 0;
  for (const std::string_view content : Lines(text)) {
    ++line;
    if (std::regex_search(content.begin(), content.end(), pattern)) {
      findings.push_back({file.path, line, what});
    }
  }
}

// Patterns are cut in two, so that this file keeps to its own rules.
void CheckEveryFile(const SourceFile& file, Findings& findings) {
  static const std::regex kLeftToDo(
      "\\b(TO"
      "DO|FIX"
      "ME|X"
      "XX)\\b");
  static const std::regex kMachinePath(
      "(^|[^\\w./$}])/(ho"
      "me|Us"
      "ers|ro"
      "ot|mn"
      "t|wo"
      "rk)/");
  Forbid(file, file.text, kLeftToDo, "something is left to do", findings);
  Forbid(file, file.text, kMachinePath, "a path that only one machine has", findings);
}

// Phrases that a native reader has to decode (docs/style.md). The style page shows some.
void CheckEnglish(const SourceFile& file, Findings& findings) {
  static const std::regex kIdioms(
      "\\b(for ev"
      "er|to be ha"
      "d|how-man"
      "ieth|by whom"
      "ever|whosoev"
      "er|is reck"
      "oned|the same moo"
      "ds|to whom it conc"
      "erns|of none not"
      "hing|his ow"
      "n)\\b",
      std::regex::icase);
  if (file.path == "docs/style.md") return;
  Forbid(file, file.text, kIdioms, "an idiom that is hard to read; see docs/style.md", findings);
}

bool IsLibrary(const std::string& folder) {
  static const std::set<std::string> kLibraries = {
      "base",      "eventstore", "messagequeue",     "batch",
      "providers", "sourcing",   "duroxide_runtime", "cli"};
  return kLibraries.contains(folder);
}

void CheckCode(const SourceFile& file, Findings& findings) {
  static const std::regex kSleep(R"(\b(sleep_for|sleep_until|sleep|usleep|nanosleep)\s*\()");
  static const std::regex kSpin(R"(\b(this_thread::yield|sched_yield)\b)");
  static const std::regex kSwitchedOff(R"(\bDISABLED_|\bGTEST_SKIP\b)");
  static const std::regex kWrite(R"(\bWriteOptions\b)");
  static const std::regex kUnknownLock(
      R"(std::(\w*mutex|lock_guard|\w+_lock|condition_variable\w*)\b)");
  static const std::regex kGuardedInWords(
      "//.*guar"
      "ded by \\w*mutex",
      std::regex::icase);
  const std::string code = CodeOnly(file.text);
  const std::string folder = file.folder();
  if (folder != "examples" && folder != "benchmarks") {
    Forbid(file, code, kSleep, "wait by a Clock; tests advance a ManualClock", findings);
  }
  if (folder == "tests") {
    Forbid(file, code, kSpin, "a test waits for a fact: it does not look again and again",
           findings);
  }
  // The suite for every provider skips what a provider does not have, in one place.
  if (folder == "tests" && file.path != "tests/provider_conformance/internal/conformance_test.cc") {
    Forbid(file, code, kSwitchedOff, "a test that does not run", findings);
  }
  if (IsLibrary(folder) && file.path != "base/mutex.h" && file.path != "base/guarded.h") {
    Forbid(file, code, kUnknownLock, "clang's analysis knows Mutex and Guarded only", findings);
    Forbid(file, file.text, kGuardedInWords, "say it by TANDEM_GUARDED_BY", findings);
  }
  if (folder == "base" || folder == "eventstore" || folder == "messagequeue") {
    Forbid(file, code, kWrite, "only batch/ writes to RocksDB", findings);
  }
  if (Lines(file.text).size() > kFileLinesMax) {
    findings.push_back({file.path, 0, "longer than " + std::to_string(kFileLinesMax) + " lines"});
  }
  if (file.IsHeader() && !file.text.starts_with("#pragma once\n") &&
      file.text.find("\n#pragma once\n") == std::string::npos) {
    findings.push_back({file.path, 0, "no #pragma once"});
  }
}

}  // namespace

Findings CheckText(const SourceFile& file) {
  Findings findings;
  CheckEveryFile(file, findings);
  CheckEnglish(file, findings);
  if (file.IsCpp()) CheckCode(file, findings);
  return findings;
}

}  // namespace tandem::house
