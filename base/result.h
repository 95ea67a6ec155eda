#pragma once

// A Result<T> is a T or the Status that says why there is none. A Result<std::monostate> has no
// value to give, so Ok makes a success of it; any other Result that is made of Ok is an Internal
// error, which names the line that made it.

#include <concepts>
#include <optional>
#include <stdexcept>
#include <type_traits>
#include <utility>
#include <variant>

#include "tandem/base/check.h"
#include "tandem/base/status.h"

namespace tandem {

// Thrown when the value of a failed Result is read. That is a mistake of the code that reads:
// look at ok() first. The text holds the failure. A caller of other people's code (a runtime, of
// its handlers) turns it into a failure of that call. If nothing catches it, the process ends with
// the text.
class BadResultAccess : public std::logic_error {
 public:
  // REQUIRES: `failure` is not ok.
  explicit BadResultAccess(Status failure);
  const Status& status() const { return failure_; }

 private:
  Status failure_;
};

namespace internal {

[[noreturn]] void ThrowBadResultAccess(const Status& failure);
template <typename>
inline constexpr bool kResultIsItsValue = false;
Status OkWithoutValue(const char* file, int line);

}  // namespace internal

template <typename T>
class [[nodiscard]] Result;

namespace internal {

template <typename T>
inline constexpr bool kIsOptional = false;
template <typename T>
inline constexpr bool kIsOptional<std::optional<T>> = true;

// What a Result<std::optional<V>> takes as its V.
template <typename U, typename T>
concept ValueOfOptional =
    kIsOptional<T> && !std::is_same_v<U, T> && !std::is_same_v<U, std::nullopt_t> &&
    !std::is_same_v<U, Status> && !std::is_same_v<U, Result<T>> && std::is_convertible_v<U, T>;

}  // namespace internal

template <typename T>
class [[nodiscard]] Result {
  static_assert(!std::is_reference_v<T> && !std::is_same_v<T, Status>);

 public:
  using value_type = T;

  // NOLINTBEGIN(google-explicit-constructor): `return value;` and `return status;` are the point.
  Result(T value) : value_(std::move(value)) {}
  // A Result<std::optional<V>>: success, with nothing or with a V. Without these two,
  // `return std::nullopt;` and `return v;` would need two conversions, which C++ does not make.
  Result(std::nullopt_t)
    requires internal::kIsOptional<T>
      : value_(std::in_place) {}
  template <typename U>
    requires internal::ValueOfOptional<std::remove_cvref_t<U>, T>
  Result(U&& value) : value_(std::in_place, std::forward<U>(value)) {}
  Result(Status status, const char* file = __builtin_FILE(), int line = __builtin_LINE())
      : status_(std::move(status)) {
    if (!status_.ok()) return;
    if constexpr (std::is_same_v<T, std::monostate>) {
      value_.emplace();
    } else {
      status_ = internal::OkWithoutValue(file, line);
    }
  }
  // NOLINTEND(google-explicit-constructor)

  bool ok() const { return value_.has_value(); }
  const Status& status() const { return status_; }  // ok() exactly when there is a value

  // REQUIRES: ok(), else BadResultAccess is thrown
  // NOLINTBEGIN(bugprone-unchecked-optional-access): CheckOk is the check.
  T& value() & {
    CheckOk();
    return *value_;
  }
  const T& value() const& {
    CheckOk();
    return *value_;
  }
  // By value, so that `for (x : *store.Dequeue(...))` walks over something that lives.
  T value() && {
    CheckOk();
    return *std::move(value_);
  }
  // NOLINTEND(bugprone-unchecked-optional-access)
  // The value, or `otherwise` if there is none.
  template <typename U>
  T value_or(U&& otherwise) const& {
    return ok() ? value() : static_cast<T>(std::forward<U>(otherwise));
  }
  template <typename U>
  T value_or(U&& otherwise) && {
    return ok() ? std::move(*this).value() : static_cast<T>(std::forward<U>(otherwise));
  }
  // As std::expected says it: status(). REQUIRES: !ok()
  const Status& error() const {
    TANDEM_REQUIRE(!ok(), "a success has no error");
    return status_;
  }
  explicit operator bool() const { return ok(); }

  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  // A Result is no T, and what takes it for one is refused in words. (So `c ? result : T()` has no
  // type: either could become the other.)
  template <std::same_as<T> U>
  operator U() const {  // NOLINT(google-explicit-constructor): it is never made
    static_assert(internal::kResultIsItsValue<U>,
                  "a Result is not its value: look at ok() and take value(), or in a coroutine "
                  "co_await OrFail(...)");
    internal::ThrowBadResultAccess(status_);
  }

 private:
  void CheckOk() const {
    if (!value_.has_value()) [[unlikely]] {
      internal::ThrowBadResultAccess(status_);
    }
  }

  std::optional<T> value_;
  Status status_;
};

}  // namespace tandem

// Passes a failure on to the caller of the enclosing function.
#define TANDEM_RETURN_IF_ERROR(expression)                                    \
  do {                                                                        \
    if (::tandem::Status tandem_status = (expression); !tandem_status.ok()) { \
      return tandem_status;                                                   \
    }                                                                         \
  } while (false)

// TANDEM_ASSIGN_OR_RETURN(auto page, store.Read(stream, {}));
#define TANDEM_ASSIGN_OR_RETURN(declaration, expression) \
  TANDEM_ASSIGN_OR_RETURN_2_(TANDEM_CONCAT_(tandem_result_, __LINE__), declaration, expression)
// NOLINTBEGIN(bugprone-macro-parentheses): a declaration and the name it takes have none.
#define TANDEM_ASSIGN_OR_RETURN_2_(result, declaration, expression) \
  auto result = (expression);                                       \
  if (!result.ok()) return result.status();                         \
  declaration = *std::move(result)
// NOLINTEND(bugprone-macro-parentheses)
#define TANDEM_CONCAT_(a, b) TANDEM_CONCAT_2_(a, b)
#define TANDEM_CONCAT_2_(a, b) a##b
