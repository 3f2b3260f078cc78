#include "parallel_file.hpp"

#include <mpi.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <filesystem>

#include "coterie/base/new_file.hpp"
#include "coterie/store/hdf5_end.hpp"

namespace coterie::h5 {
namespace {

// Set once, as a command begins, and read by whoever opens a file; one value for all files of a run, which otherwise
// every writer would have to hand on.
std::atomic<std::int64_t> alignment = 0;

constexpr std::int64_t kMaxBytesPerCall = std::int64_t{1} << 30;

Id access_list(const Communicator& comm, const std::string& path) {
  Id access(check(H5Pcreate(H5P_FILE_ACCESS), "H5Pcreate", path));
  if (const std::int64_t bytes = alignment; bytes > 0)
    check(H5Pset_alignment(access, static_cast<hsize_t>(bytes), static_cast<hsize_t>(bytes)), "H5Pset_alignment", path);
  if (comm.size() == 1) return access;
  MPI_Comm handle = MPI_COMM_NULL;
  const std::uintptr_t native = comm.native_handle();
  std::memcpy(&handle, &native, sizeof(MPI_Comm));
  check(H5Pset_fapl_mpio(access, handle, MPI_INFO_NULL), "H5Pset_fapl_mpio", path);
  return access;
}

}  // namespace

void set_alignment(std::int64_t bytes) { alignment = bytes; }

Id create_parallel_file(const std::string& path, const Communicator& comm) {
  quiet();
  return Id(check(H5Fcreate(path.c_str(), H5F_ACC_EXCL, H5P_DEFAULT, access_list(comm, path)), "H5Fcreate", path));
}

Id open_parallel_file(const std::string& path, const Communicator& comm) {
  quiet();
  return Id(check(H5Fopen(path.c_str(), H5F_ACC_RDWR, access_list(comm, path)), "H5Fopen", path));
}

void clear_side_files(const std::string& path) {
  namespace fs = std::filesystem;
  const std::string name = fs::path(path).filename().string();
  const std::string folder = fs::path(path).parent_path().string();
  std::error_code gone;
  std::vector<std::string> stale;
  for (const auto& entry : fs::directory_iterator(folder.empty() ? "." : folder, gone)) {
    const std::string other = entry.path().filename().string();
    for (const char* kind : {".locktest.", ".data.", ".metadata."})
      if (other.starts_with(name + kind)) stale.push_back(entry.path().string());
  }
  for (const auto& file : stale) clear_place(file);
}

Id create_dataset(hid_t file, const std::string& name, hid_t type, const std::vector<std::int64_t>& shape,
                  const std::string& path) {
  const Id links(H5Pcreate(H5P_LINK_CREATE));
  check(H5Pset_create_intermediate_group(links, 1), "H5Pset_create_intermediate_group", path);
  const Id creation(H5Pcreate(H5P_DATASET_CREATE));
  check(H5Pset_alloc_time(creation, H5D_ALLOC_TIME_EARLY), "H5Pset_alloc_time", path);
  if (H5Tis_variable_str(type) == 0)  // HDF5 wants pointers filled
    check(H5Pset_fill_time(creation, H5D_FILL_TIME_NEVER), "H5Pset_fill_time", path);
  check(H5Pset_obj_track_times(creation, false), "H5Pset_obj_track_times", path);  // the same study, the same bytes
  const Id space = simple_space(shape);
  Id dataset(check(H5Dcreate2(file, name.c_str(), type, space, links, creation, H5P_DEFAULT), "H5Dcreate2", path));
  // The room for the checksum is made now, so that sealing a file overwrites bytes and moves none.
  write_text_attribute(dataset, kChecksum, "0000000000000000", path);
  return dataset;
}

void write_rows(hid_t dataset, std::int64_t first, const void* values, std::int64_t count, hid_t type,
                const std::string& path) {
  const auto shape = shape_of(dataset, path);
  std::int64_t row_elements = 1;
  for (std::size_t axis = 1; axis < shape.size(); ++axis) row_elements *= shape[axis];
  if (count == 0 || row_elements == 0) return;
  const auto element_bytes = static_cast<std::int64_t>(H5Tget_size(type));
  const std::int64_t rows = count / row_elements;
  const std::int64_t step = std::max<std::int64_t>(1, kMaxBytesPerCall / (row_elements * element_bytes));
  for (std::int64_t done = 0; done < rows; done += step) {
    std::vector<hsize_t> start(shape.size(), 0), extent(shape.begin(), shape.end());
    start[0] = static_cast<hsize_t>(first) + static_cast<hsize_t>(done);
    extent[0] = static_cast<hsize_t>(std::min(step, rows - done));
    const Id file_space(check(H5Dget_space(dataset), "H5Dget_space", path));
    check(H5Sselect_hyperslab(file_space, H5S_SELECT_SET, start.data(), nullptr, extent.data(), nullptr),
          "H5Sselect_hyperslab", path);
    const Id memory_space(H5Screate_simple(static_cast<int>(extent.size()), extent.data(), nullptr));
    const char* from = static_cast<const char*>(values) + done * row_elements * element_bytes;
    check(H5Dwrite(dataset, type, memory_space, file_space, H5P_DEFAULT, from), "H5Dwrite", path);
  }
}

void flush_and_close(Id& file, std::vector<Id> datasets, const std::string& path) {
  check(H5Fflush(file, H5F_SCOPE_GLOBAL), "H5Fflush", path);
  for (auto& dataset : datasets) check(H5Dclose(dataset.release()), "H5Dclose", path);
  check(H5Fclose(file.release()), "H5Fclose", path);
}

}  // namespace coterie::h5

namespace coterie::inline store {

bool hdf5_must_not_end() { return h5::write_failed(); }

}  // namespace coterie::inline store
