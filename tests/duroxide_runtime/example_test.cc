// The example that a user reads first, as a user would write it: types of their own, typed handles,
// fan-out, a durable timer, an external event, and a failure that passes straight up.

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "tandem/duroxide.h"
#include "tandem/tests/duroxide_runtime/runtime_fixture.h"

namespace checksum {

using duroxide::OrFail;
using duroxide::Result;
using duroxide::WhenAll;
using duroxide::WhenAny;
using tandem::Status;

class Digest {
 public:
  explicit Digest(std::size_t value = 0) : value_(value) {}
  std::size_t value() const { return value_; }

 private:
  std::size_t value_;
};

using FileList = std::vector<std::string>;

}  // namespace checksum

template <>
struct duroxide::Codec<checksum::Digest> {
  static std::string Encode(const checksum::Digest& digest) {
    return Codec<std::size_t>::Encode(digest.value());
  }
  static Result<checksum::Digest> Decode(std::string_view bytes) {
    TANDEM_ASSIGN_OR_RETURN(const std::size_t value, Codec<std::size_t>::Decode(bytes));
    return checksum::Digest(value);
  }
};

namespace checksum {
namespace {

inline constexpr duroxide::Activity<FileList(std::string)> kList("list");
inline constexpr duroxide::Activity<Digest(FileList)> kHash("hash");
inline constexpr duroxide::Orchestration<std::string(std::string)> kChecksum("checksum");

duroxide::Task<Result<Digest>> HashInPortions(duroxide::OrchestrationContext ctx, FileList files) {
  constexpr std::size_t kPortion = 2;
  std::vector<duroxide::Future<Digest>> parts;
  for (std::size_t first = 0; first < files.size(); first += kPortion) {
    const std::size_t last = std::min(files.size(), first + kPortion);
    parts.push_back(ctx.Call(kHash, FileList(files.begin() + static_cast<std::ptrdiff_t>(first),
                                             files.begin() + static_cast<std::ptrdiff_t>(last))));
  }
  std::size_t sum = 0;
  for (const Result<Digest>& part : co_await WhenAll(std::move(parts))) {
    if (!part.ok()) co_return part.status();
    sum += part->value();
  }
  co_return Digest(sum);
}

duroxide::Task<Result<std::string>> Checksum(duroxide::OrchestrationContext ctx, std::string dir) {
  FileList files = co_await OrFail(ctx.Call(kList, dir));
  const Digest digest = co_await OrFail(HashInPortions(ctx, std::move(files)));
  co_await ctx.Sleep(std::chrono::minutes(1));

  const auto answer = co_await WhenAny(ctx.WaitForEvent<std::string>("approved"),
                                       ctx.StartTimer(std::chrono::hours(1)));
  if (answer.index() == 1) co_return Status::Cancelled("nobody approved");
  const std::string who = std::get<0>(answer).value();
  ctx.Log(duroxide::LogLevel::kInfo, "approved by " + who);
  co_return std::to_string(digest.value()) + " " + who;
}

duroxide::Registry MakeRegistry() {
  duroxide::Registry registry;
  registry.Add(kList, [](duroxide::ActivityContext&, std::string dir) -> Result<FileList> {
    if (dir.empty()) return Status::NotFound("no such directory");
    return FileList{dir + "/a", dir + "/bb", dir + "/ccc"};
  });
  registry.Add(kHash, [](duroxide::ActivityContext&, FileList files) -> Result<Digest> {
    std::size_t sum = 0;
    for (const std::string& file : files) sum += file.size();
    return Digest(sum);
  });
  registry.Add(kChecksum, Checksum);
  return registry;
}

class ExampleTest : public duroxide::testing::RuntimeFixture {};
INSTANTIATE_TEST_SUITE_P(, ExampleTest, ::testing::ValuesIn(duroxide::testing::ProviderKinds()),
                         duroxide::testing::KindName);

TEST_P(ExampleTest, RunsThroughRestartsToItsResult) {
  {
    const auto runtime = StartRuntime(MakeRegistry());
    ASSERT_TRUE(runtime->client().Start(kChecksum, "instance-1", "/usr").ok());
    AwaitHistory("instance-1", 8);  // Started, list, its result, 2 hashes, 2 results, the timer
  }
  clock.Advance(std::chrono::minutes(1));
  {
    const auto runtime = StartRuntime(MakeRegistry());
    AwaitHistory("instance-1", 11);  // fired, waiting for the event or the next timer
  }
  const auto runtime = StartRuntime(MakeRegistry());
  ASSERT_TRUE(client.RaiseEvent("instance-1", "approved", "ann").ok());
  const Result<std::string> sum = client.Wait(kChecksum, "instance-1", std::chrono::hours(1));
  ASSERT_TRUE(sum.ok()) << sum.status();
  EXPECT_EQ(*sum, "21 ann");
  runtime->Shutdown();  // a turn's lines are written after it is stored
  EXPECT_EQ(log.Count("approved by ann"), 1u);
}

TEST_P(ExampleTest, FailureOfAnActivityPassesStraightUp) {
  const auto runtime = StartRuntime(MakeRegistry());
  ASSERT_TRUE(client.Start(kChecksum, "instance-1", "").ok());
  EXPECT_EQ(client.Wait(kChecksum, "instance-1", std::chrono::hours(1)).status().ToString(),
            "NotFound: no such directory");
}

}  // namespace
}  // namespace checksum
