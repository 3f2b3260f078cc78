#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <vector>

#include "coterie/dist/communicator.hpp"
#include "coterie/dist/row_partition.hpp"

namespace coterie::inline dist {

/// Deals out the numbers 0 .. items-1 in ascending order, each once, to whichever rank asks first, so that ranks and
/// items of unequal speed end together (self-scheduling: Tang and Yew, ICPP 1986). Rank 0's main thread deals while it
/// polls; the others keep a small stock, so that nobody waits for an answer. An item's number tells how far all are.
///
///     3 ranks, 9 items, ahead = 1; rank 2 is slow:   rank 0: 0 3 5 7   rank 1: 1 4 6 8   rank 2: 2
///
/// Messages: 2 of at most 16 bytes for each refill of 1 to `ahead` items, and 2 or 3 for each rank at the end; none on
/// one rank. Rank 0's own take() needs none.
///
/// One rank that stops early leaves the rest to the others, save the items in its stock, which nobody is given again:
/// of at most `ahead` items for each such rank. One rank that fails ends it for all: see ~WorkQueue().
class WorkQueue {
 public:
  /// Collective. `ahead`: how many items a rank keeps in stock. Throws InvalidArgument unless items >= 0 and ahead
  /// >= 1.
  WorkQueue(const Communicator& comm, std::int64_t items, std::int64_t ahead);

  /// Without finish(), as when an exception passes: abandon(), and for at most 20 s the talk that lets the others know.
  /// No thread may be in take() any more.
  ~WorkQueue();
  WorkQueue(const WorkQueue&) = delete;
  WorkQueue& operator=(const WorkQueue&) = delete;

  /// The next item for this rank; waits for stock. None once all are dealt, and after close() or abandon(). Any thread.
  std::optional<std::int64_t> take();

  /// Fills the stock; on rank 0 answers the others. Returns at once. The main thread calls it every few milliseconds.
  void poll();

  /// take() gives none from now on, here: this rank asks no more. The others go on. Any thread.
  void close();

  /// The same on all ranks, as soon as they poll: a stop, or a failure, that is everybody's. Any thread.
  void abandon();

  /// close(), and the talk that is left: returns when rank 0 knows that this rank asks no more, on rank 0 when it knows
  /// it of all; it deals on until then. Main thread, on all ranks; sleeps between polls. Does not wait for items that
  /// are still being worked on, nor throw what another rank did: Communicator::together() around it tells that.
  void finish();

 private:
  void ask();
  void deal();
  void reply(int rank, RowRange range);
  void take_in(RowRange answer);
  RowRange from_stock(std::int64_t at_most);
  bool over() const;

  const Communicator& comm_;
  const std::int64_t ahead_;

  std::mutex mutex_;  // guards what take() and the main thread share
  std::condition_variable changed_;
  std::deque<RowRange> stock_;  // on rank 0 all that is not dealt yet
  std::int64_t in_stock_ = 0;
  bool last_came_ = false;  // the stock grows no more
  bool closed_ = false;
  bool abandoned_ = false;

  // The talk between rank 0 and each other rank, seen from here; the main thread's alone. Either side says one thing
  // last, rank 0 "that was all", the other "I ask no more", and listens until the other side has said its.
  bool asked_ = false, said_bye_ = false, heard_end_ = false;
  std::vector<bool> said_end_;  // of each rank, on rank 0
  int listening_to_ = 0;        // ranks that rank 0 has not heard the last of
  bool finished_ = false;
};

}  // namespace coterie::inline dist
