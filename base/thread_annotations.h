#pragma once

// What clang checks of locks while it compiles (-Wthread-safety, on in our clang builds); nothing
// to other compilers. https://clang.llvm.org/docs/ThreadSafetyAnalysis.html
//
//   Mutex mutex_;
//   int idle_ TANDEM_GUARDED_BY(mutex_) = 0;   // touched only by who holds mutex_
//   void Add() TANDEM_REQUIRES(mutex_);        // called only by who holds mutex_

#if defined(__clang__)
#define TANDEM_THREAD_ANNOTATION(attribute) __attribute__((attribute))
#else
#define TANDEM_THREAD_ANNOTATION(attribute)
#endif

#define TANDEM_CAPABILITY(name) TANDEM_THREAD_ANNOTATION(capability(name))
#define TANDEM_SCOPED_CAPABILITY TANDEM_THREAD_ANNOTATION(scoped_lockable)
#define TANDEM_GUARDED_BY(lock) TANDEM_THREAD_ANNOTATION(guarded_by(lock))
#define TANDEM_REQUIRES(...) TANDEM_THREAD_ANNOTATION(requires_capability(__VA_ARGS__))
#define TANDEM_ACQUIRE(...) TANDEM_THREAD_ANNOTATION(acquire_capability(__VA_ARGS__))
#define TANDEM_RELEASE(...) TANDEM_THREAD_ANNOTATION(release_capability(__VA_ARGS__))
