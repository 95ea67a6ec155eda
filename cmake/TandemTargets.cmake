# tandem_library(<name> SOURCES ... [SCHEMAS ...] LINKS ... [PRIVATE_LINKS ...] [UMBRELLA <header>]
#                [COMPONENT])
#   A static library of one folder, tandem::<name>, built and installed. `SCHEMAS` are Cap'n Proto
#   files, compiled without our warnings. `COMPONENT`: not part of the core; users of the package get
#   it by find_package(Tandem COMPONENTS <name>).
#   `UMBRELLA` is a header in base/umbrella/tandem/ that only makes sense with this library.
#   Its headers are those beside its sources; where one is in an internal/ or a room of it, all of
#   that internal/ and those of the folder that it belongs to.
function(tandem_library name)
  cmake_parse_arguments(ARG "COMPONENT" "UMBRELLA" "SOURCES;SCHEMAS;LINKS;PRIVATE_LINKS" ${ARGN})
  foreach(library ${ARG_LINKS} ${ARG_PRIVATE_LINKS})
    if(library MATCHES "^tandem::" AND NOT TARGET ${library})
      message(FATAL_ERROR "${name}: ${library} must be declared before, since the order is linked by")
    endif()
  endforeach()
  add_library(tandem_${name} STATIC ${ARG_SOURCES})
  add_library(tandem::${name} ALIAS tandem_${name})
  set_target_properties(tandem_${name} PROPERTIES EXPORT_NAME ${name})
  tandem_headers_beside(headers ${ARG_SOURCES})
  target_sources(tandem_${name} PUBLIC
    FILE_SET HEADERS BASE_DIRS "${TANDEM_INCLUDE_DIR}" FILES ${headers})
  if(ARG_UMBRELLA)
    target_sources(tandem_${name} PUBLIC
      FILE_SET umbrella TYPE HEADERS BASE_DIRS "${TANDEM_UMBRELLA_DIR}"
      FILES "${TANDEM_UMBRELLA_DIR}/tandem/${ARG_UMBRELLA}")
  endif()
  target_compile_features(tandem_${name} PUBLIC cxx_std_20)
  target_link_libraries(tandem_${name} PUBLIC ${ARG_LINKS} PRIVATE ${ARG_PRIVATE_LINKS})
  tandem_warnings(tandem_${name})
  if(TANDEM_FUZZERS)
    # Tells a fuzzer which branches it has reached; without one it does nothing.
    target_compile_options(tandem_${name} PRIVATE -fsanitize=fuzzer-no-link)
  endif()
  if(ARG_COMPONENT)
    set(component ${name})
  else()
    set(component core)
  endif()
  if(ARG_SCHEMAS)
    tandem_schema(${name} ${ARG_SCHEMAS})
    target_link_libraries(tandem_${name} PRIVATE tandem_${name}_schema)
    tandem_install_library(tandem_${name}_schema ${component})
  endif()
  tandem_install_library(tandem_${name} ${component})
endfunction()

# By the paths through which they are included.
function(tandem_headers_beside result)
  cmake_path(RELATIVE_PATH CMAKE_CURRENT_SOURCE_DIR BASE_DIRECTORY "${PROJECT_SOURCE_DIR}"
    OUTPUT_VARIABLE here)
  set(patterns)
  foreach(source ${ARGN})
    cmake_path(GET source PARENT_PATH folder)
    cmake_path(APPEND here "${folder}" OUTPUT_VARIABLE folder)
    list(APPEND patterns "${folder}/*.h")
    if(folder MATCHES "^(.*/)internal(/.*)?$")
      foreach(beside "*.h" "internal/*.h" "internal/*/*.h")
        list(APPEND patterns "${CMAKE_MATCH_1}${beside}")
      endforeach()
    endif()
  endforeach()
  list(TRANSFORM patterns PREPEND "${TANDEM_INCLUDE_DIR}/tandem/")
  list(REMOVE_DUPLICATES patterns)
  file(GLOB headers CONFIGURE_DEPENDS ${patterns})
  set(${result} ${headers} PARENT_SCOPE)
endfunction()

# tandem_schema(<name> <schema>...) compiles Cap'n Proto schemas into tandem_<name>_schema; the
# generated header of folder/x.capnp is included as "tandem/folder/x.capnp.h".
function(tandem_schema name)
  set(CAPNPC_SRC_PREFIX "${PROJECT_SOURCE_DIR}")
  set(CAPNPC_OUTPUT_DIR "${PROJECT_BINARY_DIR}/generated/tandem")
  set(files)
  foreach(schema ${ARGN})
    file(RELATIVE_PATH relative "${PROJECT_SOURCE_DIR}" "${CMAKE_CURRENT_SOURCE_DIR}/${schema}")
    get_filename_component(folder "${CAPNPC_OUTPUT_DIR}/${relative}" DIRECTORY)
    file(MAKE_DIRECTORY "${folder}")
    list(APPEND files "${CMAKE_CURRENT_SOURCE_DIR}/${schema}")
  endforeach()
  capnp_generate_cpp(sources headers ${files})
  add_library(tandem_${name}_schema STATIC ${sources})
  set_target_properties(tandem_${name}_schema PROPERTIES EXPORT_NAME ${name}_schema)
  target_include_directories(tandem_${name}_schema SYSTEM
    PUBLIC "$<BUILD_INTERFACE:${PROJECT_BINARY_DIR}/generated>")
  target_link_libraries(tandem_${name}_schema PUBLIC CapnProto::capnp)
endfunction()
