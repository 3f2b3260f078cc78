#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "coterie/dist/communicator.hpp"

namespace coterie::inline dist {

/// A sum over ranks, element by element, that is on its way while its rank computes (MPI_Iallreduce). Messages move on
/// only while the thread that speaks MPI is in it: that has to call move_on() now and then. One is sent after the
/// other, in pieces, lest other messages have to wait behind all of them.
class PendingSum {
 public:
  /// Begins it. Collective, as Communicator::sum(), and always over the same ranks. On a rank alone it has arrived.
  PendingSum(std::vector<std::int64_t> terms, const Communicator& comm, CallSite where = CallSite::here());

  /// One that was not waited for keeps its memory for ever, which MPI still writes to: an error has ended its use.
  ~PendingSum();
  PendingSum(const PendingSum&) = delete;
  PendingSum& operator=(const PendingSum&) = delete;

  /// Waits for it; the sums, which this holds.
  std::span<const std::int64_t> wait();

  /// Lets all of this rank's move on. Returns whether any is left that has not arrived.
  static bool move_on();

 private:
  struct Messages;
  struct Queue;
  std::unique_ptr<Messages> messages_;
};

}  // namespace coterie::inline dist
