// Rows that do not lie in memory: what is kept of them, how seldom they are read, and what happens when one cannot be.

#include <doctest/doctest.h>

#include <cmath>
#include <numeric>

#include "coterie/base/errors.hpp"
#include "coterie/clustering/kmeans.hpp"
#include "example_rows.hpp"
#include "rows/half_rows.hpp"

namespace coterie {
namespace {

/// N rows of 4 values that are made up when they are asked for: no copy exists anywhere.
class MadeUpRows final : public RowSource {
 public:
  explicit MadeUpRows(std::int64_t count) : count_(count) {}
  std::int64_t rows() const override { return count_; }
  std::int64_t columns() const override { return 4; }
  void read(RowRange range, float* out) const override {
    for (std::int64_t i = range.begin; i < range.end; ++i)
      for (std::int64_t d = 0; d < 4; ++d) *out++ = value(i, d);
  }
  static float value(std::int64_t i, std::int64_t d) {
    const auto mixed = static_cast<std::uint64_t>(i * 4 + d) * 0x9E3779B97F4A7C15U;
    return static_cast<float>(10 * (i % 3 == d)) + static_cast<float>(mixed >> 44) * 0x1p-20F;
  }

 private:
  std::int64_t count_;
};

/// Fails at one row, once it has been read so often.
class FailingRows final : public RowSource {
 public:
  FailingRows(MatrixView<const float> matrix, std::int64_t row, int after) : rows_(matrix), row_(row), left_(after) {}
  std::int64_t rows() const override { return rows_.rows(); }
  std::int64_t columns() const override { return rows_.columns(); }
  void read(RowRange range, float* out) const override {
    if (range.begin <= row_ && row_ < range.end && left_-- <= 0) throw FileError("rows.h5", "cannot be read");
    rows_.read(range, out);
  }

 private:
  MemoryRows rows_;
  std::int64_t row_;
  mutable std::atomic<int> left_;
};

}  // namespace

TEST_CASE("a row in half precision lies as near as it says, and that is near") {
  for (const double scale : {1e-30, 1e-3, 1.0, 1e12})
    for (const std::int64_t columns : {1, 8, 13, 200}) {
      auto values = example_rows(5, columns, 3, 1.0, 4.0);
      for (auto& value : values) value *= static_cast<float>(scale);
      std::vector<float> middle(static_cast<std::size_t>(columns), static_cast<float>(4 * scale)), kept(middle.size());
      HalfRows half(5, columns);
      for (std::int64_t row = 0; row < 5; ++row) {
        const float* const value = values.data() + row * columns;
        half.encode(row, value, middle.data());
        half.decode(row, middle.data(), kept.data());
        double off = 0, spread = 0, largest = 0;
        for (std::int64_t d = 0; d < columns; ++d) {
          const double x = value[d], m = middle[static_cast<std::size_t>(d)], y = kept[static_cast<std::size_t>(d)];
          off += (x - y) * (x - y);
          spread += (y - m) * (y - m);
          largest = std::max(largest, std::abs(x - m));
          // Half a step of a half, and a rounding of the float that it becomes.
          CHECK(std::abs(x - y) <= std::abs(x - m) * 0x1p-11 + largest * 0x1p-24 + std::abs(x) * 0x1p-23 + 1e-33);
        }
        CHECK(half.error(row) >= std::sqrt(off));
        CHECK(half.error(row) <= std::sqrt(off) * 1.001 + 1e-37);
        CHECK(half.spread(row) == doctest::Approx(spread).epsilon(1e-6));
      }
    }
}

TEST_CASE("whatever is kept of streamed rows, the bits are the same, and half precision spares most of the reading") {
  const std::int64_t columns = 19, count = 2500;
  const auto values = example_rows(count, columns, 20, 0.6, 3.0);
  const auto& world = Communicator::world();
  ThreadPool pool(2);
  for (const auto bounds : {KMeansBounds::hamerly, KMeansBounds::yinyang, KMeansBounds::elkan})
    for (const std::int64_t k : {6, 70}) {
      CAPTURE(static_cast<int>(bounds));
      CAPTURE(k);
      KMeansOptions options{.k = k, .n_init = 1, .max_iter = 25, .tol = 0, .seed = 7, .bounds = bounds};
      const auto start =
          kmeans(MemoryRows(view(values, columns)), {.k = k, .n_init = 1, .max_iter = 1}, world, pool).centroids;
      options.initial_centroids = start;
      const auto reference = kmeans(MemoryRows(view(values, columns)), options, world, pool);
      std::vector<std::int64_t> read;
      for (const auto cache : {RowCache::none, RowCache::float16, RowCache::float32}) {
        options.cache = cache;
        const CountedRows rows(view(values, columns));
        const auto result = kmeans(rows, options, world, pool);
        CHECK(result.local_labels == reference.local_labels);
        CHECK(result.local_distances == reference.local_distances);
        CHECK(result.centroids == reference.centroids);
        CHECK(result.inertia == reference.inertia);
        CHECK(result.n_iter == reference.n_iter);
        read.push_back(world.sum(rows.read_so_far()));
      }
      CHECK(read[2] == count);       // the copy
      CHECK(read[1] < read[0] / 2);  // two dense passes, three to know the rows, one to measure
      CHECK(read[0] > 10 * count);
    }
}

TEST_CASE("half precision is no proof far from the origin, among duplicates or on a grid: the bits stay") {
  const auto& world = Communicator::world();
  ThreadPool pool(2);
  std::vector<float> values;
  for (int i = 0; i < 1500; ++i)
    values.insert(values.end(),
                  {1e6F + static_cast<float>(i % 30), static_cast<float>(i % 50), 1e-5F * static_cast<float>(i % 7)});
  for (const auto bounds : {KMeansBounds::yinyang, KMeansBounds::elkan}) {
    KMeansOptions options{.k = 33, .n_init = 2, .max_iter = 20, .tol = 0, .seed = 1, .bounds = bounds};
    const auto reference = kmeans(MemoryRows(view(values, 3)), options, world, pool);
    options.cache = RowCache::float16;
    const auto result = kmeans(StreamedRows(view(values, 3)), options, world, pool);
    CHECK(result.local_labels == reference.local_labels);
    CHECK(result.centroids == reference.centroids);
    CHECK(result.init_inertia == reference.init_inertia);
  }
}

TEST_CASE("a row that cannot be read again ends every rank with the same error, whichever pass meets it") {
  const auto values = example_rows(1100, 5, 4, 0.8);
  const auto& world = Communicator::world();
  ThreadPool pool(2);
  for (const auto cache : {RowCache::none, RowCache::float16})
    for (const int after : {0, 2, 4, 9, 11}) {
      CAPTURE(after);
      const FailingRows rows(view(values, 5), 700, after);
      const KMeansOptions options{.k = 9, .n_init = 20, .tol = 0, .cache = cache};
      CHECK_THROWS_WITH_AS(kmeans(rows, options, world, pool), doctest::Contains("rows.h5: cannot be read"), Error);
    }
}

TEST_CASE("three million streamed rows are clustered with nothing kept of them, and counted to the last") {
  const std::int64_t count = 3'000'000;
  const MadeUpRows rows(count);
  const auto& world = Communicator::world();
  ThreadPool pool(2);
  const std::vector<float> start{10, 0, 0, 0, 0, 10, 0, 0, 0, 0, 10, 0};
  const KMeansOptions options{.k = 3, .max_iter = 2, .initial_centroids = start, .cache = RowCache::none};
  const auto result = kmeans(rows, options, world, pool);
  CHECK(result.sizes == std::vector<std::int64_t>(3, 1'000'000));
  std::int64_t wrong = 0;
  for (std::size_t i = 0; i < result.local_labels.size(); ++i)
    wrong += result.local_labels[i] != (result.local_rows.begin + static_cast<std::int64_t>(i)) % 3;
  CHECK(wrong == 0);
  double mean = 0;
  for (std::int64_t i = 0; i < count; i += 3) mean += double{MadeUpRows::value(i, 1)};
  CHECK(result.centroids[1] == doctest::Approx(mean / 1e6).epsilon(1e-7));  // one rounding to float32
}

}  // namespace coterie
