#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>
#include <string>

#include "tandem/tests/house/source_text.h"
#include "tandem/tools/check_coroutines/coroutine_rules.h"

namespace tandem::house {
namespace {

using tools::CheckCoroutines;

std::size_t CountIn(const std::string& body) {
  const std::string text = "Task<int> F(Context context) {\n" + body + "\n}\n";
  return CheckCoroutines({"examples/a.cc", text}).size();
}

TEST(CoroutineLint, NoStatementWithCoAwaitHasAShapeThatGccDestroysTwice) {
  Findings findings;
  for (const SourceFile& file : ProjectFiles()) {
    if (file.IsCpp()) std::ranges::copy(CheckCoroutines(file), std::back_inserter(findings));
  }
  EXPECT_TRUE(findings.empty()) << ToString(findings);
}

TEST(CoroutineLint, FlagsBracedLists) {
  EXPECT_EQ(CountIn("co_await f({a, b});"), 1U);
  EXPECT_EQ(CountIn("co_await f(Options{.tag = \"gpu\"});"), 1U);
  EXPECT_EQ(CountIn("auto x = co_await f(std::array<std::string, 2>{a, b});"), 1U);
  EXPECT_EQ(CountIn("T x{co_await a(), s};"), 1U);
  EXPECT_EQ(CountIn("co_return T{co_await a()};"), 1U);
  EXPECT_EQ(CountIn("if (auto r = co_await f({1}); r.ok()) { g(); }"), 1U);
  EXPECT_EQ(CountIn("co_yield {1, 2};"), 1U);
}

TEST(CoroutineLint, FlagsLambdasThatCapture) {
  EXPECT_EQ(CountIn("co_await f([x] { return x; });"), 1U);
  EXPECT_EQ(CountIn("co_await f(a, [&](int y) -> int { return y; });"), 1U);
  EXPECT_EQ(CountIn("co_await [=] { return g(); }();"), 1U);
}

TEST(CoroutineLint, FlagsConditionals) {
  EXPECT_EQ(CountIn("co_await f(q ? s : t);"), 1U);
  EXPECT_EQ(CountIn("auto x = q ? co_await a() : b;"), 1U);
}

TEST(CoroutineLint, FlagsInsideALambdaAndAfterOne) {
  EXPECT_EQ(CountIn("auto task = [](int x) -> Task<int> { co_return co_await f({x}); };"), 1U);
  EXPECT_EQ(CountIn("auto y = [] { return 1; };\nco_await f({y});"), 1U);
}

TEST(CoroutineLint, LeavesBlocksAlone) {
  EXPECT_EQ(CountIn("if (co_await f()) { g(); } else { h(T{1}); }"), 0U);
  EXPECT_EQ(CountIn("for (auto x : co_await f()) { g(x); }"), 0U);
  EXPECT_EQ(CountIn("while (true) { co_await f(); }"), 0U);
  EXPECT_EQ(CountIn("try { co_await f(); } catch (const E& e) { g({1}); }"), 0U);
  EXPECT_EQ(CountIn("switch (co_await f()) { case 1: { g(); } }"), 0U);
  EXPECT_EQ(CountIn("do { co_await f(); } while (x);"), 0U);
  EXPECT_EQ(CountIn("struct A { B operator co_await() && { return {1}; } };"), 0U);
}

TEST(CoroutineLint, LeavesOtherStatementsAlone) {
  EXPECT_EQ(CountIn("Options options{.tag = 1};\nco_await f(std::move(options));"), 0U);
  EXPECT_EQ(CountIn("auto x = q ? s : t;\nco_await f(x);"), 0U);
  EXPECT_EQ(CountIn("co_await f([](int x) { return x; });"), 0U);
  EXPECT_EQ(CountIn("const auto [a, b] = co_await f();\nint x = v[1];"), 0U);
  EXPECT_EQ(CountIn("auto task = [&](int x) -> Task<int> { co_return co_await f(x); };"), 0U);
  EXPECT_EQ(CountIn("EXPECT_EQ(co_await f(v[0]), 1) << \"{ ? [x]\";  // {a}"), 0U);
}

TEST(CoroutineLint, LeavesWhatIsExempt) {
  EXPECT_EQ(CountIn("co_await f({a});  // coroutine-lint: ok, the trap itself"), 0U);
  EXPECT_EQ(CountIn("co_await f({a});\nco_await f({b});  // coroutine-lint: ok"), 1U);
}

TEST(CoroutineLint, SeesThroughClassesAndNamespaces) {
  const std::string text =
      "namespace a {\nclass B : public C {\n public:\n  Task<int> F() const {\n"
      "    co_return co_await g({1});\n  }\n  int x_{0};\n};\n}  // namespace a\n";
  const Findings findings = CheckCoroutines({"examples/a.h", text});
  ASSERT_EQ(findings.size(), 1U);
  EXPECT_EQ(findings[0].line, 5U);
}

}  // namespace
}  // namespace tandem::house
