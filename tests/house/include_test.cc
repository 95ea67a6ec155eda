#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>

#include "tandem/tests/house/include_rules.h"

namespace tandem::house {
namespace {

std::set<std::string> PathsOf(const std::vector<SourceFile>& files) {
  std::set<std::string> paths;
  for (const SourceFile& file : files) paths.insert(file.path);
  return paths;
}

std::vector<SourceFile> CmakeFilesOf(const std::vector<SourceFile>& files) {
  std::vector<SourceFile> found;
  std::ranges::copy_if(files, std::back_inserter(found), [](const SourceFile& file) {
    return file.path.ends_with("/CMakeLists.txt") && AllowedArrows().contains(file.folder());
  });
  return found;
}

// What CheckIncludes says of a file that consists of one #include.
std::string Verdict(const std::string& path, const std::string& included) {
  static const std::set<std::string> kFiles = {"base/status.h",
                                               "base/rocks/staging.h",
                                               "base/umbrella/tandem/tandem.h",
                                               "eventstore/event_store.h",
                                               "batch/provider.h",
                                               "eventstore/record.capnp",
                                               "eventstore/internal/event_keys.h",
                                               "batch/operation.h",
                                               "batch/rocksdb_provider.h",
                                               "base/clock.h",
                                               "duroxide_runtime/internal/engine/turn.h",
                                               "duroxide_runtime/internal/records/history.h",
                                               "duroxide_runtime/internal/client/instance_list.h"};
  return ToString(CheckIncludes({path, "#include " + included + "\n"}, kFiles));
}

TEST(IncludeArrows, PointOneWay) {
  const std::set<std::string> paths = PathsOf(ProjectFiles());
  Findings findings;
  for (const SourceFile& file : ProjectFiles()) {
    if (!file.IsCpp()) continue;
    std::ranges::copy(CheckIncludes(file, paths), std::back_inserter(findings));
  }
  EXPECT_TRUE(findings.empty()) << ToString(findings);
}

TEST(IncludeArrows, EqualTheLinkLinesOfCmake) {
  const Arrows linked = LinkedFolders(CmakeFilesOf(ProjectFiles()));
  EXPECT_TRUE(linked.contains("base") && linked.contains("batch")) << "nothing was read";
  for (const auto& [folder, folders] : linked) {
    EXPECT_EQ(folders, AllowedArrows().at(folder)) << folder;
  }
}

TEST(IncludeArrows, AllowWhatPointsDown) {
  EXPECT_EQ(Verdict("eventstore/a.cc", "\"tandem/base/status.h\""), "");
  EXPECT_EQ(Verdict("duroxide_runtime/a.cc", "\"tandem/batch/provider.h\""), "");
  EXPECT_EQ(Verdict("batch/a.cc", "\"tandem/eventstore/internal/event_keys.h\""), "");
  EXPECT_EQ(Verdict("tests/eventstore/a.cc", "\"tandem/eventstore/internal/event_keys.h\""), "");
  EXPECT_EQ(Verdict("base/rocks/a.cc", "<rocksdb/db.h>"), "");
  EXPECT_EQ(Verdict("eventstore/a.cc", "\"tandem/eventstore/record.capnp.h\""), "");
  EXPECT_EQ(Verdict("batch/a.cc", "<vector>"), "");
}

TEST(IncludeArrows, FlagWhatPointsUpOrAside) {
  EXPECT_NE(Verdict("base/a.h", "\"tandem/eventstore/event_store.h\""), "");
  EXPECT_NE(Verdict("messagequeue/a.h", "\"tandem/eventstore/event_store.h\""), "");
  EXPECT_NE(Verdict("eventstore/a.cc", "\"tandem/batch/operation.h\""), "");
  EXPECT_NE(Verdict("base/a.cc", "\"tandem/base/rocks/staging.h\""), "");
}

TEST(IncludeArrows, FlagAnotherFoldersInternals) {
  EXPECT_NE(Verdict("examples/a.cc", "\"tandem/eventstore/internal/event_keys.h\""), "");
  EXPECT_NE(Verdict("duroxide_runtime/a.cc", "\"tandem/eventstore/internal/event_keys.h\""), "");
}

TEST(IncludeArrows, FlagAConcreteProviderInTheRuntime) {
  EXPECT_NE(Verdict("base/a.cc", "<rocksdb/db.h>"), "");
  EXPECT_NE(Verdict("duroxide_runtime/a.cc", "<rocksdb/db.h>"), "");
  EXPECT_NE(Verdict("duroxide_runtime/a.cc", "\"tandem/batch/rocksdb_provider.h\""), "");
  EXPECT_NE(Verdict("duroxide_runtime/a.cc", "\"tandem/base/rocks/staging.h\""), "");
  EXPECT_NE(ToString(CheckIncludes({"duroxide_runtime/a.h", "// as RocksDB does\n"}, {})), "");
}

TEST(IncludeArrows, OfRoomsPointOneWay) {
  const std::string engine = "duroxide_runtime/internal/engine/a.cc";
  EXPECT_EQ(Verdict(engine, "\"tandem/duroxide_runtime/internal/records/history.h\""), "");
  EXPECT_EQ(Verdict("duroxide_runtime/a.cc", "\"tandem/duroxide_runtime/internal/engine/turn.h\""),
            "");
  EXPECT_NE(Verdict(engine, "\"tandem/duroxide_runtime/internal/client/instance_list.h\""), "");
  EXPECT_NE(Verdict("duroxide_runtime/internal/records/a.h",
                    "\"tandem/duroxide_runtime/internal/engine/turn.h\""),
            "");
  EXPECT_NE(Verdict("duroxide_runtime/internal/dispatch/a.h",
                    "\"tandem/duroxide_runtime/internal/client/instance_list.h\""),
            "");
}

// What is in internal/ but in no room would escape these rules.
TEST(IncludeArrows, EveryInternalFileIsInARoomWhereThereAreRooms) {
  std::set<std::string> rooms;
  for (const SourceFile& file : ProjectFiles()) {
    const bool has_rooms = file.path.starts_with("batch/internal/") ||
                           file.path.starts_with("messagequeue/internal/") ||
                           file.path.starts_with("duroxide_runtime/internal/");
    if (!has_rooms) continue;
    const std::string room = file.path.substr(0, file.path.rfind('/'));
    if (room == "messagequeue/internal") continue;  // what uses its rooms
    EXPECT_TRUE(AllowedRoomArrows().contains(room)) << file.path;
    rooms.insert(room);
  }
  EXPECT_EQ(rooms.size(), AllowedRoomArrows().size());
}

TEST(IncludeArrows, FlagWhatTheEngineMustNotReach) {
  for (const std::string include :
       {"<thread>", "<mutex>", "\"tandem/base/clock.h\"", "\"tandem/batch/provider.h\""}) {
    EXPECT_NE(Verdict("duroxide_runtime/internal/engine/a.h", include), "") << include;
    EXPECT_EQ(Verdict("duroxide_runtime/internal/dispatch/a.h", include), "") << include;
  }
}

TEST(IncludeArrows, OfUmbrellasAreForUsers) {
  EXPECT_EQ(Verdict("examples/a.cc", "<tandem/tandem.h>"), "");
  EXPECT_EQ(Verdict("tests/batch/a.cc", "\"tandem/tandem.h\""), "");
  EXPECT_NE(Verdict("batch/a.cc", "\"tandem/tandem.h\""), "");
  EXPECT_NE(Verdict("tests/a.cc", "\"tandem/base/umbrella/tandem/tandem.h\""), "");
  const std::string umbrella = "base/umbrella/tandem/tandem.h";
  EXPECT_EQ(Verdict(umbrella, "\"tandem/batch/provider.h\""), "");
  EXPECT_NE(Verdict(umbrella, "\"tandem/eventstore/internal/event_keys.h\""), "");
}

TEST(IncludeArrows, FlagTheWrongKindOfQuotes) {
  EXPECT_NE(Verdict("eventstore/a.cc", "<tandem/base/status.h>"), "");
  EXPECT_EQ(Verdict("examples/a.cc", "<tandem/batch/provider.h>"), "");
  EXPECT_NE(Verdict("examples/a.cc", "\"tandem/batch/provider.h\""), "");
  EXPECT_NE(Verdict("eventstore/a.cc", "\"base/status.h\""), "");
  EXPECT_NE(Verdict("eventstore/event_store.cc", "\"event_store.h\""), "");
}

TEST(LinkedFoldersTest, FollowsLinksThroughOtherLibraries) {
  const Arrows arrows = LinkedFolders({
      {"base/CMakeLists.txt",
       "tandem_library(base\n  SOURCES a.cc LINKS Threads::Threads)\n"
       "tandem_library(rocks SOURCES b.cc LINKS tandem::base)"},
      {"eventstore/CMakeLists.txt", "tandem_library(eventstore SOURCES c.cc LINKS tandem::rocks)"},
      {"batch/CMakeLists.txt",
       "tandem_library(batch SOURCES d.cc LINKS xxHash::xxhash COMPONENT\n"
       "  PRIVATE_LINKS tandem::eventstore # all\n)"},
  });
  const Arrows expected = {
      {"base", {}}, {"eventstore", {"base"}}, {"batch", {"eventstore", "base"}}};
  EXPECT_EQ(arrows, expected);
}

}  // namespace
}  // namespace tandem::house
