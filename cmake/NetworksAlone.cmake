# -DCOTERIE_ONLY=networks: the networks, the weight readers (but Keras's, which needs HDF5) and their tests, from LibTorch
# and headers alone: for a machine with a GPU and PyTorch, and without MPI, HDF5, OpenCV and their like. tools/build-cuda
# builds this, and gathers what such a machine needs.
find_package(Threads REQUIRED)

# headers_alone(TARGET HEADER): a target that has an include folder and nothing to link; the folder of tools/build-cuda
# --bundle, or the system's, and never LibTorch's, which brings another fmt and nlohmann-json.
function(headers_alone target header)
  string(MAKE_C_IDENTIFIER ${target}_INCLUDE_DIR folder)
  find_path(${folder} ${header} HINTS ${PROJECT_SOURCE_DIR}/headers NO_CMAKE_PATH REQUIRED)
  add_library(${target} INTERFACE IMPORTED GLOBAL)
  target_include_directories(${target} INTERFACE ${${folder}})
endfunction()
headers_alone(Random123::Random123 Random123/philox.h)
headers_alone(fmt::fmt fmt/format.h)
target_compile_definitions(fmt::fmt INTERFACE FMT_HEADER_ONLY)
headers_alone(nlohmann_json::nlohmann_json nlohmann/json.hpp)
headers_alone(doctest::doctest doctest/doctest.h)

# Of the rooms below features, the files that networks need.
coterie_room(base
  SOURCES src/base/nearest_name.cpp src/base/new_file.cpp src/base/npy.cpp src/base/number.cpp src/base/on_demand.cpp src/base/random.cpp src/base/shell_quoted.cpp
          src/base/thread_pool.cpp src/base/unfinished.cpp
  PRIVATE Random123::Random123)
coterie_room(images
  SOURCES src/images/preprocess/geometry.cpp src/images/preprocess/levels.cpp src/images/preprocess/presets.cpp
          src/images/preprocess/resize.cpp src/images/preprocess/resize_passes.cpp src/images/preprocess/resize_tf1.cpp
          src/images/preprocess/text.cpp
  LINKS base)
add_subdirectory(src/tiles)
add_subdirectory(src/features)

if(BUILD_TESTING)
  add_library(coterie_test_main STATIC tests/support/alone_main.cpp)
  target_link_libraries(coterie_test_main PUBLIC coterie_settings fmt::fmt doctest::doctest)
  target_include_directories(coterie_test_main PUBLIC tests/support)
  add_subdirectory(tests/features)
endif()
