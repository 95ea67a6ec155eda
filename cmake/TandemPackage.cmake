# What `cmake --install` and cpack make of the libraries: a CMake package, a pkg-config module and a
# Debian package. All three follow from the calls of tandem_dependency and tandem_library.
#
# The package consists of components: `core`, which everybody gets, and every library declared as a
# component of its own. Each has a file Tandem-<component>.cmake: what it needs, then its targets.
include(CMakePackageConfigHelpers)
include(GNUInstallDirs)

# tandem_dependency(<package> [PKG_CONFIG <module>] [DEBIAN <package>] [COMPONENT <component>])
#   Finds what the libraries link, and makes it a dependency of whoever uses them installed. A module
#   cmake/Find<package>.cmake is installed too. A macro, since find_package sets variables.
macro(tandem_dependency package)
  find_package(${package} REQUIRED)
  tandem_note_dependency(${package} ${ARGN})
endmacro()

function(tandem_note_dependency package)
  cmake_parse_arguments(ARG "" "PKG_CONFIG;DEBIAN;COMPONENT" "" ${ARGN})
  if(NOT ARG_COMPONENT)
    set(ARG_COMPONENT core)
  endif()
  set_property(GLOBAL APPEND PROPERTY TANDEM_PACKAGES_${ARG_COMPONENT} ${package})
  set_property(GLOBAL APPEND PROPERTY TANDEM_PKG_CONFIG_${ARG_COMPONENT} ${ARG_PKG_CONFIG})
  set_property(GLOBAL APPEND PROPERTY TANDEM_DEBIAN_${ARG_COMPONENT} ${ARG_DEBIAN})
endfunction()

# tandem_suggest(<Debian package>...)
#   What only users of certain headers need. Nothing is looked for, neither here nor there.
function(tandem_suggest)
  set_property(GLOBAL APPEND PROPERTY TANDEM_SUGGESTS ${ARGN})
endfunction()

# tandem_runs_with(<Debian package>...)
#   What an installed program needs besides what the libraries bring, in any version.
function(tandem_runs_with)
  set_property(GLOBAL APPEND PROPERTY TANDEM_DEBIAN_PROGRAMS ${ARGN})
endfunction()

# Called by tandem_library for each library, in the order in which they depend on each other.
function(tandem_install_library target component)
  if(NOT TANDEM_INSTALL)
    return()
  endif()
  get_property(components GLOBAL PROPERTY TANDEM_COMPONENTS)
  if(NOT component IN_LIST components)
    set_property(GLOBAL APPEND PROPERTY TANDEM_COMPONENTS ${component})
  endif()
  set_property(GLOBAL APPEND PROPERTY TANDEM_LIBRARIES_${component} ${target})
  set(umbrella)
  get_target_property(sets ${target} HEADER_SETS)
  if("umbrella" IN_LIST sets)
    set(umbrella FILE_SET umbrella DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}")
  endif()
  install(TARGETS ${target} EXPORT Tandem-${component}
    ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}"
    FILE_SET HEADERS DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}" ${umbrella})
endfunction()

# A program of the core that a build with Tandem runs, as tandem::<its EXPORT_NAME>.
function(tandem_install_program target)
  if(NOT TANDEM_INSTALL)
    return()
  endif()
  install(TARGETS ${target} EXPORT Tandem-core
    RUNTIME DESTINATION "${CMAKE_INSTALL_LIBEXECDIR}/tandem")
endfunction()

# Called once, after all libraries.
function(tandem_package)
  if(NOT TANDEM_INSTALL)
    return()
  endif()
  tandem_cmake_package()
  tandem_pkg_config()
  tandem_debian_package()
endfunction()

function(tandem_cmake_package)
  set(folder "${CMAKE_INSTALL_LIBDIR}/cmake/Tandem")
  set(generated "${PROJECT_BINARY_DIR}/package")
  configure_package_config_file("${PROJECT_SOURCE_DIR}/cmake/TandemConfig.cmake.in"
    "${generated}/TandemConfig.cmake" INSTALL_DESTINATION "${folder}")
  # While the version is 0.x, each minor version may change the API.
  write_basic_package_version_file("${generated}/TandemConfigVersion.cmake"
    COMPATIBILITY SameMinorVersion)
  set(files "${generated}/TandemConfig.cmake" "${generated}/TandemConfigVersion.cmake"
    "${PROJECT_SOURCE_DIR}/cmake/TandemCheckCoroutines.cmake"
    "${PROJECT_SOURCE_DIR}/cmake/capnp_cxx20.h")
  get_property(components GLOBAL PROPERTY TANDEM_COMPONENTS)
  foreach(component ${components})
    get_property(packages GLOBAL PROPERTY TANDEM_PACKAGES_${component})
    foreach(package ${packages})
      set(module "${PROJECT_SOURCE_DIR}/cmake/Find${package}.cmake")
      if(EXISTS "${module}")
        list(APPEND files "${module}")
      endif()
    endforeach()
    configure_file("${PROJECT_SOURCE_DIR}/cmake/TandemComponent.cmake.in"
      "${generated}/Tandem-${component}.cmake" @ONLY)
    list(APPEND files "${generated}/Tandem-${component}.cmake")
    install(EXPORT Tandem-${component} NAMESPACE tandem:: DESTINATION "${folder}"
      FILE Tandem-${component}-targets.cmake)
  endforeach()
  install(FILES ${files} DESTINATION "${folder}")
endfunction()

# The module `tandem` is the core, `tandem-<component>` a component with the core. The libraries are
# static, so a module names all that they need.
function(tandem_pkg_config)
  set(folder "${CMAKE_INSTALL_LIBDIR}/pkgconfig")
  string(REGEX REPLACE "[^/]+" ".." up "${folder}")
  set(core_flags "-pthread")
  if(NOT TANDEM_CAPNP_COMPILES_AS_CXX20)
    string(APPEND core_flags " -include \${libdir}/cmake/Tandem/capnp_cxx20.h")
  endif()
  get_property(components GLOBAL PROPERTY TANDEM_COMPONENTS)
  foreach(component ${components})
    get_property(libraries GLOBAL PROPERTY TANDEM_LIBRARIES_${component})
    list(REVERSE libraries)  # a linker wants users before what they use
    list(TRANSFORM libraries PREPEND "-l")
    list(JOIN libraries " " libraries)
    get_property(requires GLOBAL PROPERTY TANDEM_PKG_CONFIG_${component})
    if(component STREQUAL core)
      set(module tandem)
      set(flags "${core_flags}")
      string(APPEND libraries " -pthread")
    else()
      set(module tandem-${component})
      set(flags "")
      list(PREPEND requires "tandem = ${PROJECT_VERSION}")
    endif()
    list(JOIN requires ", " requires)
    configure_file("${PROJECT_SOURCE_DIR}/cmake/tandem.pc.in"
      "${PROJECT_BINARY_DIR}/package/${module}.pc" @ONLY)
    install(FILES "${PROJECT_BINARY_DIR}/package/${module}.pc" DESTINATION "${folder}")
  endforeach()
endfunction()

# Our archives hold code from the headers of what they need, so they go with just that version of it.
function(tandem_debian_depends result)
  set(depends)
  foreach(package ${ARGN})
    set(version "")
    execute_process(COMMAND dpkg-query -W "-f=\${source:Upstream-Version}" ${package}
      OUTPUT_VARIABLE version ERROR_QUIET)
    if(version)
      list(APPEND depends "${package} (>= ${version})" "${package} (<< ${version}.0~)")
    else()
      list(APPEND depends "${package}")
    endif()
  endforeach()
  list(JOIN depends ", " depends)
  set(${result} "${depends}" PARENT_SCOPE)
endfunction()

function(tandem_debian_package)
  if(NOT PROJECT_IS_TOP_LEVEL)
    return()
  endif()
  set(folder "${CMAKE_INSTALL_DATADIR}/doc/libtandem-dev")
  install(FILES "${PROJECT_SOURCE_DIR}/LICENSE" RENAME copyright DESTINATION "${folder}")
  install(FILES "${PROJECT_SOURCE_DIR}/README.md" "${PROJECT_SOURCE_DIR}/CHANGELOG.md"
    DESTINATION "${folder}")
  install(DIRECTORY "${PROJECT_SOURCE_DIR}/docs" DESTINATION "${folder}")
  install(DIRECTORY "${PROJECT_SOURCE_DIR}/examples/programs/" DESTINATION "${folder}/examples")

  get_property(components GLOBAL PROPERTY TANDEM_COMPONENTS)
  list(REMOVE_ITEM components core)
  get_property(suggests GLOBAL PROPERTY TANDEM_SUGGESTS)
  foreach(component ${components})
    get_property(packages GLOBAL PROPERTY TANDEM_DEBIAN_${component})
    list(APPEND suggests ${packages})
  endforeach()
  list(JOIN suggests ", " CPACK_DEBIAN_PACKAGE_SUGGESTS)
  get_property(packages GLOBAL PROPERTY TANDEM_DEBIAN_core)
  tandem_debian_depends(CPACK_DEBIAN_PACKAGE_DEPENDS ${packages})
  # Cap'n Proto's CMake package asks pkg-config where it is.
  string(APPEND CPACK_DEBIAN_PACKAGE_DEPENDS ", pkg-config")
  get_property(packages GLOBAL PROPERTY TANDEM_DEBIAN_PROGRAMS)
  foreach(package ${packages})
    string(APPEND CPACK_DEBIAN_PACKAGE_DEPENDS ", ${package}")
  endforeach()

  set(CPACK_GENERATOR DEB)
  set(CPACK_PACKAGE_NAME libtandem-dev)
  set(CPACK_PACKAGE_CONTACT "Tandem developers")
  set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "${PROJECT_DESCRIPTION}")
  set(CPACK_PACKAGE_DESCRIPTION
    "An embeddable event store and message queue whose changes commit together
in one atomic batch on RocksDB, and Duroxide, a runtime for durable
orchestrations written as C++20 coroutines, on top.
.
This package holds headers, static libraries, the files for CMake and
pkg-config, and tandem-bench, which measures what a batch costs.")
  set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
  set(CPACK_DEBIAN_PACKAGE_SECTION libdevel)
  set(CPACK_PACKAGING_INSTALL_PREFIX "/usr")
  set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
    OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
  include(CPack)
endfunction()
