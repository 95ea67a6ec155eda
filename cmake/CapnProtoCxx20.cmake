# Cap'n Proto 0.9 leaves `"text" == kj::StringPtr` to C++20's reversed candidates, but declares the
# operator!= that rules them out since P2468 (clang 16, g++ 13): its headers then do not compile.
# Such compilers get the missing operators from capnp_cxx20.h.
include(CheckCXXSourceCompiles)
include(CMakePushCheckState)

cmake_push_check_state(RESET)
set(CMAKE_REQUIRED_INCLUDES ${CAPNP_INCLUDE_DIRS})
set(CMAKE_REQUIRED_FLAGS "${CMAKE_CXX20_STANDARD_COMPILE_OPTION}")
check_cxx_source_compiles("#include <capnp/blob.h>\nint main() {}" TANDEM_CAPNP_COMPILES_AS_CXX20)
cmake_pop_check_state()

if(NOT TANDEM_CAPNP_COMPILES_AS_CXX20)
  set_property(TARGET CapnProto::kj APPEND PROPERTY INTERFACE_COMPILE_OPTIONS
    "$<$<COMPILE_LANGUAGE:CXX>:SHELL:-include \"${CMAKE_CURRENT_LIST_DIR}/capnp_cxx20.h\">")
endif()
