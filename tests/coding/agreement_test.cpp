#include "coterie/coding/agreement.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <string>

#include "coterie/base/errors.hpp"

namespace coterie {
namespace {

// Krippendorff's four coders and twelve units; a dot is a missing code. irrCAC calls it raw_4raters.
Codes krippendorffs() {
  const std::string rows[] = {"123321412...", "1233224125.3", ".3332342251.", "12332441251."};
  Codes codes{12, 4, 5, {}};
  for (std::size_t unit = 0; unit < 12; ++unit)
    for (const auto& row : rows) codes.values.push_back(row[unit] == '.' ? Codes::kMissing : row[unit] - '1');
  return codes;
}

// Two coders with this table of counts.
Codes of_table(const std::vector<std::int64_t>& table, std::int64_t categories) {
  Codes codes{0, 2, categories, {}};
  for (std::int64_t i = 0; i < std::ssize(table); ++i)
    for (std::int64_t n = 0; n < table[static_cast<std::size_t>(i)]; ++n) {
      codes.values.push_back(static_cast<std::int32_t>(i / categories));
      codes.values.push_back(static_cast<std::int32_t>(i % categories));
      ++codes.units;
    }
  return codes;
}

}  // namespace

TEST_CASE("kappa and its errors are those of statsmodels and irrCAC") {
  const auto found = cohen_kappa(std::vector<std::int64_t>{20, 5, 10, 15}, 2);
  CHECK(found.units == 50);
  CHECK(found.agreement == doctest::Approx(0.7));
  CHECK(found.kappa == doctest::Approx(0.4));
  CHECK(found.error == doctest::Approx(0.126996).epsilon(1e-5));
  CHECK(found.null_error == doctest::Approx(0.138564).epsilon(1e-5));
  CHECK(found.interval.low == doctest::Approx(0.1511).epsilon(1e-3));
  CHECK(found.interval.high == doctest::Approx(0.6489).epsilon(1e-3));
}

TEST_CASE("where one category prevails kappa collapses and AC1 does not") {
  const std::vector<std::int64_t> table = {184, 8, 7, 1};
  const auto codes = of_table(table, 2);
  CHECK(confusion(codes, 0, 1) == table);
  const auto kappa = cohen_kappa(table, 2);
  CHECK(kappa.agreement == doctest::Approx(0.925));
  CHECK(kappa.kappa == doctest::Approx(0.079).epsilon(0.01));
  CHECK(group_agreement(codes).gwet_ac1 == doctest::Approx(0.918).epsilon(0.001));
  CHECK(largest_share(codes) > 0.9);
  CHECK(group_agreement(of_table({20, 5, 10, 15}, 2)).gwet_ac1 == doctest::Approx(0.405941).epsilon(1e-5));
}

TEST_CASE("coefficients of several coders with missing codes are those of Krippendorff's example") {
  const auto codes = krippendorffs();
  const auto alpha = krippendorff_alpha(codes, 0, 1);
  CHECK(alpha.values == 40);
  CHECK(alpha.alpha == doctest::Approx(0.743421).epsilon(1e-6));
  CHECK(std::isnan(alpha.interval.low));
  const auto group = group_agreement(codes);
  CHECK(group.gwet_ac1 == doctest::Approx(0.77544).epsilon(1e-5));
  CHECK(group.fleiss_kappa == doctest::Approx(0.76117).epsilon(1e-5));
  CHECK(group.gwet_error == doctest::Approx(0.14295).epsilon(1e-4));
  CHECK(group.units == 11);
}

TEST_CASE("alpha's interval holds alpha, comes again with its seed, and narrows with units") {
  auto codes = krippendorffs();
  const auto few = krippendorff_alpha(codes, 2000, 7);
  CHECK(few.interval.low < few.alpha);
  CHECK(few.interval.high > few.alpha);
  CHECK(krippendorff_alpha(codes, 2000, 7).interval.low == few.interval.low);
  CHECK(krippendorff_alpha(codes, 2000, 8).interval.low != few.interval.low);
  const auto once = codes.values;
  for (int i = 0; i < 8; ++i) codes.values.insert(codes.values.end(), once.begin(), once.end());
  codes.units *= 9;
  const auto many = krippendorff_alpha(codes, 2000, 7);
  CHECK(many.interval.high - many.interval.low < (few.interval.high - few.interval.low) / 2);
}

TEST_CASE("what is not defined is NaN") {
  const auto same = of_table({12, 0, 0, 0}, 2);
  CHECK(std::isnan(cohen_kappa(confusion(same, 0, 1), 2).kappa));
  CHECK(cohen_kappa(confusion(same, 0, 1), 2).agreement == 1);
  CHECK(std::isnan(krippendorff_alpha(same, 10, 1).alpha));
  CHECK(group_agreement(same).gwet_ac1 == 1);
  CHECK(std::isnan(group_agreement(same).fleiss_kappa));
  const Codes none{3, 2, 2, {-1, 0, 1, -1, -1, -1}};
  CHECK(std::isnan(group_agreement(none).agreement));
  CHECK(std::isnan(krippendorff_alpha(none, 10, 1).alpha));
  CHECK(cohen_kappa(confusion(none, 0, 1), 2).units == 0);
  CHECK_THROWS_AS(counts_of({1, 1, 2, {2}}), InvalidArgument);
  CHECK_THROWS_AS(counts_of({1, 2, 2, {1}}), InvalidArgument);
}

}  // namespace coterie
