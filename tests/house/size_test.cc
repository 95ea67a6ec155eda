#include <gtest/gtest.h>

#include "tandem/tests/house/size_rules.h"

namespace tandem::house {
namespace {

using Counts = std::map<std::string, std::size_t>;

TEST(Size, NoFolderHasMoreFilesThanOneCanKnow) {
  const Counts folders = FilesPerFolder(ProjectFiles());
  EXPECT_GT(folders.size(), 20U) << "nothing was read";
  for (const auto& [folder, files] : folders) EXPECT_LE(files, kFolderFilesMax) << folder;
}

// A fixture of the conformance suite is the short forms of its cases. What an orchestration can do
// is one vocabulary to its author, and each word is one line.
TEST(Size, NoClassHasMoreMethodsThanOneJobNeeds) {
  const Counts larger = {{"ConformanceTest", 50}, {"OrchestrationContext", 36}};
  std::size_t classes = 0;
  for (const SourceFile& file : ProjectFiles()) {
    if (!file.path.ends_with(".h") && !file.path.ends_with(".cc")) continue;
    for (const auto& [name, methods] : MethodsPerClass(file.text)) {
      const auto known = larger.find(name);
      EXPECT_LE(methods, known == larger.end() ? kClassMethodsMax : known->second)
          << name << " in " << file.path;
      ++classes;
    }
  }
  EXPECT_GT(classes, 200U) << "nothing was read";
}

TEST(Size, FilesOfAFolderAreCounted) {
  const Counts folders =
      FilesPerFolder({{"a/b.cc", ""}, {"a/b.h", ""}, {"a/c.md", ""}, {"a/d/e.cc", ""}});
  EXPECT_EQ(folders, (Counts{{"a", 2}, {"a/d", 1}}));
}

TEST(Size, MethodsAreCountedOncePerName) {
  EXPECT_EQ(MethodsPerClass(R"(
    class Door final : public Wall<int> {
     public:
      explicit Door(int width);
      ~Door() override;
      Door& operator=(const Door&) = delete;
      void Open();
      void Open(int angle) { if (angle > 0) { Turn(angle); } }
      std::function<void(int)> callback() const;
      template <typename T> static std::map<T, int> Of(const T& t) { return f(t); }
      friend class Frame;
     private:
      bool IsOpen() const noexcept;
      std::function<void()> callback_;
      int width_ = Width(3);
      struct Hinge { void Oil(); void Turn(); };
    };
    struct Plain { int x; };
  )"),
            (Counts{{"Door", 4}, {"Hinge", 2}, {"Plain", 0}}));
}

}  // namespace
}  // namespace tandem::house
