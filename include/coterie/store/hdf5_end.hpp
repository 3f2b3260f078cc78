#pragma once

namespace coterie::inline store {

/// Whether a file could not be written. HDF5 1.10 keeps what it could not write, fails again when the file is closed,
/// and crashes when it ends with the process or with MPI: so the process has to end without either (std::_Exit).
bool hdf5_must_not_end();

}  // namespace coterie::inline store
