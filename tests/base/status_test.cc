#include "tandem/base/status.h"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>

#include "tandem/base/record.h"
#include "tandem/base/result.h"

namespace tandem {
namespace {

TEST(StatusTest, DefaultIsOkAndAsSmallAsASharedPointer) {
  const Status status;
  EXPECT_TRUE(status.ok());
  EXPECT_EQ(status.code(), StatusCode::kOk);
  EXPECT_EQ(status.ToString(), "Ok");
  EXPECT_EQ(sizeof(Status), sizeof(std::shared_ptr<int>));
}

TEST(StatusTest, ConflictTellsExpectedAndActual) {
  const Status status = Status::Conflict("exactly 7", 9);
  ASSERT_NE(status.conflict(), nullptr);
  EXPECT_EQ(status.conflict()->expected, "exactly 7");
  EXPECT_EQ(status.conflict()->actual, 9U);
  EXPECT_EQ(status.lease_lost(), nullptr);
  EXPECT_EQ(status.ToString(), "Conflict: expected exactly 7, found version 9");
}

TEST(StatusTest, ConflictNamesItsStreamAndKey) {
  ConflictDetail detail{.expected = "exactly 7", .actual = 9, .entity = "order-1", .partition = 2};
  EXPECT_EQ(Status::Conflict(detail).message(),
            "stream (order-1, 2): expected exactly 7, found version 9");
  detail.key = "owner";
  detail.expected = "absent";
  detail.found = "me";
  EXPECT_EQ(Status::Conflict(detail).message(),
            "metadata 'owner' of stream (order-1, 2): expected absent, found another value");
  detail.found.reset();
  EXPECT_EQ(Status::Conflict(detail).message(),
            "metadata 'owner' of stream (order-1, 2): expected absent, found none");
}

TEST(StatusTest, FailuresOfAListAreAllKeptAndTheFirstLeads) {
  const Status status = Status::OfFailures(
      {{2, Status::LeaseLost(LeaseLoss::kTaken)}, {5, Status::Conflict("no stream", 1)}});
  EXPECT_EQ(status.code(), StatusCode::kLeaseLost);
  ASSERT_NE(status.lease_lost(), nullptr);
  EXPECT_EQ(status.lease_lost()->reason, LeaseLoss::kTaken);
  ASSERT_EQ(status.failures().size(), 2U);
  EXPECT_EQ(status.failures()[1].operation, 5U);
  EXPECT_EQ(status.failures()[1].status.code(), StatusCode::kConflict);
  EXPECT_NE(status.message().find("operation 2"), std::string::npos);
  EXPECT_NE(status.message().find("1 more failed"), std::string::npos);
}

Result<int> Half(int number) {
  if (number % 2 != 0) return Status::InvalidArgument("odd");
  return number / 2;
}

Result<int> Quarter(int number) {
  TANDEM_ASSIGN_OR_RETURN(const int half, Half(number));
  return Half(half);
}

TEST(ResultTest, PassesFailuresOn) {
  EXPECT_EQ(*Quarter(12), 3);
  EXPECT_EQ(Quarter(6).status().code(), StatusCode::kInvalidArgument);
}

TEST(ResultTest, HoldsMoveOnlyValues) {
  Result<std::unique_ptr<int>> result(std::make_unique<int>(4));
  const std::unique_ptr<int> value = *std::move(result);
  EXPECT_EQ(*value, 4);
}

Result<std::optional<std::string>> Find(int what) {
  if (what == 0) return std::nullopt;
  if (what == 1) return Status::NotFound("nothing to look in");
  std::string found = "found";
  if (what == 2) return found;
  if (what == 3) return "literal";
  return std::optional<std::string>(std::move(found));
}

TEST(ResultTest, OfAnOptionalIsMadeOfNothingAndOfAValue) {
  const auto none = Find(0);
  ASSERT_TRUE(none.ok());
  EXPECT_EQ(none.value(), std::nullopt);
  EXPECT_EQ(Find(1).status().code(), StatusCode::kNotFound);
  for (const int what : {2, 4}) EXPECT_EQ(Find(what).value(), "found");
  EXPECT_EQ(Find(3).value(), "literal");
}

TEST(ResultTest, OfAnOptionalTakesAValueThatOnlyMoves) {
  using Owner = std::unique_ptr<int>;
  const auto make = []() -> Result<std::optional<Owner>> { return std::make_unique<int>(7); };
  EXPECT_EQ(**make().value(), 7);
}

TEST(ResultTest, OfAnOptionalTakesAnOptionalAsItsValue) {
  using Inner = std::optional<int>;
  const auto make = [](Inner inner) -> Result<std::optional<Inner>> { return inner; };
  EXPECT_EQ(make(7).value(), std::optional<Inner>(Inner(7)));
  EXPECT_TRUE(make(std::nullopt).value().has_value()) << "there is a value, and it is empty";
}

static_assert(!std::is_convertible_v<std::nullopt_t, Result<int>>);
static_assert(!std::is_convertible_v<std::string, Result<std::optional<int>>>);

TEST(ResultTest, ReadingTheValueOfAFailureThrowsTheFailure) {
  try {
    (void)*Half(3);
    FAIL() << "a value was read";
  } catch (const BadResultAccess& access) {
    EXPECT_EQ(access.status().code(), StatusCode::kInvalidArgument);
    EXPECT_STREQ(access.what(),
                 "the value of a failed Result was read, which holds InvalidArgument: odd; look at "
                 "ok() first");
  }
  EXPECT_THROW((void)Half(3).value(), BadResultAccess);
}

Result<std::monostate> Nothing(const Status& status) { return status; }

TEST(ResultTest, OkIsTheValueOfAResultThatHasNone) {
  EXPECT_TRUE(Nothing(Status::Ok()).ok());
  EXPECT_EQ(*Nothing(Status::Ok()), std::monostate());
  EXPECT_EQ(Nothing(Status::NotFound("no")).status().code(), StatusCode::kNotFound);
}

TEST(ResultTest, OkWithoutAValueIsAnInternalErrorThatNamesItsLine) {
  const int line = __LINE__ + 1;
  const Result<int> result = Status::Ok();
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.status().ToString(), "Internal: a Result was made of Ok without a value at " +
                                            std::string(__FILE__) + ":" + std::to_string(line) +
                                            "; return the value, or a failure");
}

std::size_t CausesOf(const Status& status) {
  std::size_t count = 0;
  for (const Status* next = &status.cause(); !next->ok(); next = &next->cause()) ++count;
  return count;
}

TEST(StatusTest, OfALongChainOfCausesTheNearestAreKept) {
  Status chain = Status::IoError("0");
  for (int i = 1; i <= 2'000; ++i) {
    chain = Status::Internal(std::to_string(i)).CausedBy(chain);
    ASSERT_LE(CausesOf(chain), Status::kCausesMax);
  }
  EXPECT_EQ(CausesOf(chain), Status::kCausesMax);
  EXPECT_EQ(chain.message(), "2000");
  EXPECT_EQ(chain.cause().message(), "1999");
}

}  // namespace
}  // namespace tandem
