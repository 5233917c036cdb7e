# hawser_add_plugin(<name> SOURCES <files> [LIBRARIES <targets>])
# A plugin as a loadable module <name>.so: no "lib" prefix, everything hidden but hawser_plugin_entry_1, no unresolved
# symbols. It sees the SDK's headers and nothing of the engine.
set(HAWSER_PLUGIN_VERSION_SCRIPT "${CMAKE_CURRENT_LIST_DIR}/hawser_plugin.map")
function(hawser_add_plugin name)
  cmake_parse_arguments(P "" "" "SOURCES;LIBRARIES" ${ARGN})
  add_library(${name} MODULE ${P_SOURCES})
  target_link_libraries(${name} PRIVATE hawser::sdk ${P_LIBRARIES})
  set_target_properties(${name} PROPERTIES PREFIX "" CXX_VISIBILITY_PRESET hidden C_VISIBILITY_PRESET hidden
    VISIBILITY_INLINES_HIDDEN ON LINK_DEPENDS "${HAWSER_PLUGIN_VERSION_SCRIPT}")
  if(HAWSER_PLUGIN_OUTPUT_DIRECTORY)
    set_target_properties(${name} PROPERTIES LIBRARY_OUTPUT_DIRECTORY "${HAWSER_PLUGIN_OUTPUT_DIRECTORY}")
  endif()
  target_link_options(${name} PRIVATE "-Wl,--version-script=${HAWSER_PLUGIN_VERSION_SCRIPT}" -Wl,-z,now)
  if(NOT HAWSER_SANITIZE AND NOT CMAKE_CXX_FLAGS MATCHES "-fsanitize")
    target_link_options(${name} PRIVATE -Wl,-z,defs)   # sanitizer run-time symbols come from the host program
  endif()
endfunction()
