# cmake -DCOMPILER=<c++> -DINCLUDES=<folder>;... -DSOURCE=<file> -P must_not_compile.cmake
#   Compiles the file, and fails unless the compiler says what stands behind each "// refused:", as
#   often as it stands there.
cmake_minimum_required(VERSION 3.25)

set(flags)
foreach(folder IN LISTS INCLUDES)
  list(APPEND flags "-I${folder}")
endforeach()
if(COMPILER MATCHES "clang")
  list(APPEND flags -ferror-limit=0)  # it stops after 20 otherwise
endif()
execute_process(
  COMMAND "${COMPILER}" -std=c++20 -fsyntax-only ${flags} -x c++ "${SOURCE}"
  ERROR_VARIABLE output)
# On both sides without what CMake would take for parts of lists.
string(REGEX REPLACE "[][;]" " " plain "${output}")
string(REGEX MATCHALL "error:[^\n]*" errors "${plain}")

file(READ "${SOURCE}" source)
string(REGEX REPLACE "[][;]" " " source "${source}")
string(REGEX MATCHALL "// refused: [^\n]*" refused "${source}")
list(TRANSFORM refused REPLACE "// refused: " "")
set(distinct ${refused})
list(REMOVE_DUPLICATES distinct)
foreach(message IN LISTS distinct)
  set(expected 0)
  foreach(line IN LISTS refused)
    if(line STREQUAL message)
      math(EXPR expected "${expected} + 1")
    endif()
  endforeach()
  set(found 0)
  foreach(error IN LISTS errors)
    string(FIND "${error}" "${message}" place)
    if(place GREATER_EQUAL 0)
      math(EXPR found "${found} + 1")
    endif()
  endforeach()
  if(NOT found EQUAL expected)
    message("${output}")
    message(FATAL_ERROR "the compiler says ${found} times instead of ${expected}: ${message}")
  endif()
endforeach()
