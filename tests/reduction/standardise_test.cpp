#include "coterie/reduction/standardise.hpp"

#include <doctest/doctest.h>

#include "coterie/base/errors.hpp"
#include "test_rows.hpp"

namespace coterie {

TEST_CASE("column statistics are those of scikit-learn's StandardScaler") {
  ThreadPool pool(2);
  const TestRows rows("rows");
  const auto statistics = column_statistics(rows, Normalise::none, Communicator::world(), pool);
  // 150 values of about 10 and their squares, each side rounding a few times.
  CHECK(distance(statistics.mean, reference("scaler_mean")) < 1e-12);
  CHECK(distance(statistics.scale, reference("scaler_scale")) < 1e-12);
  CHECK(statistics.constant_columns == std::vector<std::int64_t>{7});
}

TEST_CASE("column statistics have the same bits on any number of ranks and threads") {
  const TestRows rows(5000, 19);
  ThreadPool one(1), two(2);
  for (const Normalise normalise : {Normalise::none, Normalise::l2}) {
    const auto alone = column_statistics(rows, normalise, Communicator::self(), one);
    const auto together = column_statistics(rows, normalise, Communicator::world(), two);
    CHECK(alone.mean == together.mean);
    CHECK(alone.scale == together.scale);
  }
}

TEST_CASE("a small column beside a large one keeps its statistics") {
  TestRows rows(2000, 2);
  for (std::int64_t i = 0; i < 2000; ++i)
    rows.at(i, 0) = i % 2 == 0 ? 1e30F : -1e30F, rows.at(i, 1) = i % 2 == 0 ? 3e-20F : 1e-20F;
  ThreadPool pool(1);
  const auto statistics = column_statistics(rows, Normalise::none, Communicator::world(), pool);
  CHECK(statistics.mean[1] == doctest::Approx(2e-20).epsilon(1e-7));
  CHECK(statistics.scale[1] == doctest::Approx(1e-20).epsilon(1e-7));
  CHECK(statistics.scale[0] == doctest::Approx(1e30).epsilon(1e-7));
}

TEST_CASE("the first row that is not finite is named, the same on every rank") {
  TestRows rows(4000, 3);
  rows.at(3100, 1) = std::numeric_limits<float>::infinity();
  rows.at(2047, 2) = std::numeric_limits<float>::quiet_NaN();
  ThreadPool pool(2);
  CHECK_THROWS_WITH_AS(column_statistics(rows, Normalise::l2, Communicator::world(), pool),
                       "row 2047 holds NaN or infinity in column 2: leave the row out or mend its feature",
                       InvalidArgument);
  const TestRows nothing(0, 3);
  CHECK_THROWS_AS(column_statistics(nothing, Normalise::none, Communicator::world(), pool), InvalidArgument);
}

TEST_CASE("standardised rows have mean 0 and deviation 1, constant columns become 0") {
  ThreadPool pool(1);
  const TestRows rows("rows");
  const auto& world = Communicator::world();
  const NormalisedRows standard(rows, column_statistics(rows, Normalise::none, world, pool));
  const auto after = column_statistics(standard, Normalise::none, world, pool);
  for (std::size_t c = 0; c < 12; ++c) {
    CHECK(std::abs(after.mean[c]) < 1e-7);  // one rounding to float32 of values about 1
    CHECK(std::abs(after.scale[c] - 1) < 1e-6);
  }
  std::vector<float> row(12);
  standard.read({149, 150}, row.data());
  CHECK(row[7] == 0);
}

TEST_CASE("l2-normalised rows have length 1, a row of zeros stays") {
  TestRows rows(6, 11);
  for (std::int64_t j = 0; j < 11; ++j) rows.at(4, j) = 0;
  const NormalisedRows unit(rows, Normalise::l2);
  std::vector<float> out(66);
  unit.read({0, 6}, out.data());
  for (std::int64_t i = 0; i < 6; ++i) {
    double sum = 0;
    for (std::int64_t j = 0; j < 11; ++j) sum += std::pow(out[static_cast<std::size_t>(i * 11 + j)], 2);
    CHECK(sum == doctest::Approx(i == 4 ? 0 : 1).epsilon(1e-6));
  }
  CHECK(unit.resident({0, 6}) == nullptr);
}

}  // namespace coterie
