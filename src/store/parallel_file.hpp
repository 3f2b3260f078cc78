#pragma once

#include "coterie/dist/communicator.hpp"
#include "h5.hpp"

namespace coterie::h5 {

/// Creates a file where there is none (clear_place first), or opens one, that all ranks of `comm` write: through MPI-IO
/// where there are several. Collective.
Id create_parallel_file(const std::string& path, const Communicator& comm);
Id open_parallel_file(const std::string& path, const Communicator& comm);

/// Removes what Open MPI makes beside a file that it opens, to try locks with and for pointers that nobody uses: a job
/// that was killed leaves them, and through a link in their place they would be written elsewhere. One rank, before the
/// others open the file.
void clear_side_files(const std::string& path);

/// For files that are made or opened from now on: see align_datasets().
void set_alignment(std::int64_t bytes);

/// Writes `count` elements as whole rows from row `first` on; independent of other ranks. Split below the 2 GiB
/// that MPI-IO takes in one call.
void write_rows(hid_t dataset, std::int64_t first, const void* values, std::int64_t count, hid_t type,
                const std::string& path);

/// H5Fflush, then the datasets' and the file's end. Closing alone is not enough: under MPI-IO it does not flush
/// (measured, HDF5 1.10), and elsewhere a dataset's last rows may wait in memory until it is closed, which tells no
/// full disk.
void flush_and_close(Id& file, std::vector<Id> datasets, const std::string& path);

}  // namespace coterie::h5
