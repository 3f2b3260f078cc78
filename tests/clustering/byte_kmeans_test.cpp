#include "coterie/clustering/byte_kmeans.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstring>
#include <numeric>
#include <set>

#include "bytes/byte_seeding.hpp"
#include "coterie/base/errors.hpp"
#include "coterie/base/random.hpp"
#include "vector_widths.hpp"

namespace coterie {
namespace {

const Communicator& world() { return Communicator::world(); }

class Bytes final : public ByteRows {
 public:
  Bytes(std::int64_t rows, std::int64_t columns)
      : rows_(rows), columns_(columns), values_(static_cast<std::size_t>(rows * columns)) {}
  std::int64_t rows() const override { return rows_; }
  std::int64_t columns() const override { return columns_; }
  void read(RowRange range, std::uint8_t* out) const override {
    std::memcpy(out, row(range.begin), static_cast<std::size_t>(range.size() * columns_));
  }
  const std::uint8_t* row(std::int64_t i) const { return values_.data() + i * columns_; }
  std::uint8_t& at(std::int64_t i, std::int64_t d) { return values_[static_cast<std::size_t>(i * columns_ + d)]; }

 private:
  std::int64_t rows_, columns_;
  std::vector<std::uint8_t> values_;
};

/// Rows around `centres` centres, as sparse and skewed as SIFT's; many values are 0, some 255.
Bytes made_up(std::int64_t rows, std::int64_t columns, std::int64_t centres) {
  Bytes bytes(rows, columns);
  const Random random(5, Purpose::test_data);
  for (std::int64_t i = 0; i < rows; ++i)
    for (std::int64_t d = 0; d < columns; ++d) {
      const auto centre = static_cast<std::uint64_t>((i * 7919) % centres);
      const double base = random.uniform(centre * 1000 + static_cast<std::uint64_t>(d)) * 400 - 150;
      const double noise = random.normal(1'000'000 + static_cast<std::uint64_t>(i * columns + d)) * 20;
      bytes.at(i, d) = static_cast<std::uint8_t>(std::clamp(base + noise, 0.0, 255.0));
    }
  return bytes;
}

std::int64_t plain_squared(const std::uint8_t* row, const std::int16_t* centroid, std::int64_t columns) {
  std::int64_t sum = 0;
  for (std::int64_t d = 0; d < columns; ++d) {
    const std::int64_t difference = kCentroidUnits * row[d] - centroid[d];
    sum += difference * difference;
  }
  return sum;
}

std::int32_t plain_nearest(const std::uint8_t* row, const std::vector<std::int16_t>& centroids, std::int64_t columns) {
  std::int32_t nearest = 0;
  const auto k = std::ssize(centroids) / columns;
  for (std::int32_t c = 1; c < k; ++c)
    if (plain_squared(row, centroids.data() + c * columns, columns) <
        plain_squared(row, centroids.data() + nearest * columns, columns))
      nearest = c;
  return nearest;
}

/// Lloyd's k-means in the plainest way, on one rank, from given centroids, without empty clusters.
std::vector<std::int16_t> plain_lloyd(const Bytes& bytes, std::vector<std::int16_t> centroids, int passes) {
  const std::int64_t columns = bytes.columns();
  const auto k = std::ssize(centroids) / columns;
  for (int pass = 0; pass < passes; ++pass) {
    std::vector<std::int64_t> sums(centroids.size()), counts(static_cast<std::size_t>(k));
    for (std::int64_t i = 0; i < bytes.rows(); ++i) {
      const auto label = plain_nearest(bytes.row(i), centroids, columns);
      ++counts[static_cast<std::size_t>(label)];
      for (std::int64_t d = 0; d < columns; ++d) sums[static_cast<std::size_t>(label * columns + d)] += bytes.row(i)[d];
    }
    for (std::size_t i = 0; i < sums.size(); ++i) {
      const std::int64_t count = counts[i / static_cast<std::size_t>(columns)];
      REQUIRE(count > 0);
      centroids[i] = static_cast<std::int16_t>((256 * sums[i] + count) / (2 * count));
    }
  }
  return centroids;
}

TEST_CASE("the nearest centroid is found, the lowest number among equals, for all shapes and widths of vectors") {
  for (const std::int64_t columns : {1, 7, 128, 256})
    for (const std::int64_t k : {1, 15, 16, 17, 32, 45}) {
      Bytes bytes = made_up(37, columns, 5);
      for (std::int64_t d = 0; d < columns; ++d) bytes.at(0, d) = 255, bytes.at(1, d) = 0;
      std::vector<std::int16_t> centroids;
      const Random random(9, Purpose::test_data);
      for (std::int64_t c = 0; c < k; ++c)
        for (std::int64_t d = 0; d < columns; ++d)
          centroids.push_back(static_cast<std::int16_t>(
              c == 2    ? 255 * kCentroidUnits  // twice: equals
              : c == 20 ? 255 * kCentroidUnits
                        : random.below(static_cast<std::uint64_t>(c * columns + d), 255 * kCentroidUnits + 1)));
      const NearestByteCentroid nearest(centroids, k, columns);
      std::vector<std::int32_t> labels(37);
      std::vector<std::int64_t> squared(37);
      with_each_vector_width([&] {
        nearest.find(bytes.row(0), 37, labels.data(), squared.data());
        for (std::int64_t i = 0; i < 37; ++i) {
          const auto expected = plain_nearest(bytes.row(i), centroids, columns);
          REQUIRE(labels[static_cast<std::size_t>(i)] == expected);
          REQUIRE(squared[static_cast<std::size_t>(i)] ==
                  plain_squared(bytes.row(i), centroids.data() + expected * columns, columns));
        }
      });
    }
}

TEST_CASE("Lloyd's k-means equals the plainest one bit for bit, on any number of ranks and threads") {
  const Bytes bytes = made_up(3000, 128, 12);
  std::vector<std::int64_t> all(3000);
  std::iota(all.begin(), all.end(), 0);
  for (const int threads : {1, 3}) {
    ThreadPool pool(threads);
    const ByteKMeansOptions options{.k = 12, .max_iter = 6, .tol = 0, .seed = 4};
    const auto result = byte_kmeans(bytes, options, world(), pool);
    const auto drawn = stratified_sample(3000, 64 * 12, 4);
    const auto begun = byte_plus_plus(bytes, drawn, 12, 4, Communicator::self(), pool);
    CHECK(result.centroids == plain_lloyd(bytes, begun, result.n_iter - 1));
    std::vector<std::int64_t> sizes(12);
    double inertia = 0;
    for (std::int64_t i = 0; i < 3000; ++i) {
      const auto label = plain_nearest(bytes.row(i), result.centroids, 128);
      ++sizes[static_cast<std::size_t>(label)];
      inertia += static_cast<double>(plain_squared(bytes.row(i), result.centroids.data() + label * 128, 128)) / 16384;
    }
    CHECK(result.sizes == sizes);
    CHECK(result.inertia == doctest::Approx(inertia).epsilon(1e-12));
  }
}

TEST_CASE("k-means ends by its tolerance or when no label changes, and a pass more changes nothing") {
  const Bytes bytes = made_up(2000, 128, 6);
  ThreadPool pool(2);
  const auto result = byte_kmeans(bytes, {.k = 6, .tol = 0, .seed = 1}, world(), pool);
  CHECK(result.converged);
  CHECK(plain_lloyd(bytes, result.centroids, 1) == result.centroids);
  const auto early = byte_kmeans(bytes, {.k = 6, .tol = 1e9, .seed = 1}, world(), pool);
  CHECK(early.converged);
  CHECK(early.n_iter == 2);
}

TEST_CASE("training on a sample is training on its rows alone") {
  const Bytes bytes = made_up(2000, 32, 5);
  const auto sample = stratified_sample(2000, 500, 3);
  Bytes alone(500, 32);
  for (std::int64_t i = 0; i < 500; ++i)
    for (std::int64_t d = 0; d < 32; ++d) alone.at(i, d) = bytes.row(sample[static_cast<std::size_t>(i)])[d];
  ThreadPool pool(2);
  CHECK(byte_kmeans(bytes, {.k = 5, .seed = 2, .sample = sample}, world(), pool).centroids ==
        byte_kmeans(alone, {.k = 5, .seed = 2}, world(), pool).centroids);
}

TEST_CASE("a sample has the wanted number of rows, ascending, one from each stratum") {
  const auto sample = stratified_sample(1003, 100, 8);
  REQUIRE(sample.size() == 100);
  CHECK(std::is_sorted(sample.begin(), sample.end()));
  CHECK(std::set<std::int64_t>(sample.begin(), sample.end()).size() == 100);
  CHECK(sample.front() >= 0);
  CHECK(sample.back() < 1003);
  CHECK(stratified_sample(1003, 100, 9) != sample);
  CHECK(stratified_sample(10, 100, 9).size() == 10);
}

TEST_CASE("mini-batches keep each centroid at the mean of all rows that it was given") {
  const Bytes bytes = made_up(4000, 64, 8);
  ThreadPool pool(2);
  const auto drawn = byte_kmeans(bytes, {.k = 8, .seed = 1, .batch_rows = 256}, world(), pool);
  CHECK(drawn.converged);
  const auto exact = byte_kmeans(bytes, {.k = 8, .seed = 1}, world(), pool);
  double inertia = 0;
  for (std::int64_t i = 0; i < 4000; ++i) {
    const auto label = plain_nearest(bytes.row(i), drawn.centroids, 64);
    inertia += static_cast<double>(plain_squared(bytes.row(i), drawn.centroids.data() + label * 64, 64)) / 16384;
  }
  CHECK(inertia < 1.1 * exact.inertia);

  // In order, as the published script trained: batches of 500, the first of which the centroids are drawn from.
  const auto ordered =
      byte_kmeans(bytes, {.k = 8, .seed = 1, .batch_rows = 500, .batches_in_order = true, .batches = 3}, world(), pool);
  CHECK(ordered.n_iter == 3);
  CHECK(std::accumulate(ordered.sizes.begin(), ordered.sizes.end(), std::int64_t{0}) == 1500);
  std::vector<std::int64_t> first(500);
  std::iota(first.begin(), first.end(), 0);
  auto centroids = byte_plus_plus(bytes, first, 8, 1, Communicator::self(), pool);
  std::vector<std::int64_t> sums(8 * 64), counts(8);
  for (std::int64_t batch = 0; batch < 3; ++batch) {
    const auto before = centroids;
    for (std::int64_t i = batch * 500; i < batch * 500 + 500; ++i) {
      const auto label = static_cast<std::size_t>(plain_nearest(bytes.row(i), before, 64));
      ++counts[label];
      for (std::size_t d = 0; d < 64; ++d) sums[label * 64 + d] += bytes.row(i)[d];
    }
    for (std::size_t c = 0; c < 8; ++c)
      for (std::size_t d = 0; d < 64; ++d)
        if (counts[c] > 0)
          centroids[c * 64 + d] = static_cast<std::int16_t>((256 * sums[c * 64 + d] + counts[c]) / (2 * counts[c]));
  }
  CHECK(ordered.centroids == centroids);
}

TEST_CASE("an empty cluster takes the farthest row") {
  // Two values but for one far row, and three centroids: k-means++ takes all three, so nothing is left empty; with the
  // far row repeated in no sample it is met only by Lloyd's passes.
  Bytes bytes(1000, 4);
  for (std::int64_t i = 0; i < 1000; ++i)
    for (std::int64_t d = 0; d < 4; ++d) bytes.at(i, d) = static_cast<std::uint8_t>(i % 2 == 0 ? 10 : 12);
  for (std::int64_t d = 0; d < 4; ++d) bytes.at(999, d) = 200;
  ThreadPool pool(1);
  const auto result = byte_kmeans(bytes, {.k = 3, .seed = 1}, world(), pool);
  CHECK(std::all_of(result.sizes.begin(), result.sizes.end(), [](auto size) { return size > 0; }));
}

TEST_CASE("what cannot be done is refused on every rank") {
  const Bytes bytes = made_up(50, 8, 3);
  ThreadPool pool(1);
  const auto run = [&](const ByteKMeansOptions& options) { return byte_kmeans(bytes, options, world(), pool); };
  CHECK_THROWS_AS(run({.k = 0}), InvalidArgument);
  CHECK_THROWS_AS(run({.k = 51}), InvalidArgument);
  CHECK_THROWS_AS(run({.k = 2, .tol = -1}), InvalidArgument);
  CHECK_THROWS_AS(run({.k = 2, .sample = {3, 3, 4}}), InvalidArgument);
  CHECK_THROWS_AS(run({.k = 2, .sample = {3, 50}}), InvalidArgument);
  const Bytes same(50, 8);
  CHECK_THROWS_WITH_AS(byte_kmeans(same, {.k = 2}, world(), pool), doctest::Contains("1 distinct"), InvalidArgument);
  const Bytes wide(50, 300);
  CHECK_THROWS_AS(byte_kmeans(wide, {.k = 2}, world(), pool), InvalidArgument);
}

}  // namespace
}  // namespace coterie
