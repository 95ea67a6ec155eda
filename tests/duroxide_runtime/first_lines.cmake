# cmake -DCOMPILER=<c++> -DINCLUDES=<folder>;... -DSOURCE=<file> -DSCRATCH=<folder> [-DHEADER=<header>] -P first_lines.cmake
#   Compiles the file once for each "MISTAKE == <n>" in it, with MISTAKE defined as n. Fails unless the
#   first error begins with what stands behind "// refused first:", and unless number 0, which has
#   nothing there, compiles.
cmake_minimum_required(VERSION 3.25)

set(flags -std=c++20)
foreach(folder IN LISTS INCLUDES)
  list(APPEND flags "-I${folder}")
endforeach()

# All of them include the same header: it is compiled once, and found beside its name.
set(header "${SCRATCH}/first_lines.h")
if(NOT HEADER)
  set(HEADER tandem/duroxide.h)
endif()
file(WRITE "${header}" "#include <${HEADER}>\n")
execute_process(
  COMMAND "${COMPILER}" ${flags} -x c++-header "${header}" -o "${header}.gch"
  COMMAND_ERROR_IS_FATAL ANY)
list(APPEND flags -fsyntax-only -include "${header}" -x c++)

# What begins a line of the output that is an error, up to the text of a static_assert.
set(begins "error: static assertion failed( due to requirement '[^\n]*')?: ")

# On both sides without what CMake would take for parts of lists.
file(READ "${SOURCE}" source)
string(REGEX REPLACE "[][;]" " " source "${source}")
string(REGEX MATCHALL "MISTAKE == [^\n]*" mistakes "${source}")
foreach(mistake IN LISTS mistakes)
  string(REGEX MATCH "MISTAKE == ([0-9]+)" number "${mistake}")
  set(number "${CMAKE_MATCH_1}")
  execute_process(
    COMMAND "${COMPILER}" ${flags} "-DMISTAKE=${number}" "${SOURCE}"
    RESULT_VARIABLE failed
    ERROR_VARIABLE output)
  string(FIND "${mistake}" "// refused first: " place)
  if(place LESS 0)
    if(NOT failed EQUAL 0)
      message("${output}")
      message(FATAL_ERROR "number ${number} does not compile")
    endif()
    continue()
  endif()
  math(EXPR place "${place} + 18")
  string(SUBSTRING "${mistake}" ${place} -1 refused)
  string(REGEX REPLACE "[][;]" " " plain "${output}")
  string(REGEX MATCH "error: [^\n]*" error "${plain}")
  string(REGEX MATCH "${begins}" begin "${error}")
  string(LENGTH "${begin}" length)
  string(SUBSTRING "${error}" ${length} -1 said)
  string(FIND "${said}" "${refused}" place)
  if(begin STREQUAL "" OR NOT place EQUAL 0)
    message("${output}")
    message(FATAL_ERROR "mistake ${number}: the first line is\n  ${error}\nand not\n  ${refused}")
  endif()
endforeach()
