#include "coterie/dist/pending_sum.hpp"

#include <mpi.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <deque>

#include "mpi_status.hpp"

namespace coterie::inline dist {
namespace {

// Of what is handed to MPI at a time, for each rank: what others send meanwhile waits behind no more than two of them,
// 4 ms at 1 Gbit/s.
constexpr std::int64_t kPieceBytes = 256 << 10;
constexpr std::size_t kPieces = 2;

}  // namespace

struct PendingSum::Messages {
  std::vector<std::int64_t> values;
  std::size_t begun = 0;  // values that were handed to MPI
  std::array<MPI_Request, kPieces> requests = {MPI_REQUEST_NULL, MPI_REQUEST_NULL};
};

// This rank's sums that have not arrived, in the order in which all ranks began them; the thread that speaks MPI alone
// touches it. All go the same way one after the other, over a communicator of their own: when a piece goes, beside
// which collective of the others, is each rank's own affair.
struct PendingSum::Queue {
  MPI_Comm comm = MPI_COMM_NULL;
  std::size_t piece = 0;  // values
  std::deque<Messages*> waiting;

  static Queue& of_this_rank() {
    static Queue queue;
    return queue;
  }

  void open(const Communicator& all) {
    if (comm != MPI_COMM_NULL) return;
    MPI_Comm handle = MPI_COMM_NULL;
    const std::uintptr_t native = all.native_handle();
    std::memcpy(&handle, &native, sizeof(MPI_Comm));
    check_mpi(MPI_Comm_dup(handle, &comm), "MPI_Comm_dup");
    MPI_Comm_set_errhandler(comm, MPI_ERRORS_RETURN);
    piece = static_cast<std::size_t>(all.size() * kPieceBytes) / sizeof(std::int64_t);
  }

  // Hands pieces of the first in line to MPI while there is room.
  void send_pieces() {
    if (waiting.empty()) return;
    Messages& first = *waiting.front();
    for (MPI_Request& request : first.requests) {
      if (request != MPI_REQUEST_NULL || first.begun == first.values.size()) continue;
      const std::size_t count = std::min(piece, first.values.size() - first.begun);
      check_mpi(MPI_Iallreduce(MPI_IN_PLACE, first.values.data() + first.begun, static_cast<int>(count), MPI_INT64_T,
                               MPI_SUM, comm, &request),
                "MPI_Iallreduce");
      first.begun += count;
    }
  }

  bool move_on() {
    while (!waiting.empty()) {
      send_pieces();
      Messages& first = *waiting.front();
      int any = 0, which = 0;
      check_mpi(MPI_Testany(static_cast<int>(kPieces), first.requests.data(), &which, &any, MPI_STATUS_IGNORE),
                "MPI_Testany");
      if (any == 0) return true;
      if (which == MPI_UNDEFINED && first.begun == first.values.size()) waiting.pop_front();
    }
    return false;
  }
};

PendingSum::PendingSum(std::vector<std::int64_t> terms, const Communicator& comm, CallSite where)
    : messages_(std::make_unique<Messages>()) {
  messages_->values = std::move(terms);
  comm.announce("begun sum of int64", where);
  if (comm.size() == 1) return;
  Queue::of_this_rank().open(comm);
  Queue::of_this_rank().waiting.push_back(messages_.get());
  move_on();
}

PendingSum::~PendingSum() {
  auto& waiting = Queue::of_this_rank().waiting;
  if (std::erase(waiting, messages_.get()) > 0) static_cast<void>(messages_.release());
}

std::span<const std::int64_t> PendingSum::wait() {
  const auto& waiting = Queue::of_this_rank().waiting;
  while (std::ranges::find(waiting, messages_.get()) != waiting.end()) move_on();
  return messages_->values;
}

bool PendingSum::move_on() { return Queue::of_this_rank().move_on(); }

}  // namespace coterie::inline dist
