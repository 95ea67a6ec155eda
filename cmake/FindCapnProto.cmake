# Cap'n Proto's own CMake package, with two of its troubles put right. Defines CapnProto::capnp etc.

# It looks for libatomic with a program that only C compiles, so a project in C++ alone would fail.
if(NOT CMAKE_C_COMPILER_LOADED AND NOT DEFINED FOUND_LIBATOMIC)
  include(CheckCXXSourceCompiles)
  include(CMakePushCheckState)
  cmake_push_check_state(RESET)
  set(CMAKE_REQUIRED_LIBRARIES atomic)
  check_cxx_source_compiles("int main() {}" FOUND_LIBATOMIC)
  cmake_pop_check_state()
endif()

find_package(CapnProto CONFIG ${CapnProto_FIND_VERSION})
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(CapnProto CONFIG_MODE)

# Version 0.9 leaves `"text" == kj::StringPtr` to C++20's reversed candidates, but declares the
# operator!= that rules them out since P2468 (clang 16, g++ 13): its headers then do not compile.
# Such compilers get the missing operators from capnp_cxx20.h, which stands beside this file.
function(tandem_mend_capnp_for_cxx20)
  include(CheckCXXSourceCompiles)
  include(CMakePushCheckState)
  set(CMAKE_CXX_STANDARD 20)
  cmake_push_check_state(RESET)
  set(CMAKE_REQUIRED_INCLUDES ${CAPNP_INCLUDE_DIRS})
  check_cxx_source_compiles("#include <capnp/blob.h>\nint main() {}" TANDEM_CAPNP_COMPILES_AS_CXX20)
  cmake_pop_check_state()
  get_property(mended TARGET CapnProto::kj PROPERTY TANDEM_MENDED)
  if(NOT TANDEM_CAPNP_COMPILES_AS_CXX20 AND NOT mended)
    set_property(TARGET CapnProto::kj PROPERTY TANDEM_MENDED TRUE)
    set_property(TARGET CapnProto::kj APPEND PROPERTY INTERFACE_COMPILE_OPTIONS
      "$<$<COMPILE_LANGUAGE:CXX>:SHELL:-include \"${CMAKE_CURRENT_FUNCTION_LIST_DIR}/capnp_cxx20.h\">")
  endif()
endfunction()
if(CapnProto_FOUND)
  tandem_mend_capnp_for_cxx20()
endif()
