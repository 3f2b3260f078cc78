#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "coterie/dist/communicator.hpp"
#include "coterie/dist/node_memory.hpp"
#include "coterie/dist/row_partition.hpp"

namespace coterie::inline clustering {

/// Memory that the ranks of a node have together and fill together, or each its own where a node has one rank or no
/// room in /dev/shm. Begins at a cache line; not zeroed.
///
///     for (i in memory.share_of(n)) fill the i-th of n parts;
///     memory.publish();    now all parts are filled, for all ranks that see this memory
class WardMemory {
 public:
  /// Collective, as the destructor and publish() are.
  WardMemory(const Communicator& comm, std::int64_t bytes);

  template <typename Value>
  std::span<Value> as() const {
    const auto bytes = node_ ? node_->bytes() : std::span(own_.get(), size_);
    return {reinterpret_cast<Value*>(bytes.data()), bytes.size() / sizeof(Value)};
  }

  RowRange share_of(std::int64_t parts) const { return RowPartition(parts, 1, ranks_).rows_of(rank_); }
  bool writes() const { return rank_ == 0; }
  void publish() const;

 private:
  struct Free {
    void operator()(std::byte* bytes) const;
  };
  std::size_t size_;
  std::optional<NodeMemory> node_;
  std::unique_ptr<std::byte[], Free> own_;
  int rank_ = 0, ranks_ = 1;  // of those that see it
};

}  // namespace coterie::inline clustering
