# tandem_check_coroutines(<target>)
#   Before <target> is compiled, its sources, and the headers of its project that they include, are
#   checked for the shapes that g++ 12 compiles wrongly beside a co_await: a braced list, a lambda that
#   captures, `?:` (docs/coroutines.md). One of them fails the build, with its file and line. A comment
#   `coroutine-lint: ok` on a line of the statement exempts it.
function(tandem_check_coroutines target)
  set(includes "$<TARGET_PROPERTY:${target},INCLUDE_DIRECTORIES>")
  add_custom_target(${target}_coroutines
    COMMAND "$<TARGET_FILE:tandem::check_coroutines>" --root "${CMAKE_SOURCE_DIR}"
      "$<$<BOOL:${includes}>:-I$<JOIN:${includes},;-I>>" "$<TARGET_PROPERTY:${target},SOURCES>"
    COMMAND_EXPAND_LISTS VERBATIM
    WORKING_DIRECTORY "$<TARGET_PROPERTY:${target},SOURCE_DIR>"
    COMMENT "Checking the coroutines of ${target}")
  add_dependencies(${target} ${target}_coroutines)
endfunction()
