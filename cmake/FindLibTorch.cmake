# LibTorch::LibTorch: the system's LibTorch, or by -DCOTERIE_TORCH=DIR that of a Python package (site-packages/torch) or
# of an unpacked download (libtorch), built with CUDA or without.
#
# LibTorch's own CMake files are not asked: those of a CUDA build want nvcc and the headers of the whole CUDA toolkit,
# which nothing here is compiled with: coterie speaks to LibTorch's device-independent interface alone.
set(COTERIE_TORCH "" CACHE PATH "A torch package or LibTorch's folder; empty for the system's")

set(where "")
if(COTERIE_TORCH)
  set(where PATHS ${COTERIE_TORCH} NO_DEFAULT_PATH)
endif()
find_path(LIBTORCH_INCLUDE_DIR torch/csrc/jit/api/module.h PATH_SUFFIXES include ${where})
foreach(name IN ITEMS torch torch_cpu c10)
  find_library(LIBTORCH_${name} ${name} PATH_SUFFIXES lib lib64 lib/${CMAKE_LIBRARY_ARCHITECTURE} ${where})
endforeach()
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(LibTorch
  REQUIRED_VARS LIBTORCH_torch LIBTORCH_torch_cpu LIBTORCH_c10 LIBTORCH_INCLUDE_DIR
  REASON_FAILURE_MESSAGE "Debian's is libtorch-dev, any other comes by -DCOTERIE_TORCH=DIR (DIR/include, DIR/lib)")

if(LibTorch_FOUND AND NOT TARGET LibTorch::LibTorch)
  add_library(LibTorch::LibTorch INTERFACE IMPORTED)
  target_include_directories(LibTorch::LibTorch SYSTEM INTERFACE
    ${LIBTORCH_INCLUDE_DIR} ${LIBTORCH_INCLUDE_DIR}/torch/csrc/api/include)
  # libtorch itself has no symbols: it brings the library with the GPU's kernels along, if the linker keeps it. That has
  # libraries in turn, which it finds by its own paths when it is loaded.
  target_link_libraries(LibTorch::LibTorch INTERFACE
    -Wl,--push-state,--no-as-needed ${LIBTORCH_torch} -Wl,--pop-state ${LIBTORCH_torch_cpu} ${LIBTORCH_c10}
    -Wl,--allow-shlib-undefined)
  # Newer LibTorch brings the headers of its own fmt, which the compiler finds first and nothing links.
  target_compile_definitions(LibTorch::LibTorch INTERFACE FMT_HEADER_ONLY)

  # Wheels before 2.7 have the C++ library's old strings, which do not link with the system's.
  include(CheckCXXSourceCompiles)
  set(CMAKE_REQUIRED_LIBRARIES LibTorch::LibTorch)
  set(CMAKE_REQUIRED_FLAGS -std=c++20)
  check_cxx_source_compiles(
    "#include <c10/core/Device.h>\nint main() { return c10::Device(std::string(\"cpu\")).is_cuda(); }"
    COTERIE_LIBTORCH_LINKS)
  unset(CMAKE_REQUIRED_LIBRARIES)
  unset(CMAKE_REQUIRED_FLAGS)
  if(NOT COTERIE_LIBTORCH_LINKS)
    message(FATAL_ERROR "One line of C++ does not link with ${LIBTORCH_c10}. PyPI's torch is fit from 2.7 on; of "
      "PyTorch's downloads take one with the cxx11 ABI. The reason is in ${CMAKE_BINARY_DIR}/CMakeFiles/CMakeError.log")
  endif()
endif()
