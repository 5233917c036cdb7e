# Compiler flags, sanitizers and output folders, on one interface target that every target of the project links.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_C_STANDARD 11)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_CXX_VISIBILITY_PRESET hidden)
set(CMAKE_C_VISIBILITY_PRESET hidden)
set(CMAKE_VISIBILITY_INLINES_HIDDEN ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/bin")
set(HAWSER_PLUGIN_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/lib/hawser/plugins")

# Line tables are enough for a stack trace; what variables add doubles the time of a compile. The dev preset has them.
set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O2 -g1 -DNDEBUG")
set(CMAKE_C_FLAGS_RELWITHDEBINFO "-O2 -g1 -DNDEBUG")

# Several sources in one compile: less than half the time of a whole build, which is what a test run and the quickstart
# make. A source must still name its own includes; the dev preset, one source a compile, says where one does not.
option(HAWSER_UNITY "Compile several sources at once" OFF)
if(HAWSER_UNITY)
  set(CMAKE_UNITY_BUILD ON)
  set(CMAKE_UNITY_BUILD_BATCH_SIZE 10)
endif()

find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM)
  set(CMAKE_CXX_COMPILER_LAUNCHER "${CCACHE_PROGRAM}")
  set(CMAKE_C_COMPILER_LAUNCHER "${CCACHE_PROGRAM}")
endif()

set(HAWSER_SANITIZE "" CACHE STRING "Sanitizers for -fsanitize=, comma separated (address,undefined or thread)")
option(HAWSER_FUZZ "Build the libFuzzer targets (clang)" OFF)

# The linker version script of a plugin hides template statics too; unity of flags keeps ODR problems away.
add_library(hawser_options INTERFACE)
target_compile_options(hawser_options INTERFACE
  -Wall -Wextra -Wpedantic -Werror -Wshadow $<$<COMPILE_LANGUAGE:CXX>:-Wnon-virtual-dtor> $<$<COMPILE_LANGUAGE:CXX>:-Wold-style-cast> -Wcast-align -Wconversion
  -Wsign-conversion -Wdouble-promotion -Wno-missing-field-initializers
  )
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # GCC 12 reports false positives of these in inlined library code at -O2.
  target_compile_options(hawser_options INTERFACE -Wno-restrict -Wno-maybe-uninitialized
    -Wno-dangling-pointer -Wno-stringop-overflow -Wno-array-bounds -Wno-mismatched-new-delete)
endif()
if(HAWSER_UNITY)
  # Said of what is in one source but not in a header, where the source is included.
  target_compile_options(hawser_options INTERFACE -Wno-shadow $<$<COMPILE_LANGUAGE:CXX>:-Wno-subobject-linkage>)
endif()
target_compile_definitions(hawser_options INTERFACE BOOST_DLL_USE_STD_FS BOOST_ASIO_NO_DEPRECATED BOOST_ALL_NO_LIB)
target_link_options(hawser_options INTERFACE -Wl,-z,now -Wl,-z,relro)
if(HAWSER_SANITIZE)
  add_compile_options(-fsanitize=${HAWSER_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${HAWSER_SANITIZE})
  if(HAWSER_SANITIZE MATCHES "address.*undefined" AND NOT HAWSER_FUZZ)
    # A third of the compile time, for what the address sanitizer finds as well (a null pointer, a dead object) or x86 allows.
    add_compile_options(-fno-sanitize=null,alignment,vptr)
  endif()
else()
  add_compile_options($<$<CONFIG:RelWithDebInfo>:-D_FORTIFY_SOURCE=2> -fstack-protector-strong)
endif()
if(HAWSER_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()
find_package(Threads REQUIRED)

# For size: what runs at the start or when a person asks, and is in the memory of an idle host. No message waits for it.
function(hawser_compile_for_size)
  foreach(target ${ARGN})
    target_compile_options(${target} PRIVATE $<$<CONFIG:RelWithDebInfo>:-Os>)
  endforeach()
endfunction()

# The allocator of the command and of what measures it: a message goes through several threads, each frees what another
# allocated, and that costs glibc's malloc a sixth of all processor time. An embedder chooses its own.
add_library(hawser_allocator INTERFACE)
if(NOT HAWSER_SANITIZE)
  # The archive: the command needs nothing more where it is installed.
  find_library(JEMALLOC_LIBRARY libjemalloc_pic.a REQUIRED)
  target_link_libraries(hawser_allocator INTERFACE "${JEMALLOC_LIBRARY}" ${CMAKE_DL_LIBS})
  target_sources(hawser_allocator INTERFACE "${PROJECT_SOURCE_DIR}/engine/host/allocator_options.cpp")
endif()
