#include "rows/rank_rows.hpp"

#include "coterie/base/errors.hpp"

namespace coterie::inline clustering {

RankRows::RankRows(const RowSource& source, std::int64_t block_rows, const char* algorithm, const Communicator& comm,
                   ThreadPool& pool)
    : source_(source),
      comm_(comm),
      pool_(pool),
      partition_(source.rows(), block_rows, comm.size()),
      block_rows_(block_rows),
      columns_(source.columns()) {
  require(source.rows() >= 1 && columns_ >= 1, "{}: {} rows of {} columns; there must be at least one of each",
          algorithm, source.rows(), columns_);
}

RowRange RankRows::block(std::int64_t number) const {
  const RowRange global = partition_.block(partition_.blocks_of(comm_.rank()).begin + number);
  return {global.begin - range().begin, global.end - range().begin};
}

void RankRows::make_resident(bool copy, const std::function<void()>& otherwise) {
  comm_.together([&] {
    if (count() == 0) return;
    resident_ = source_.resident(range());
    if (resident_) return;
    if (!copy) return otherwise();
    copy_.resize(static_cast<std::size_t>(count() * columns_));
    pool_.for_each(blocks(), [&](std::int64_t b, int) {
      const RowRange here = block(b);
      source_.read({range().begin + here.begin, range().begin + here.end}, copy_.data() + here.begin * columns_);
    });
    resident_ = copy_.data();
  });
  streams_ = comm_.any(count() > 0 && !resident_);
  everywhere_ = !comm_.any(source_.resident({0, total()}) == nullptr);
}

}  // namespace coterie::inline clustering
