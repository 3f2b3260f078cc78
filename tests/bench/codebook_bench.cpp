// Times the codebook's k-means over bytes and its assignment, and prints one line of JSON; codebook_bench.py runs it.
//
//     mpirun -n RANKS codebook_bench ROWS.u8 COLUMNS WORDS ITERATIONS THREADS RUNS

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>

#include "coterie/clustering/byte_kmeans.hpp"

namespace {

using namespace coterie;

class Bytes final : public ByteRows {
 public:
  Bytes(std::vector<std::uint8_t> values, std::int64_t columns) : values_(std::move(values)), columns_(columns) {}
  std::int64_t rows() const override { return std::ssize(values_) / columns_; }
  std::int64_t columns() const override { return columns_; }
  void read(RowRange range, std::uint8_t* out) const override {
    std::memcpy(out, row(range.begin), static_cast<std::size_t>(range.size() * columns_));
  }
  const std::uint8_t* row(std::int64_t i) const { return values_.data() + i * columns_; }

 private:
  std::vector<std::uint8_t> values_;
  std::int64_t columns_;
};

template <typename Action>
double best_seconds(const Communicator& comm, int runs, Action action) {
  double best = 1e300;
  for (int run = 0; run < runs; ++run) {
    comm.barrier();
    const auto begin = std::chrono::steady_clock::now();
    action();
    best = std::min(best, comm.max(std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count()));
  }
  return best;
}

void bench(char** argv, const Communicator& comm) {
  std::ifstream file(argv[1], std::ios::binary);
  const Bytes rows(std::vector<std::uint8_t>(std::istreambuf_iterator<char>(file), {}), std::atoll(argv[2]));
  const std::int64_t words = std::atoll(argv[3]);
  ThreadPool pool(std::atoi(argv[5]));
  const int runs = std::atoi(argv[6]);
  const ByteKMeansOptions options{.k = words, .max_iter = std::atoi(argv[4]), .tol = 0, .seed = 1};
  ByteKMeansResult result;
  const double train = best_seconds(comm, runs, [&] { result = byte_kmeans(rows, options, comm, pool); });
  const NearestByteCentroid nearest(result.centroids, words, rows.columns());
  const RowRange mine = RowPartition(rows.rows(), 4096, comm.size()).rows_of(comm.rank());
  std::vector<std::int32_t> labels(static_cast<std::size_t>(mine.size()));
  const double assign = best_seconds(comm, runs, [&] {
    pool.for_each((mine.size() + 4095) / 4096, [&](std::int64_t task, int) {
      const std::int64_t begin = task * 4096, size = std::min<std::int64_t>(4096, mine.size() - begin);
      nearest.find(rows.row(mine.begin + begin), size, labels.data() + begin);
    });
  });
  if (comm.is_root())
    fmt::print("{{\"train\": {}, \"assign\": {}, \"iterations\": {}, \"inertia\": {}}}\n", train, assign, result.n_iter,
               result.inertia);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 7) return 2;
  bench(argv, Communicator::world());
  Communicator::finalize();
}
