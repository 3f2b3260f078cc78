#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "example_rows.hpp"
#include "mixture/density.hpp"
#include "mixture/kernel.hpp"
#include "mixture/sums.hpp"
#include "vector_widths.hpp"

namespace coterie {
namespace {

std::vector<double> noise(std::int64_t count, std::uint64_t seed) {
  const Random random(seed, Purpose::test_data);
  std::vector<double> values;
  for (std::int64_t i = 0; i < count; ++i) values.push_back(random.normal(static_cast<std::uint64_t>(i)));
  return values;
}

/// An upper triangle with a diagonal of about `diagonal`.
std::vector<double> triangle(std::int64_t columns, double diagonal, std::uint64_t seed) {
  auto square = noise(columns * columns, seed);
  for (std::int64_t i = 0; i < columns; ++i)
    for (std::int64_t j = 0; j < columns; ++j) {
      double& value = square[static_cast<std::size_t>(i * columns + j)];
      value = i > j ? 0 : i == j ? diagonal + std::abs(value) : 0.3 * value;
    }
  return square;
}

MixtureDensity full_density(std::int64_t k, std::int64_t columns, ThreadPool& pool) {
  MixtureDensity density(Covariance::full, k, columns);
  for (std::int64_t c = 0; c < k; ++c)
    pack_triangle(triangle(columns, 1, static_cast<std::uint64_t>(20 + c)).data(), columns, density.triangle(c).data());
  density.set(std::vector<double>(static_cast<std::size_t>(k), 1.0 / static_cast<double>(k)), noise(k * columns, 40),
              pool);
  return density;
}

}  // namespace

TEST_CASE("a packed triangle unpacks to itself, for every width of the last panel") {
  for (std::int64_t columns = 1; columns <= 38; ++columns) {
    const auto square = triangle(columns, 1, 3);
    auto dirty = square;  // below the diagonal anything may lie
    for (std::int64_t i = 1; i < columns; ++i) dirty[static_cast<std::size_t>(i * columns)] = NAN;
    std::vector<double> packed(static_cast<std::size_t>(packed_size(columns))), again(square.size(), 9.0);
    pack_triangle(dirty.data(), columns, packed.data());
    unpack_triangle(packed.data(), columns, again.data());
    CHECK(again == square);
  }
}

TEST_CASE("products are fused chains, exact ones their nearest steps, with vectors of every width") {
  constexpr std::int64_t kCount = 17, kTerms = 77, kStride = kPanelColumns + 5;
  const auto rows = noise(kCount * kTerms, 5), panel = noise(kTerms * kPanelColumns, 6),
             begun = noise(kCount * kStride, 7);
  const auto lane = [&](std::int64_t j) {
    return [&panel, j](std::int64_t i) { return panel[static_cast<std::size_t>(i * kPanelColumns + j)]; };
  };
  std::vector<const double*> pointers;
  for (std::int64_t r = 0; r < kCount; ++r) pointers.push_back(rows.data() + r * kTerms);
  with_each_vector_width([&] {
    auto sums = begun;
    add_products(pointers.data(), kCount, panel.data(), kTerms, sums.data(), kStride);
    std::vector<std::int64_t> steps(kTileRows * kStride, 3);
    add_exact_products(rows.data(), panel.data(), kTerms, 0x1p30, steps.data(), kStride);
    int wrong = 0;
    for (std::int64_t r = 0; r < kCount; ++r)
      for (std::int64_t j = 0; j < kStride; ++j) {
        const auto at = static_cast<std::size_t>(r * kStride + j);
        const bool inside = j < kPanelColumns;
        const auto row = [&](std::int64_t i) { return pointers[static_cast<std::size_t>(r)][i]; };
        wrong += sums[at] != (inside ? fused_chain<double>(0, kTerms, row, lane(j), begun[at]) : begun[at]);
        if (r >= kTileRows) continue;
        const auto packed = [&](std::int64_t i) { return rows[static_cast<std::size_t>(kTileRows * i + r)]; };
        wrong += steps[at] != (inside ? 3 + std::llrint(fused_chain<double>(0, kTerms, packed, lane(j)) * 0x1p30) : 3);
      }
    CHECK(wrong == 0);
  });
}

TEST_CASE("squares in registers have the bits of products that are cut and stored") {
  const std::int64_t columns = 53, panels = 5, rows = 7;
  std::vector<double> packed(static_cast<std::size_t>(packed_size(columns)));
  pack_triangle(triangle(columns, 1, 4).data(), columns, packed.data());
  const auto values = noise(rows * columns, 5), offsets = noise(panels * kPanelColumns, 6);
  std::vector<const double*> pointers;
  for (std::int64_t r = 0; r < rows; ++r) pointers.push_back(values.data() + r * columns);
  std::array<double, rows> squares;
  const auto compute = [&] {
    triangle_squares(pointers.data(), rows, packed.data(), kPanelColumns, columns, panels, offsets.data(),
                     squares.data());
  };
  compute();
  const auto in_use = squares;
  with_each_vector_width([&] {
    squares.fill(NAN);
    compute();
    CHECK(squares == in_use);
  });
  for (std::int64_t r = 0; r < rows; ++r) {
    std::vector<double> products(static_cast<std::size_t>(panels * kPanelColumns));
    const double* panel = packed.data();
    for (std::int64_t p = 0; p < panels; ++p) {
      const std::int64_t terms = std::min(columns, kPanelColumns * (p + 1)), cut = terms / 3;
      const double* const late = pointers[static_cast<std::size_t>(r)] + cut;
      double* const out = products.data() + p * kPanelColumns;
      add_products(&pointers[static_cast<std::size_t>(r)], 1, panel, cut, out, kPanelColumns);
      add_products(&late, 1, panel + cut * kPanelColumns, terms - cut, out, kPanelColumns);
      panel += terms * kPanelColumns;
    }
    CHECK(squares[static_cast<std::size_t>(r)] == offset_squares(products.data(), offsets.data(), panels));
  }
}

TEST_CASE("float32 squares stay within their bound, of values a million spreads from zero too") {
  const std::int64_t terms = 304, stride = 311;
  for (const double offset : {0.0, 1e6})
    for (const bool scaled : {false, true}) {
      std::vector<float> rows, mean, scale;
      for (const double value : noise(8 * stride, 7)) rows.push_back(static_cast<float>(value + offset));
      for (const double value : noise(terms, 8)) mean.push_back(static_cast<float>(value + offset));
      for (const double value : noise(terms, 9)) scale.push_back(static_cast<float>(value));
      std::array<float, 8> squares{}, limits{};
      add_squares(rows.data(), stride, mean.data(), scaled ? scale.data() : nullptr, terms, limits.data(),
                  squares.data());
      for (std::int64_t r = 0; r < 8; ++r) {
        double exact = 0;
        for (std::int64_t d = 0; d < terms; ++d) {
          const auto at = static_cast<std::size_t>(d);
          // The difference of two float32 numbers that lie so near is exact.
          const double y = (double{rows[static_cast<std::size_t>(r * stride + d)]} - double{mean[at]}) *
                           (scaled ? double{scale[at]} : 1.0);
          exact += y * y;
        }
        const double bound = (static_cast<double>(terms) / 8 + 8) * 0x1p-24 * exact;
        CHECK(std::abs(double{squares[static_cast<std::size_t>(r)]} - exact) <= bound);
      }
      limits.fill(squares[0]);
      std::array<float, 8> again{};
      const bool above = add_squares(rows.data(), stride, mean.data(), scaled ? scale.data() : nullptr, terms,
                                     limits.data(), again.data());
      CHECK_FALSE(above);  // row 0 is at its limit
      limits.fill(0);
      CHECK(add_squares(rows.data(), stride, mean.data(), scaled ? scale.data() : nullptr, terms, limits.data(),
                        again.data()));
    }
}

TEST_CASE("what is spared never shows: shares do not depend on hints") {
  ThreadPool pool(1);
  const std::int64_t k = 5, count = 45;
  for (const std::int64_t columns : {2, 11, 12, 60, 130}) {
    CAPTURE(columns);
    const auto rows = example_rows(count, columns, 4, 1.0);
    std::vector<MixtureDensity> densities;
    densities.push_back(full_density(k, columns, pool));
    for (const auto type : {Covariance::tied, Covariance::diagonal, Covariance::spherical}) {
      MixtureDensity density(type, k, columns);
      if (type == Covariance::tied) pack_triangle(triangle(columns, 1, 4).data(), columns, density.triangle(0).data());
      const auto deviations = noise(std::ssize(density.inverse_deviations()), 12);
      for (std::size_t i = 0; i < deviations.size(); ++i)
        density.inverse_deviations()[i] = 0.5 + std::abs(deviations[i]);
      density.set(std::vector<double>(5, 0.2), noise(k * columns, 41), pool);
      densities.push_back(std::move(density));
    }
    for (const auto& density : densities) {
      MixtureDensity::Scratch first, second;
      const std::vector<std::int32_t> zeros(static_cast<std::size_t>(count), 0);
      density.evaluate(rows.data(), count, zeros.data(), first);
      for (std::int32_t shift = 0; shift < k; ++shift) {
        auto hints = first.labels;  // the right ones, then wrong ones
        for (auto& hint : hints) hint = (hint + shift) % static_cast<std::int32_t>(k);
        density.evaluate(rows.data(), count, hints.data(), second);
        const auto same = [](const MixtureDensity::Share& a, const MixtureDensity::Share& b) {
          return a.row == b.row && a.component == b.component && a.value == b.value;
        };
        CHECK(std::equal(first.shares.begin(), first.shares.end(), second.shares.begin(), second.shares.end(), same));
        CHECK(first.labels == second.labels);
        CHECK(first.log_likelihoods == second.log_likelihoods);
      }
    }
  }
}

TEST_CASE("sums of moments are those of a plain recount, within the rounding to integers") {
  const std::int64_t columns = 100, total = 1500, k = 2;  // two tiles along a side
  const auto values = example_rows(total, columns, 3, 0.7, 5);
  ThreadPool pool(2);
  const auto& world = Communicator::world();
  const MemoryRows source(view(values, columns));
  const MixtureRows rows(source, world, pool, 1 << 20);
  const auto responsibility = [](std::int64_t row) { return 1e-5 * static_cast<double>(1 + row % 97); };
  std::vector<BlockResponsibilities> blocks;
  for (std::int64_t b = 0; b < rows.blocks(); ++b) {
    const RowRange here = rows.block(b);
    BlockResponsibilities block;
    for (std::int32_t i = 0; i < here.size(); ++i)
      block.all.push_back({i, responsibility(rows.range().begin + here.begin + i)});
    block.first = {0, 0, here.size()};  // component 0 has no row
    blocks.push_back(std::move(block));
  }
  std::vector<double> origins;
  for (std::int64_t at = 0; at < k * columns; ++at) origins.push_back(5 + 0.01 * static_cast<double>(at % 7));
  MixtureSums pairs(rows, k, SecondMoments::pairs), squares(rows, k, SecondMoments::columns);
  const std::vector<double> largest{0, 97e-5};
  pairs.add(blocks, origins, largest);
  squares.add(blocks, origins, largest);
  std::vector<double> matrix(static_cast<std::size_t>(columns * columns));
  pairs.pairs(1, matrix.data());
  double weight = 0, worst = 0;
  for (std::int64_t n = 0; n < total; ++n) weight += responsibility(n);
  CHECK(pairs.weight(1) == doctest::Approx(weight).epsilon(1e-12));
  for (std::int64_t i = 0; i < columns; ++i) {
    double first = 0;
    std::vector<double> row(static_cast<std::size_t>(columns));
    for (std::int64_t n = 0; n < total; ++n) {
      const auto deviation = [&](std::int64_t d) {
        return double{values[static_cast<std::size_t>(n * columns + d)]} -
               origins[static_cast<std::size_t>(columns + d)];
      };
      first += responsibility(n) * deviation(i);
      for (std::int64_t j = 0; j < columns; ++j)
        row[static_cast<std::size_t>(j)] += responsibility(n) * deviation(i) * deviation(j);
    }
    worst = std::max({worst, std::abs(pairs.first(1, i) - first), std::abs(squares.first(1, i) - first),
                      std::abs(squares.second(1, i) - row[static_cast<std::size_t>(i)])});
    for (std::int64_t j = 0; j < columns; ++j)
      worst = std::max(worst,
                       std::abs(matrix[static_cast<std::size_t>(i * columns + j)] - row[static_cast<std::size_t>(j)]));
  }
  // Deviations below 8, responsibilities below 2^-10: six sums rounded to 2^-43 of 64 / 1024 each, and double's own.
  CHECK(worst < 6 * 0x1p-43 * 0.0625 + 1e-13);
  CHECK(pairs.weight(0) == 0);
  CHECK(pairs.first(0, 3) == 0);
}

}  // namespace coterie
