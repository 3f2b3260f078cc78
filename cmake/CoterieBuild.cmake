# How every target of coterie is compiled, and the two verbs that rooms and tests are declared with.

if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "Release, Debug" FORCE)
endif()
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

option(COTERIE_WERROR "Treat warnings as errors" OFF)
set(COTERIE_SANITIZE "" CACHE STRING "Sanitizers to build with: address,undefined or thread; empty for none")
option(COTERIE_PCH "Precompile the headers that nearly every file reads" ON)
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
  set(arch x86-64-v3)  # AVX2 and FMA: every x86 server since 2015; the program checks at its start
else()
  set(arch "")
endif()
set(COTERIE_ARCH "${arch}" CACHE STRING "-march of the target nodes; empty for the compiler's default")

find_program(COTERIE_CCACHE ccache)
if(COTERIE_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  # ccache handles a precompiled header only when asked to ignore the time stamps inside it.
  set(launcher ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime ${COTERIE_CCACHE})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${launcher})
  set(CMAKE_C_COMPILER_LAUNCHER ${launcher})
endif()
find_program(COTERIE_MOLD mold)
if(COTERIE_MOLD)
  add_link_options(-fuse-ld=mold)
endif()

add_library(coterie_settings INTERFACE)
target_include_directories(coterie_settings INTERFACE $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>)
target_compile_options(coterie_settings INTERFACE
  -Wall -Wextra -Wshadow -Wnon-virtual-dtor -Wpedantic -Wno-missing-field-initializers
  -Wno-restrict  # GCC 12 reports it falsely for "text" + std::string (GCC bug 105651)
  # Contraction would let the same expression give other bits in another place; kernels that want FMA say so.
  -ffp-contract=off
  $<$<BOOL:${COTERIE_PCH}>:-fpch-preprocess -Winvalid-pch>
  $<$<BOOL:${COTERIE_ARCH}>:-march=${COTERIE_ARCH}>
  $<$<BOOL:${COTERIE_WERROR}>:-Werror>)
if(COTERIE_SANITIZE)
  add_compile_options(-fsanitize=${COTERIE_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${COTERIE_SANITIZE})
endif()
set_property(GLOBAL PROPERTY COTERIE_HEADERS "")

# coterie_room(NAME HEADERS ... SOURCES ... [LINKS rooms ...] [PRIVATE libraries ...])
# One room is one static library, coterie_NAME. Headers are relative to include/coterie/NAME, sources to src/NAME, and so
# are the headers that a room keeps to itself wherever they are included: "ward/clusters.hpp".
# A room sees only what it links: a call up the layering does not link.
function(coterie_room name)
  cmake_parse_arguments(ROOM "" "" "HEADERS;SOURCES;LINKS;PRIVATE" ${ARGN})
  set(target coterie_${name})
  add_library(${target} STATIC ${ROOM_SOURCES})
  target_include_directories(${target} PRIVATE ${PROJECT_SOURCE_DIR}/src/${name})
  target_link_libraries(${target} PUBLIC coterie_settings fmt::fmt PRIVATE ${ROOM_PRIVATE})
  foreach(room IN LISTS ROOM_LINKS)
    target_link_libraries(${target} PUBLIC coterie_${room})
  endforeach()
  foreach(header IN LISTS ROOM_HEADERS)
    set_property(GLOBAL APPEND PROPERTY COTERIE_HEADERS coterie/${name}/${header})
  endforeach()
  coterie_precompile(${target})
endfunction()

# coterie_on_demand(NAME SOURCES...)
# A shared library that the program opens only when it is needed (coterie/base/on_demand.hpp). It has its own copies of
# the rooms' functions that it calls, and shows none of them.
set(CMAKE_BUILD_RPATH "$ORIGIN;${PROJECT_BINARY_DIR}")  # the program finds them after a move, too
set(CMAKE_INSTALL_RPATH "$ORIGIN/../${CMAKE_INSTALL_LIBDIR}/coterie")
function(coterie_on_demand name)
  add_library(${name} MODULE ${ARGN})
  set_target_properties(${name} PROPERTIES
    LIBRARY_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR} CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON)
  target_link_options(${name} PRIVATE -Wl,--exclude-libs,ALL)
  set_property(GLOBAL APPEND PROPERTY COTERIE_ON_DEMAND ${name})
endfunction()

function(coterie_precompile target)
  if(NOT COTERIE_PCH)
    return()
  endif()
  if(target STREQUAL coterie_base)
    target_precompile_headers(${target} PRIVATE <algorithm> <cstdint> <functional> <memory> <string> <vector> <fmt/format.h>)
  else()
    target_precompile_headers(${target} REUSE_FROM coterie_base)
  endif()
endfunction()

# Compiles each public header on its own, so that none leans on what another happened to include.
function(coterie_header_check)
  get_property(headers GLOBAL PROPERTY COTERIE_HEADERS)
  set(sources "")
  foreach(header IN LISTS headers)
    string(REPLACE "/" "__" file ${header})
    set(source ${PROJECT_BINARY_DIR}/header_check/${file}.cpp)
    file(CONFIGURE OUTPUT ${source} CONTENT "#include \"${header}\"  // IWYU pragma: keep\n")
    list(APPEND sources ${source})
  endforeach()
  add_library(header_check OBJECT EXCLUDE_FROM_ALL ${sources})
  target_link_libraries(header_check PRIVATE coterie_settings coterie_h5 fmt::fmt nlohmann_json::nlohmann_json)
endfunction()

# coterie_test(NAME SOURCES ... LINKS rooms-or-libraries ... [RANKS 1 2 3 4] [LABELS ...] [TIMEOUT seconds])
# One test program, run once for each rank count, with its room as a label: ctest -L '^clustering$'. The program itself fails when it finds another number of ranks
# than it was promised, or when no test case ran. Where coterie is built without MPI it is run once, as it is.
function(coterie_test name)
  cmake_parse_arguments(TEST "" "TIMEOUT" "SOURCES;LINKS;RANKS;LABELS" ${ARGN})
  if(NOT TEST_RANKS)
    set(TEST_RANKS 1)
  endif()
  if(NOT TEST_TIMEOUT)
    set(TEST_TIMEOUT 120)  # of machines that others use, and of sanitizers
  endif()
  get_filename_component(room ${CMAKE_CURRENT_SOURCE_DIR} NAME)
  list(APPEND TEST_LABELS ${room})
  add_executable(${name} ${TEST_SOURCES})
  target_link_libraries(${name} PRIVATE coterie_test_main ${TEST_LINKS})
  target_compile_definitions(${name} PRIVATE COTERIE_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
  if(COTERIE_ONLY)
    add_test(NAME ${name} COMMAND ${name})
    set_tests_properties(${name} PROPERTIES LABELS "${TEST_LABELS}" TIMEOUT ${TEST_TIMEOUT})
    return()
  endif()
  # Ranks check that they take the same collectives, and say so before ctest gives up on them.
  math(EXPR patience "${TEST_TIMEOUT} * 3 / 4")
  foreach(ranks IN LISTS TEST_RANKS)
    add_test(NAME ${name}.${ranks}
      COMMAND ${MPIEXEC_EXECUTABLE} --oversubscribe --bind-to none -n ${ranks} $<TARGET_FILE:${name}> --ranks=${ranks})
    set_tests_properties(${name}.${ranks} PROPERTIES
      LABELS "${TEST_LABELS}" TIMEOUT ${TEST_TIMEOUT} PROCESSORS ${ranks}
      ENVIRONMENT "COTERIE_CHECK_COLLECTIVES=${patience};OMPI_ALLOW_RUN_AS_ROOT=1;OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1;OMPI_MCA_btl_vader_single_copy_mechanism=none")
  endforeach()
endfunction()
