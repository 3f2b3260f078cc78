// The ways to begin and to go on: seeding of many starts at once, k-means||, warm starts, mini-batches.

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>

#include "coterie/base/errors.hpp"
#include "coterie/clustering/assign.hpp"
#include "coterie/clustering/minibatch_kmeans.hpp"
#include "example_rows.hpp"
#include "kmeans/parallel_seeding.hpp"
#include "kmeans/seeding.hpp"

namespace coterie {
namespace {

std::vector<Random> starts(int count) {
  std::vector<Random> all;
  for (int s = 0; s < count; ++s) all.emplace_back(9, Purpose::kmeans_seeding, static_cast<std::uint32_t>(s));
  return all;
}

std::set<std::vector<float>> distinct(const std::vector<float>& values, std::int64_t columns) {
  std::set<std::vector<float>> rows;
  for (auto at = values.begin(); at != values.end(); at += columns) rows.emplace(at, at + columns);
  return rows;
}

/// The sum of squared distances of all rows to the nearest of some points, in the plainest way.
double plain_inertia(const std::vector<float>& values, const std::vector<float>& points, std::int64_t columns) {
  double total = 0;
  for (auto row = values.begin(); row != values.end(); row += columns) {
    double least = INFINITY;
    for (auto point = points.begin(); point != points.end(); point += columns) {
      double sum = 0;
      for (std::int64_t d = 0; d < columns; ++d)
        sum += (double{row[d]} - double{point[d]}) * (double{row[d]} - double{point[d]});
      least = std::min(least, sum);
    }
    total += least;
  }
  return total;
}

/// Everything that a result says, with all ranks' labels and distances.
void check_same(const KMeansResult& a, const Communicator& comm_a, const KMeansResult& b, const Communicator& comm_b) {
  CHECK(comm_a.gather_all(std::span<const std::int32_t>(a.local_labels)) ==
        comm_b.gather_all(std::span<const std::int32_t>(b.local_labels)));
  CHECK(comm_a.gather_all(std::span<const float>(a.local_distances)) ==
        comm_b.gather_all(std::span<const float>(b.local_distances)));
  CHECK(a.centroids == b.centroids);
  CHECK(a.sizes == b.sizes);
  CHECK(a.inertia == b.inertia);
  CHECK(a.init_inertia == b.init_inertia);
  CHECK(a.init_n_iter == b.init_n_iter);
  CHECK(a.init_agreement == b.init_agreement);
}

}  // namespace

TEST_CASE("starts that share their passes choose what each chooses alone, from memory or streamed, on any ranks") {
  const std::int64_t columns = 11;
  for (const std::int64_t k : {1, 2, 9, 60}) {
    CAPTURE(k);
    const auto values = example_rows(1500, columns, 12, 0.4, 5.0);
    ThreadPool one(1), two(2);
    const MemoryRows source(view(values, columns));
    const StreamedRows streamed(view(values, columns));
    const LocalRows world(streamed, Communicator::world(), two, 0), self(source, Communicator::self(), one, 0);
    const auto random = starts(7);
    const auto together = plus_plus(world, {.k = k, .starts = random});
    const auto few = plus_plus(self, {.k = k, .starts = random, .memory_bytes = 1500 * 8 * 30});
    REQUIRE(together.size() == 7);
    CHECK(together == few);
    for (std::size_t s = 0; s < 7; ++s)
      CHECK(plus_plus(self, {.k = k, .starts = std::span(random).subspan(s, 1)}).front() == together[s]);
    for (const auto& chosen : together) CHECK(distinct(chosen, columns).size() == static_cast<std::size_t>(k));
  }
}

TEST_CASE("a row that stands for many is as good as so many rows, and chosen points are kept") {
  const std::int64_t columns = 4;
  const auto values = example_rows(600, columns, 6, 0.3);
  std::vector<float> repeated;
  for (int copies = 0; copies < 3; ++copies) repeated.insert(repeated.end(), values.begin(), values.end());
  ThreadPool pool(2);
  const MemoryRows some(view(values, columns));
  const LocalRows rows(some, Communicator::world(), pool, 0);
  const std::vector<std::int64_t> weights(static_cast<std::size_t>(rows.count()), 3);
  const auto random = starts(2);
  const auto chosen = plus_plus(rows, {.k = 12, .starts = random, .weights = weights});
  CHECK(distinct(chosen.front(), columns).size() == 12);
  const MatrixView<const float> kept{chosen.front().data(), 5, columns};
  for (const auto& grown : plus_plus(rows, {.k = 9, .starts = random, .chosen = kept})) {
    CHECK(std::equal(kept.data, kept.data + kept.size(), grown.begin()));
    CHECK(distinct(grown, columns).size() == 9);
  }
  // Many rows in one place, as a weight or as copies, draw the next row equally rarely: the medians of the inertia
  // agree.
  const MemoryRows all(view(repeated, columns));
  const LocalRows copies(all, Communicator::world(), pool, 0);
  const auto many = starts(21);
  std::vector<double> of_weights, of_copies;
  for (const auto& one : plus_plus(rows, {.k = 6, .starts = many, .weights = weights}))
    of_weights.push_back(plain_inertia(values, one, columns));
  for (const auto& one : plus_plus(copies, {.k = 6, .starts = many}))
    of_copies.push_back(plain_inertia(values, one, columns));
  std::nth_element(of_weights.begin(), of_weights.begin() + 10, of_weights.end());
  std::nth_element(of_copies.begin(), of_copies.begin() + 10, of_copies.end());
  CHECK(of_weights[10] == doctest::Approx(of_copies[10]).epsilon(0.15));  // 21 draws of clear clusters
}

TEST_CASE("k-means|| chooses distinct rows, the same on any ranks, and far better than rows at random") {
  const std::int64_t columns = 6;
  const auto values = example_rows(3000, columns, 40, 0.05);
  ThreadPool one(1), two(2);
  const MemoryRows source(view(values, columns));
  const StreamedRows streamed(view(values, columns));
  const LocalRows world(streamed, Communicator::world(), two, 0), self(source, Communicator::self(), one, 0);
  for (const std::int64_t k : {1, 3, 40}) {
    const auto chosen = parallel_seeding(world, k, 5, 1);
    CHECK(chosen == parallel_seeding(self, k, 5, 1));
    CHECK(distinct(chosen, columns).size() == static_cast<std::size_t>(k));
    const auto of_data = distinct(values, columns);
    for (const auto& row : distinct(chosen, columns)) CHECK(of_data.contains(row));
    if (k == 40) {
      // Rows of all clusters: each row lies within its noise of one; 40 random rows miss a third of the clusters.
      const std::vector<float> first(values.begin(), values.begin() + 40 * columns);
      CHECK(plain_inertia(values, chosen, columns) < 3 * 3000 * columns * 0.05 * 0.05);
      CHECK(plain_inertia(values, first, columns) > 10 * 3000 * columns * 0.05 * 0.05);
    }
  }
  const auto a =
      kmeans(source, {.k = 40, .n_init = 2, .seed = 3, .seeding = Seeding::parallel}, Communicator::world(), two);
  const auto b =
      kmeans(source, {.k = 40, .n_init = 2, .seed = 3, .seeding = Seeding::parallel}, Communicator::self(), one);
  check_same(a, Communicator::world(), b, Communicator::self());
  CHECK(parallel_seeding(self, 40, 3, 0) != parallel_seeding(self, 40, 3, 1));
}

TEST_CASE("k-means|| finds as many clusters as distinct rows, and refuses more with both numbers") {
  ThreadPool pool(2);
  const auto& world = Communicator::world();
  std::vector<float> values;
  for (int i = 0; i < 900; ++i) values.insert(values.end(), {static_cast<float>(i % 30), 1});
  const MemoryRows rows(view(values, 2));
  const auto result = kmeans(rows, {.k = 30, .n_init = 3, .seeding = Seeding::parallel}, world, pool);
  CHECK(result.init_inertia == std::vector<double>{0, 0, 0});
  CHECK(result.sizes == std::vector<std::int64_t>(30, 30));
  CHECK_THROWS_WITH_AS(kmeans(rows, {.k = 31, .seeding = Seeding::parallel}, world, pool),
                       "k-means: k = 31 but there are only 30 distinct rows; ask for at most 30 clusters",
                       InvalidArgument);
  const std::vector<float> equal(2 * 700, 3.5F);
  CHECK(kmeans(MemoryRows(view(equal, 2)), {.k = 1, .seeding = Seeding::parallel}, world, pool).inertia == 0);
  CHECK_THROWS_WITH_AS(kmeans(MemoryRows(view(equal, 2)), {.k = 2, .seeding = Seeding::parallel}, world, pool),
                       "k-means: k = 2 but there are only 1 distinct rows; ask for at most 1 clusters",
                       InvalidArgument);
}

TEST_CASE("with warm starts inertia never rises with k, and each k begins with the centroids of the one before") {
  const std::int64_t columns = 9;
  const auto values = example_rows(1300, columns, 15, 0.7);
  const MemoryRows rows(view(values, columns));
  ThreadPool one(1), two(2);
  const std::vector<std::int64_t> ks{2, 3, 4, 5, 6, 7, 8, 10, 13, 20, 30, 31, 60};
  KMeansOptions options{.n_init = 2, .tol = 0, .seed = 4, .warm_start = true};
  const auto results = kmeans_sweep(rows, ks, options, Communicator::world(), two);
  const auto alone = kmeans_sweep(rows, ks, options, Communicator::self(), one);
  for (std::size_t at = 0; at < ks.size(); ++at) {
    CHECK(results[at].k == ks[at]);
    CHECK(results[at].init_inertia.size() == (at == 0 ? 2U : 1U));
    check_same(results[at], Communicator::world(), alone[at], Communicator::self());
    if (at > 0) CHECK(results[at].inertia <= results[at - 1].inertia * (1 + 1e-7));  // centroids are rounded to float32
  }
  options.max_iter = 1;
  const auto once = kmeans_sweep(rows, std::vector<std::int64_t>{20, 23}, options, Communicator::world(), two);
  const LocalRows local(rows, Communicator::world(), two, 0);
  const Random growth(4, Purpose::kmeans_growth, 23);
  const auto start =
      plus_plus(local, {.k = 23, .starts = std::span(&growth, 1), .chosen = view(once[0].centroids, columns)}).front();
  check_same(once[1], Communicator::world(),
             kmeans(rows, {.k = 23, .max_iter = 1, .tol = 0, .initial_centroids = start}, Communicator::world(), two),
             Communicator::world());
  const std::vector<std::int64_t> falling{5, 4};
  CHECK_THROWS_AS(kmeans_sweep(rows, falling, options, Communicator::world(), two), InvalidArgument);
  std::vector<float> few;
  for (int i = 0; i < 50; ++i) few.insert(few.end(), {static_cast<float>(i % 5), 0});
  CHECK_THROWS_WITH_AS(
      kmeans_sweep(MemoryRows(view(few, 2)), std::vector<std::int64_t>{2, 7}, options, Communicator::world(), two),
      doctest::Contains("distinct rows"), InvalidArgument);
}

TEST_CASE("mini-batches give the same bits on any ranks and threads, from memory or streamed") {
  const std::int64_t columns = 7;
  const auto values = example_rows(2600, columns, 12, 0.5);
  ThreadPool one(1), two(2);
  for (const std::int64_t k : {1, 5, 30})
    for (const auto seeding : {Seeding::plus_plus, Seeding::parallel}) {
      CAPTURE(k);
      // Of 30 clusters a step is shared out to the ranks, of 1 and 5 it is too little work.
      MiniBatchOptions options{.k = k, .batch_rows = 400, .n_init = 2, .max_iter = 3, .seed = 6, .seeding = seeding};
      const auto a = minibatch_kmeans(MemoryRows(view(values, columns)), options, Communicator::self(), one);
      const auto b = minibatch_kmeans(StreamedRows(view(values, columns)), options, Communicator::world(), two);
      check_same(a, Communicator::self(), b, Communicator::world());
      options.memory_bytes = 0;
      const auto c = minibatch_kmeans(StreamedRows(view(values, columns)), options, Communicator::world(), two);
      check_same(a, Communicator::self(), c, Communicator::world());
      CHECK(a.inertia == doctest::Approx(plain_inertia(values, a.centroids, columns)).epsilon(1e-9));
      const auto assignment =
          assign(MemoryRows(view(values, columns)), view(a.centroids, columns), Communicator::self(), one);
      CHECK(a.local_labels == assignment.local_labels);
      CHECK(std::accumulate(a.sizes.begin(), a.sizes.end(), std::int64_t{0}) == 2600);
    }
}

TEST_CASE("mini-batches take what each rank holds of their rows, and read none again") {
  const std::int64_t columns = 3;
  const auto values = example_rows(5000, columns, 4, 0.1);
  const CountedRows rows(view(values, columns));
  ThreadPool pool(2);
  const MiniBatchOptions options{.k = 4, .batch_rows = 500, .n_init = 2, .seed = 3};
  const auto found = minibatch_kmeans(rows, options, Communicator::world(), pool);
  CHECK(rows.read_so_far() == found.local_rows.size());
  CHECK(found.n_iter > 1);
}

TEST_CASE("mini-batches end near Lloyd's inertia, and one step is Sculley's update of the drawn rows") {
  const std::int64_t columns = 5;
  const auto values = example_rows(4000, columns, 8, 0.1);
  ThreadPool pool(2);
  const auto& world = Communicator::world();
  const MemoryRows rows(view(values, columns));
  const auto whole = kmeans(rows, {.k = 8, .seed = 1}, world, pool);
  const auto batches = minibatch_kmeans(rows, {.k = 8, .batch_rows = 256, .seed = 1}, world, pool);
  CHECK(batches.inertia < 1.1 * whole.inertia);
  CHECK(batches.converged);
  // One cluster, one step: the mean of the rows that the step draws.
  const MiniBatchOptions single{.k = 1, .batch_rows = 4000, .n_init = 1, .max_iter = 1, .seed = 12};
  const auto step = minibatch_kmeans(rows, single, world, pool);
  CHECK(step.n_iter == 1);
  CHECK_FALSE(step.converged);
  const Random random(12, Purpose::mini_batch, 0);
  for (std::int64_t d = 0; d < columns; ++d) {
    double sum = 0;
    for (std::uint64_t place = 0; place < 4000; ++place)
      sum += double{values[static_cast<std::size_t>(random.below(place, 4000) * columns + d)]};
    CHECK(step.centroids[static_cast<std::size_t>(d)] == static_cast<float>(sum / 4000));
  }
}

TEST_CASE("mini-batches leave no cluster empty where there are enough distinct rows, on any ranks and threads") {
  const std::int64_t columns = 4;
  ThreadPool one(1), two(2);
  auto values = example_rows(3000, columns, 20, 0.4);
  std::copy_n(values.begin(), 1200 * columns, values.begin() + 1500 * columns);  // 1,800 are distinct
  const auto run = [&](std::int64_t k, const RowSource& rows, const Communicator& comm, ThreadPool& pool) {
    return minibatch_kmeans(rows, {.k = k, .batch_rows = 128, .n_init = 2, .max_iter = 1, .seed = 2}, comm, pool);
  };
  for (const std::int64_t k : {400, 1500, 1800}) {
    CAPTURE(k);
    const auto a = run(k, MemoryRows(view(values, columns)), Communicator::self(), one);
    CHECK(std::count(a.sizes.begin(), a.sizes.end(), 0) == 0);
    CHECK(a.inertia == doctest::Approx(plain_inertia(values, a.centroids, columns)).epsilon(1e-9));
    check_same(a, Communicator::self(), run(k, StreamedRows(view(values, columns)), Communicator::world(), two),
               Communicator::world());
    const auto assignment =
        assign(MemoryRows(view(values, columns)), view(a.centroids, columns), Communicator::self(), one);
    CHECK(a.local_labels == assignment.local_labels);
  }
  CHECK_THROWS_WITH_AS(run(1801, MemoryRows(view(values, columns)), Communicator::world(), two),
                       "k-means: k = 1801 but there are only 1800 distinct rows; ask for at most 1800 clusters",
                       InvalidArgument);
}

TEST_CASE("mini-batches bear a single row, equal rows, as many clusters as rows; and refuse senseless wishes") {
  ThreadPool pool(2);
  const auto& world = Communicator::world();
  const std::vector<float> one{1, 2}, equal(2 * 5000, 0.5F);
  CHECK(minibatch_kmeans(MemoryRows(view(one, 2)), {.k = 1}, world, pool).inertia == 0);
  CHECK(minibatch_kmeans(MemoryRows(view(equal, 2)), {.k = 1}, world, pool).centroids ==
        std::vector<float>{0.5F, 0.5F});
  CHECK_THROWS_WITH_AS(minibatch_kmeans(MemoryRows(view(equal, 2)), {.k = 2}, world, pool),
                       "k-means: k = 2 but there are only 1 distinct rows; ask for at most 1 clusters",
                       InvalidArgument);
  std::vector<float> line;
  for (int i = 0; i < 40; ++i) line.insert(line.end(), {static_cast<float>(i), 0});
  const auto all = minibatch_kmeans(MemoryRows(view(line, 2)), {.k = 40, .reassignment_ratio = 0}, world, pool);
  CHECK(all.inertia == 0);
  auto bad = line;
  bad[7] = NAN;
  CHECK_THROWS_WITH_AS(minibatch_kmeans(MemoryRows(view(bad, 2)), {.k = 2}, world, pool), doctest::Contains("row 3 "),
                       InvalidArgument);
  const MemoryRows rows(view(line, 2));
  CHECK_THROWS_AS(minibatch_kmeans(rows, {.k = 41}, world, pool), InvalidArgument);
  CHECK_THROWS_AS(minibatch_kmeans(rows, {.k = 2, .batch_rows = 0}, world, pool), InvalidArgument);
  CHECK_THROWS_AS(minibatch_kmeans(rows, {.k = 2, .n_init = 0}, world, pool), InvalidArgument);
  CHECK_THROWS_AS(minibatch_kmeans(rows, {.k = 2, .max_no_improvement = -1}, world, pool), InvalidArgument);
  CHECK_THROWS_AS(minibatch_kmeans(rows, {.k = 2, .reassignment_ratio = -1}, world, pool), InvalidArgument);
}

}  // namespace coterie
