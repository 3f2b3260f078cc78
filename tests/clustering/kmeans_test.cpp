#include "coterie/clustering/kmeans.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <cmath>

#include "coterie/base/npy.hpp"
#include "coterie/clustering/assign.hpp"
#include "example_rows.hpp"
#include "kmeans/lloyd.hpp"

namespace coterie {
namespace {

const std::string kData = std::string(COTERIE_SOURCE_DIR) + "/tests/data/kmeans/";

std::vector<std::int32_t> all_labels(const KMeansResult& result, const Communicator& comm) {
  return comm.gather_all(std::span<const std::int32_t>(result.local_labels));
}

/// Every rank's labels, and all else that the result says, bit for bit.
void check_same(const KMeansResult& a, const Communicator& comm_a, const KMeansResult& b, const Communicator& comm_b) {
  CHECK(all_labels(a, comm_a) == all_labels(b, comm_b));
  CHECK(comm_a.gather_all(std::span<const float>(a.local_distances)) ==
        comm_b.gather_all(std::span<const float>(b.local_distances)));
  CHECK(a.centroids == b.centroids);
  CHECK(a.sizes == b.sizes);
  CHECK(a.init_inertia == b.init_inertia);
  CHECK(a.init_n_iter == b.init_n_iter);
  CHECK(a.init_agreement == b.init_agreement);
  CHECK(a.inertia == b.inertia);
  CHECK(a.best_init == b.best_init);
}

double plain_squared_distance(const float* a, const float* b, std::int64_t columns) {
  double sum = 0;
  for (std::int64_t d = 0; d < columns; ++d) sum += (double{a[d]} - double{b[d]}) * (double{a[d]} - double{b[d]});
  return sum;
}

/// Recounts labels, sizes, distances and inertia of a result in the plainest way.
void check_recount(const std::vector<float>& values, std::int64_t columns, const KMeansResult& result,
                   const Communicator& comm) {
  const auto labels = all_labels(result, comm);
  const auto distances = comm.gather_all(std::span<const float>(result.local_distances));
  std::vector<std::int64_t> sizes(result.sizes.size());
  double inertia = 0;
  int wrong = 0;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const float* row = values.data() + static_cast<std::int64_t>(i) * columns;
    double least = INFINITY;
    std::int32_t nearest = -1;
    for (std::int32_t c = 0; c < result.k; ++c) {
      const double squared = plain_squared_distance(row, result.centroids.data() + c * columns, columns);
      if (squared < least) least = squared, nearest = c;
    }
    wrong += labels[i] != nearest || std::abs(distances[i] - std::sqrt(least)) > 1e-6 * (1 + std::sqrt(least));
    inertia += least;
    ++sizes[static_cast<std::size_t>(nearest)];
  }
  CHECK(wrong == 0);
  CHECK(sizes == result.sizes);
  CHECK(result.inertia == doctest::Approx(inertia).epsilon(1e-12));
}

/// Recounts the centroids: means in double of the rows that have their labels, rounded once.
void check_means(const std::vector<float>& values, std::int64_t columns, const KMeansResult& result,
                 const Communicator& comm) {
  const auto labels = all_labels(result, comm);
  std::vector<double> sums(result.centroids.size());
  for (std::size_t i = 0; i < labels.size(); ++i)
    for (std::int64_t d = 0; d < columns; ++d)
      sums[static_cast<std::size_t>(labels[i] * columns + d)] +=
          double{values[i * static_cast<std::size_t>(columns) + static_cast<std::size_t>(d)]};
  double worst = 0;
  for (std::size_t at = 0; at < sums.size(); ++at) {
    const auto size = static_cast<double>(result.sizes[at / static_cast<std::size_t>(columns)]);
    REQUIRE(size > 0);
    worst = std::max(worst, std::abs(sums[at] / size - double{result.centroids[at]}) / std::abs(sums[at] / size));
  }
  CHECK(worst < 0x1p-24 * (1 + 1e-6));  // half a unit in the last place of float32
}

}  // namespace

TEST_CASE("from given centroids the labels, inertia and iterations are scikit-learn's") {
  std::vector<std::int64_t> shape;
  const auto values = read_npy<float>(kData + "rows.npy", &shape);
  const MemoryRows rows({values.data(), shape[0], shape[1]});
  ThreadPool pool(2);
  const auto& world = Communicator::world();
  for (const std::int64_t k : {7, 30})
    for (const std::string name : {"strict", "tol"}) {
      CAPTURE(k);
      CAPTURE(name);
      const auto start = read_npy<float>(fmt::format("{}start_{}.npy", kData, k));
      const auto outcome = read_npy<double>(fmt::format("{}outcome_{}_{}.npy", kData, k, name));
      const double tol = name == "tol" ? 0.05 : 0;
      const LocalRows local(rows, world, pool, 0);
      const auto run = run_lloyd(local, start, k, {300, tol * local.mean_variance(), KMeansBounds::automatic, 1 << 20});
      CHECK(world.gather_all(std::span<const std::int32_t>(run.labels)) ==
            read_npy<std::int32_t>(fmt::format("{}labels_{}_{}.npy", kData, k, name)));
      CHECK(run.inertia == doctest::Approx(outcome[0]).epsilon(1e-7));  // our centroids are rounded to float32
      CHECK(run.n_iter == static_cast<int>(outcome[1]));
      CHECK(run.converged);
      CHECK(run.settled == (name == "strict" || k == 30));
      // What scikit-learn's tolerance leaves open is settled: the same as without one.
      const auto result = kmeans(rows, {.k = k, .tol = tol, .initial_centroids = start}, world, pool);
      CHECK(all_labels(result, world) == read_npy<std::int32_t>(fmt::format("{}labels_{}_strict.npy", kData, k)));
      CHECK(result.converged);
      CHECK(result.n_iter >= run.n_iter);
      CHECK(result.init_inertia == std::vector<double>{result.inertia});
    }
}

TEST_CASE(
    "centroids are the exact means of their rows, however a run ended, and labels the nearest where it converged") {
  const std::int64_t columns = 6;
  const auto values = example_rows(3000, columns, 40, 0.9);
  ThreadPool pool(2);
  const auto& world = Communicator::world();
  for (const double tol : {0.0, 1e-4, 0.05, 1.0})
    for (const int most : {1, 2, 5, 300})
      for (const int starts : {1, 4}) {
        CAPTURE(tol);
        CAPTURE(most);
        const KMeansOptions options{.k = 17, .n_init = starts, .max_iter = most, .tol = tol, .seed = 4};
        const auto result = kmeans(MemoryRows(view(values, columns)), options, world, pool);
        check_means(values, columns, result, world);
        if (most == 300) check_recount(values, columns, result, world);
        CHECK(result.n_iter <= most);
        CHECK((result.converged || result.n_iter == most));
        CHECK(result.inertia == result.init_inertia[static_cast<std::size_t>(result.best_init)]);
      }
}

TEST_CASE("every way to compute gives the same bits: ranks, threads, bounds, streaming") {
  const auto& world = Communicator::world();
  const auto& self = Communicator::self();
  ThreadPool one(1), two(2);
  for (const std::int64_t k : {3, 20, 60}) {
    CAPTURE(k);
    const std::int64_t columns = 21;
    const auto values = example_rows(2300, columns, 25, 0.8);
    const MemoryRows rows(view(values, columns));
    KMeansOptions options{.k = k, .n_init = 3, .tol = 0, .seed = 5};
    const auto reference = kmeans(rows, options, self, one);
    check_recount(values, columns, reference, self);
    check_same(reference, self, kmeans(rows, options, world, two), world);
    for (const auto bounds : {KMeansBounds::none, KMeansBounds::hamerly, KMeansBounds::yinyang, KMeansBounds::elkan}) {
      CAPTURE(static_cast<int>(bounds));
      options.bounds = bounds;
      check_same(reference, self, kmeans(rows, options, world, one), world);
    }
    options.bounds = KMeansBounds::yinyang;
    options.memory_bytes = 4 * 2300 * 4;  // on one rank, two groups of two panels at most
    check_same(reference, self, kmeans(rows, options, world, one), world);
    options.bounds = KMeansBounds::automatic;
    options.memory_bytes = std::int64_t{4} << 30;
    const StreamedRows streamed(view(values, columns));
    check_same(reference, self, kmeans(streamed, options, world, two), world);  // copied
    options.memory_bytes = 0;                                                   // neither a copy nor bounds fit
    check_same(reference, self, kmeans(streamed, options, world, two), world);
    options.memory_bytes = 4 * 2300 * 9;  // bounds fit, a copy does not
    check_same(reference, self, kmeans(streamed, options, self, two), self);
  }
}

TEST_CASE("labels are right where float32 cannot tell: far from the origin, and among exact ties") {
  ThreadPool pool(2);
  const auto& world = Communicator::world();
  SUBCASE("rows a thousand spreads from the origin, one column far wider than the others") {
    auto values = example_rows(1500, 9, 6, 0.3, 3000);
    for (std::size_t i = 0; i < values.size(); i += 9) values[i] *= 1000;
    const KMeansOptions options{.k = 31, .n_init = 1, .seed = 2};
    const auto reference = kmeans(MemoryRows(view(values, 9)), options, world, pool);
    check_recount(values, 9, reference, world);
    KMeansOptions other = options;
    for (const auto bounds : {KMeansBounds::none, KMeansBounds::hamerly, KMeansBounds::yinyang, KMeansBounds::elkan}) {
      other.bounds = bounds;
      check_same(reference, world, kmeans(MemoryRows(view(values, 9)), other, world, pool), world);
    }
  }
  SUBCASE("rows of several cache-sized stretches, and more centroids than the cache holds") {
    const auto values = example_rows(300, 1100, 30, 1.0);
    KMeansOptions options{.k = 130, .n_init = 1, .max_iter = 4, .seed = 2, .bounds = KMeansBounds::none};
    const auto reference = kmeans(MemoryRows(view(values, 1100)), options, world, pool);
    check_recount(values, 1100, reference, world);
    options.bounds = KMeansBounds::elkan;
    check_same(reference, world, kmeans(MemoryRows(view(values, 1100)), options, world, pool), world);
  }
  SUBCASE("a grid, where many rows lie in the middle between two centroids") {
    std::vector<float> values;
    for (int i = 0; i < 1600; ++i)
      values.insert(values.end(), {static_cast<float>(i % 40), static_cast<float>(i / 40)});
    std::vector<float> start;
    for (int c = 0; c < 40; ++c) start.insert(start.end(), {static_cast<float>(4 * c % 40), static_cast<float>(c)});
    KMeansOptions options{.k = 40, .initial_centroids = start};
    check_recount(values, 2, kmeans(MemoryRows(view(values, 2)), options, world, pool), world);
    KMeansOptions plain = options;
    plain.bounds = KMeansBounds::none;
    const auto reference = kmeans(MemoryRows(view(values, 2)), plain, world, pool);
    for (const auto bounds : {KMeansBounds::hamerly, KMeansBounds::yinyang, KMeansBounds::elkan}) {
      options.bounds = bounds;
      check_same(reference, world, kmeans(MemoryRows(view(values, 2)), options, world, pool), world);
    }
  }
}

TEST_CASE("inertia never increases from one iteration to the next") {
  const auto values = example_rows(1300, 12, 9, 1.0);
  ThreadPool pool(1);
  double before = INFINITY;
  for (int iterations = 1; iterations <= 15; ++iterations) {
    const KMeansOptions options{.k = 28, .n_init = 1, .max_iter = iterations, .tol = 0, .seed = 1};
    const auto result = kmeans(MemoryRows(view(values, 12)), options, Communicator::world(), pool);
    CHECK(result.inertia <= before * (1 + 1e-7));  // centroids are rounded to float32
    if (iterations == 1) CHECK_FALSE(result.converged);
    before = result.inertia;
  }
}

TEST_CASE("clear clusters are found, agree between starts, and each start can be asked about") {
  const auto values = example_rows(1100, 6, 4, 0.05);
  ThreadPool pool(2);
  const KMeansOptions options{.k = 4, .n_init = 5, .seed = 3};
  const auto result = kmeans(MemoryRows(view(values, 6)), options, Communicator::world(), pool);
  CHECK(result.stability == doctest::Approx(1.0));
  REQUIRE(result.init_inertia.size() == 5);
  for (const double inertia : result.init_inertia) CHECK(result.inertia <= inertia);
  CHECK(result.inertia == result.init_inertia[static_cast<std::size_t>(result.best_init)]);
  CHECK(result.inertia == doctest::Approx(1100 * 6 * 0.05 * 0.05).epsilon(0.1));
}

TEST_CASE("a sweep gives for each k what a single run gives") {
  const auto values = example_rows(1200, 8, 5, 0.6);
  const MemoryRows rows(view(values, 8));
  ThreadPool pool(2);
  const auto& world = Communicator::world();
  KMeansOptions options{.n_init = 2, .seed = 8};
  const std::vector<std::int64_t> ks{2, 5, 26};
  const auto results = kmeans_sweep(rows, ks, options, world, pool);
  REQUIRE(results.size() == 3);
  for (std::size_t at = 0; at < ks.size(); ++at) {
    options.k = ks[at];
    CHECK(results[at].k == ks[at]);
    check_same(results[at], world, kmeans(rows, options, world, pool), world);
  }
}

TEST_CASE("assign gives rows the labels that k-means gave them, and the second nearest centroid by a plain recount") {
  const std::int64_t columns = 10;
  auto values = example_rows(1400, columns, 7, 0.7);
  ThreadPool pool(2);
  const auto& world = Communicator::world();
  const auto result = kmeans(StreamedRows(view(values, columns)), {.k = 27, .n_init = 1}, world, pool);
  auto centroids = result.centroids;
  centroids.insert(centroids.end(), centroids.begin() + 5 * columns,
                   centroids.begin() + 6 * columns);  // number 27 is 5
  for (const auto& few : {centroids, std::vector<float>(centroids.begin(), centroids.begin() + columns)}) {
    const auto assignment = assign(StreamedRows(view(values, columns)), view(few, columns), world, pool);
    CHECK(assignment.local_rows == result.local_rows);
    const auto count = static_cast<std::int32_t>(view(few, columns).rows);
    if (count > 1) CHECK(assignment.local_labels == result.local_labels);
    if (count > 1) CHECK(assignment.local_distances == result.local_distances);
    int wrong = 0;
    for (std::size_t i = 0; i < assignment.local_labels.size(); ++i) {
      const float* row = values.data() + (result.local_rows.begin + static_cast<std::int64_t>(i)) * columns;
      double least = INFINITY;
      std::int32_t second = -1;
      for (std::int32_t c = 0; c < count; ++c) {
        if (c == assignment.local_labels[i]) continue;
        const double squared = plain_squared_distance(row, few.data() + c * columns, columns);
        if (squared < least) least = squared, second = c;
      }
      wrong += assignment.local_seconds[i] != second;
      if (count > 1)
        wrong += std::abs(assignment.local_second_distances[i] - std::sqrt(least)) > 1e-6 * std::sqrt(least);
      if (count == 1) wrong += assignment.local_second_distances[i] != INFINITY;
    }
    CHECK(wrong == 0);
  }
}

}  // namespace coterie
