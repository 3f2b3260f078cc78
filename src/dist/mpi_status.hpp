#pragma once

namespace coterie::inline dist {

/// Throws Error with the rank, the call and MPI's own words unless `status` is MPI_SUCCESS.
void check_mpi(int status, const char* call);

}  // namespace coterie::inline dist
