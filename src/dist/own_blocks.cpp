#include "coterie/dist/own_blocks.hpp"

namespace coterie::inline dist {

const float* rows_at(const RowSource& source, RowRange range, std::vector<float>& buffer) {
  if (const float* there = source.resident(range)) return there;
  buffer.resize(static_cast<std::size_t>(range.size() * source.columns()));
  source.read(range, buffer.data());
  return buffer.data();
}

void visit_own_blocks(const RowSource& source, std::int64_t block_rows, const Communicator& comm, ThreadPool& pool,
                      const VisitRows& visit) {
  const RowPartition partition(source.rows(), block_rows, comm.size());
  const RowRange blocks = partition.blocks_of(comm.rank());
  std::vector<std::vector<float>> buffers(static_cast<std::size_t>(pool.threads()));
  comm.together([&] {
    pool.for_each(blocks.size(), [&](std::int64_t b, int worker) {
      const RowRange range = partition.block(blocks.begin + b);
      visit(rows_at(source, range, buffers[static_cast<std::size_t>(worker)]), worker, range);
    });
  });
}

}  // namespace coterie::inline dist
