#pragma once

#include "coterie/dist/communicator.hpp"
#include "coterie/h5/objects.hpp"

namespace coterie::h5 {

/// The attributes that every artifact carries: at the root its recipe, and a seal over the names and checksums of all
/// datasets and over all other attributes; on each dataset its XXH3-64 checksum.
inline constexpr const char* kRecipe = "recipe";
inline constexpr const char* kSeal = "seal";
inline constexpr const char* kChecksum = "xxh3";

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

/// Creates a contiguous dataset, with the groups above it, its space allocated at once and never filled, and with room
/// for its checksum.
Id create_dataset(hid_t file, const std::string& name, hid_t type, const std::vector<std::int64_t>& shape,
                  const std::string& path);

/// Writes `count` elements as whole rows from row `first` on; independent of other ranks. Split below the 2 GiB
/// that MPI-IO takes in one call.
void write_rows(hid_t dataset, std::int64_t first, const void* values, std::int64_t count, hid_t type,
                const std::string& path);

/// H5Fflush, then the datasets' and the file's end. Closing alone is not enough: under MPI-IO it does not flush
/// (measured, HDF5 1.10), and elsewhere a dataset's last rows may wait in memory until it is closed, which tells no
/// full disk.
void flush_and_close(Id& file, std::vector<Id> datasets, const std::string& path);

}  // namespace coterie::h5
