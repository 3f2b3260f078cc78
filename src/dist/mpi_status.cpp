#include "mpi_status.hpp"

#include <mpi.h>

#include <array>
#include <string>

#include "coterie/base/errors.hpp"

namespace coterie::inline dist {

void check_mpi(int status, const char* call) {
  if (status == MPI_SUCCESS) return;
  std::array<char, MPI_MAX_ERROR_STRING> text{};
  int length = 0, rank = -1;
  MPI_Error_string(status, text.data(), &length);
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  throw Error(
      fmt::format("rank {}: {} failed: {}", rank, call, std::string(text.data(), static_cast<std::size_t>(length))));
}

}  // namespace coterie::inline dist
