# Language level, warnings and sanitizers, the same for every target of the project.
# As a subproject it takes what the project above has chosen, and sets nothing outside of itself.
if(NOT CMAKE_CXX_STANDARD OR CMAKE_CXX_STANDARD LESS 20)
  set(CMAKE_CXX_STANDARD 20)
endif()
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
if(PROJECT_IS_TOP_LEVEL)
  set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
endif()
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release)
endif()

option(TANDEM_WERROR "Treat warnings as errors" ${PROJECT_IS_TOP_LEVEL})
option(TANDEM_FUZZERS "Build the fuzzers; needs a compiler with libFuzzer" OFF)
set(TANDEM_SANITIZE "" CACHE STRING "Sanitizers for the whole build: 'address,undefined' or 'thread'")

find_program(TANDEM_CCACHE ccache)
mark_as_advanced(TANDEM_CCACHE)
if(TANDEM_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER AND PROJECT_IS_TOP_LEVEL)
  set(CMAKE_CXX_COMPILER_LAUNCHER "${TANDEM_CCACHE}")
endif()

if(TANDEM_SANITIZE)
  add_compile_options(-fsanitize=${TANDEM_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${TANDEM_SANITIZE})
  add_compile_definitions(TANDEM_CHECK_REQUIRES)  # base/check.h
  if(TANDEM_SANITIZE MATCHES thread)
    add_link_options("LINKER:--version-script=${CMAKE_CURRENT_LIST_DIR}/tsan_exports.map")
  endif()
endif()

# Called on the project's own targets only, never on generated code.
function(tandem_warnings target)
  target_compile_options(${target} PRIVATE -Wall -Wextra -Wno-missing-field-initializers)
  if(CMAKE_CXX_COMPILER_ID STREQUAL Clang)
    target_compile_options(${target} PRIVATE -Wthread-safety)  # base/thread_annotations.h
  endif()
  if(CMAKE_CXX_COMPILER_ID STREQUAL GNU AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
    # False for `"text" + std::string()` (GCC bug 105651).
    target_compile_options(${target} PRIVATE -Wno-restrict)
  endif()
  if(CMAKE_UNITY_BUILD AND CMAKE_CXX_COMPILER_ID STREQUAL GNU)
    # It takes the joined sources for headers, in which an anonymous namespace would be a mistake,
    # and version 12 guesses wrongly about optionals that are moved.
    target_compile_options(${target} PRIVATE -Wno-subobject-linkage -Wno-maybe-uninitialized)
  endif()
  if(TANDEM_WERROR)
    target_compile_options(${target} PRIVATE -Werror)
  endif()
endfunction()

# For code whose compilation takes longer than it runs: most tests. It comes last, so it wins.
function(tandem_quick_to_compile target)
  target_compile_options(${target} PRIVATE
    "$<$<CONFIG:Release>:-O1>" "$<$<CONFIG:Sanitize>:-O0>")
endfunction()

# tandem_precompiled_headers(<target> [REUSE_FROM <other>]): what tests include of others, compiled
# once. A source still includes all that it uses. The options let ccache work with it.
function(tandem_precompiled_headers target)
  target_compile_options(${target} PRIVATE
    "$<$<CXX_COMPILER_ID:GNU>:-fpch-preprocess>"
    "$<$<CXX_COMPILER_ID:Clang>:SHELL:-Xclang -fno-pch-timestamp>")
  if(ARGN)
    target_precompile_headers(${target} ${ARGN})
  else()
    target_precompile_headers(${target} PRIVATE
      <gtest/gtest.h> <algorithm> <chrono> <filesystem> <functional> <map> <memory> <optional>
      <set> <string> <thread> <variant> <vector>)
  endif()
endfunction()
