#pragma once

#include <cstdint>
#include <string>

namespace coterie::inline store {

/// Files that are written from now on begin each dataset of at least this many bytes at a multiple of it; 0: wherever
/// HDF5 puts it. On all ranks alike. Neither what is in a file nor its identity depends on it.
void align_datasets(std::int64_t bytes);

/// The kinds of file system that want to be spoken to in their own way.
enum class FileSystem { lustre, gpfs, beegfs, other };

/// What a folder, or the nearest one above it that is there, lies on, by the kernel's word (statfs).
FileSystem file_system_of(const std::string& folder);

/// The alignment that suits it: its usual stripe or block, 0 where none is known.
std::int64_t alignment_for(FileSystem system);

/// One line of advice before a file of so many bytes is made in `folder`; empty where there is nothing to say.
std::string striping_advice(FileSystem system, const std::string& folder, std::int64_t bytes);

}  // namespace coterie::inline store
