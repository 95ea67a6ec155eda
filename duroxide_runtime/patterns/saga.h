#pragma once

// A Saga undoes what an orchestration has begun, the last step first, when it fails or is
// cancelled. An orchestration that takes one as its second parameter needs nothing else:
//
//   Task<Result<std::string>> BookTrip(OrchestrationContext ctx, Saga undo, Trip trip) {
//     const std::string flight = co_await OrFail(ctx.Call(kBookFlight, trip));
//     undo.Add(kCancelFlight, flight);
//     const std::string hotel = co_await OrFail(ctx.Call(kBookHotel, trip));
//     undo.Add(kCancelHotel, hotel);
//     co_return flight + " and " + hotel;
//   }
//   registry.Add(kTrip, BookTrip);
//
// A step that fails, or is cut off by a cancellation, may have happened all the same. Where that
// matters, Add comes before the step, and the activity that undoes finds out what there is to do.

#include <functional>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "tandem/duroxide_runtime/cancellation.h"
#include "tandem/duroxide_runtime/context.h"
#include "tandem/duroxide_runtime/retry.h"
#include "tandem/duroxide_runtime/task.h"

namespace duroxide {

namespace internal {

inline Status StatusOf(Status status) { return status; }
template <typename T>
Status StatusOf(const Result<T>& result) {
  return result.status();
}

}  // namespace internal

// A handle: copies are the same saga. Meaningless outside of its orchestration, as a context is.
class Saga {
 public:
  explicit Saga(OrchestrationContext ctx) : state_(std::make_shared<State>(State{ctx, {}})) {}

  // From now on `undo` is called with `input` if the saga fails. It is tried again until it
  // succeeds, unless `policy` says when to give up; it runs at least once, so it must bear
  // repetition, also by an undo of the same step from an earlier attempt.
  template <typename Out, typename In>
  void Add(const Activity<Out(In)>& undo, std::type_identity_t<In> input,
           RetryPolicy policy = UntilItSucceeds()) const {
    state_->undoing.emplace_back(std::string(undo.name()), [undo, input = std::move(input),
                                                            policy](OrchestrationContext ctx) {
      return UndoOnce<Out, In>(ctx, undo, input, policy);
    });
  }

  // What was added has come to its end, and is not undone any more.
  void Keep() const { state_->undoing.clear(); }

  // A million attempts, with pauses that double from 200 ms up to an hour.
  static RetryPolicy UntilItSucceeds();

  // The result of `body`. If that is a failure or the instance is cancelled meanwhile, everything
  // is undone before. A request to cancel does not interrupt the undoing. An undo that is given up
  // leaves the others to be done, and is named in the failure.
  //
  // For a saga that is a part of an orchestration only; a Registry calls it for the parameter.
  template <internal::Fallible T>
  Task<T> Run(Task<T> body) const {
    return RunAndUndo<T>(*this, std::move(body));
  }

 private:
  using Call = std::function<Task<Status>(OrchestrationContext)>;
  struct Undo {
    Undo(std::string activity, Call undo) : name(std::move(activity)), call(std::move(undo)) {}
    std::string name;
    Call call;
  };
  struct State {
    OrchestrationContext ctx;
    std::vector<Undo> undoing;  // in the order of the steps
  };

  template <typename Out, typename In>
  static Task<Status> UndoOnce(OrchestrationContext ctx, Activity<Out(In)> undo, In input,
                               RetryPolicy policy) {
    const Result<Out> undone = co_await CallWithRetry(ctx, undo, input, policy);
    co_return undone.status();
  }

  static Task<Status> UndoInScope(OrchestrationContext ctx, Undo undo);

  template <typename T>
  static Task<T> RunAndUndo(Saga saga, Task<T> body) {
    const OrchestrationContext ctx = saga.state_->ctx;
    T result = co_await Cancellable(ctx, std::move(body));
    Status failure = internal::StatusOf(result);
    if (failure.ok()) co_return result;
    if (!saga.state_->undoing.empty()) {
      ctx.Log(LogLevel::kInfo, "undoing what was begun: " + failure.ToString());
    }
    while (!saga.state_->undoing.empty()) {
      const Undo undo = saga.state_->undoing.back();
      saga.state_->undoing.pop_back();
      const Status undone = co_await UndoInScope(ctx, undo);
      if (undone.ok()) continue;
      std::string text = failure.message();
      text.append("; not undone by '").append(undo.name).append("': ").append(undone.ToString());
      failure = Status(failure.code(), std::move(text));
    }
    co_return failure;
  }

  std::shared_ptr<State> state_;
};

}  // namespace duroxide
