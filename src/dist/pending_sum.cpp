#include "coterie/dist/pending_sum.hpp"

#include <mpi.h>

#include <algorithm>
#include <climits>
#include <cstring>

#include "mpi_status.hpp"

namespace coterie::inline dist {

struct PendingSum::Messages {
  std::vector<std::int64_t> values;
  std::vector<MPI_Request> requests;

  // Of this rank; the thread that speaks MPI alone touches it.
  static std::vector<Messages*>& under_way() {
    static std::vector<Messages*> all;
    return all;
  }

  void begin(MPI_Comm comm) {
    constexpr std::size_t kMaxCount = INT_MAX;
    for (std::size_t first = 0; first < values.size(); first += kMaxCount) {
      const auto count = static_cast<int>(std::min(kMaxCount, values.size() - first));
      check_mpi(MPI_Iallreduce(MPI_IN_PLACE, values.data() + first, count, MPI_INT64_T, MPI_SUM, comm,
                               &requests.emplace_back()),
                "MPI_Iallreduce");
    }
    under_way().push_back(this);
  }

  bool has_arrived() {
    int all = 0;
    check_mpi(MPI_Testall(static_cast<int>(requests.size()), requests.data(), &all, MPI_STATUSES_IGNORE),
              "MPI_Testall");
    return all != 0;
  }

  bool is_under_way() const { return std::ranges::find(under_way(), this) != under_way().end(); }
};

PendingSum::PendingSum(std::vector<std::int64_t> terms, const Communicator& comm, CallSite where)
    : messages_(std::make_unique<Messages>()) {
  messages_->values = std::move(terms);
  comm.announce("begun sum of int64", where);
  if (comm.size() == 1) return;
  MPI_Comm handle = MPI_COMM_NULL;
  const std::uintptr_t native = comm.native_handle();
  std::memcpy(&handle, &native, sizeof(MPI_Comm));
  messages_->begin(handle);
}

PendingSum::~PendingSum() {
  if (!messages_->is_under_way()) return;
  std::erase(Messages::under_way(), messages_.get());
  static_cast<void>(messages_.release());
}

std::span<const std::int64_t> PendingSum::wait() {
  auto& requests = messages_->requests;
  check_mpi(MPI_Waitall(static_cast<int>(requests.size()), requests.data(), MPI_STATUSES_IGNORE), "MPI_Waitall");
  std::erase(Messages::under_way(), messages_.get());
  return messages_->values;
}

bool PendingSum::move_on() {
  std::erase_if(Messages::under_way(), [](Messages* each) { return each->has_arrived(); });
  return !Messages::under_way().empty();
}

}  // namespace coterie::inline dist
