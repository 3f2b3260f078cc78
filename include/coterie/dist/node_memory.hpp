#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "coterie/dist/communicator.hpp"

namespace coterie::inline dist {

/// Memory that all ranks of one node see (an MPI-3 shared window), each node having its own.
///
/// The constructor, publish() and the destructor are collective, in the same order on all ranks. While an exception
/// passes, which might be on this rank alone, the destructor does not wait for the others: then the memory stays until
/// the processes end.
class NodeMemory {
 public:
  /// `bytes` on each node, at a cache line's begin, all in the memory of the node's first rank. Throws Error on all
  /// ranks when it cannot be had on one: MPI implementations keep it in /dev/shm, which may be small.
  NodeMemory(const Communicator& comm, std::int64_t bytes);
  ~NodeMemory();
  NodeMemory(NodeMemory&&) noexcept;

  std::span<std::byte> bytes() const;

  /// Whether this rank is its node's first, the one that is to write.
  bool writes() const;

  /// Lets all ranks of the node see what was written before.
  void publish(CallSite where = CallSite::here()) const;

 private:
  struct Window;
  std::unique_ptr<Window> window_;
};

}  // namespace coterie::inline dist
