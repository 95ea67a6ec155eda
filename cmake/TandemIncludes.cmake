# Every file of ours is included as "tandem/<its path in the tree>": here, from a build as a subproject,
# and installed. The folders stand at the top of the tree, so the build has one folder of links to
# them. Nothing is copied, and a compiler's message leads to the file itself.
#
# The umbrella headers, <tandem/tandem.h> and so on, stand in base/umbrella/tandem/.
set(TANDEM_INCLUDE_DIR "${PROJECT_BINARY_DIR}/include")
set(TANDEM_UMBRELLA_DIR "${PROJECT_SOURCE_DIR}/base/umbrella")

# tandem_link_folders(<folder>...): of the top of the tree.
function(tandem_link_folders)
  file(MAKE_DIRECTORY "${TANDEM_INCLUDE_DIR}/tandem")
  foreach(folder ${ARGN})
    file(CREATE_LINK "${PROJECT_SOURCE_DIR}/${folder}" "${TANDEM_INCLUDE_DIR}/tandem/${folder}"
      SYMBOLIC)
  endforeach()
endfunction()

tandem_link_folders(base eventstore messagequeue batch providers sourcing duroxide_runtime cli
  tests benchmarks tools)
