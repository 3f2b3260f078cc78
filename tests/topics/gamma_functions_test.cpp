#include "inference/gamma_functions.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <boost/math/special_functions/digamma.hpp>
#include <boost/math/special_functions/gamma.hpp>
#include <cmath>
#include <vector>

namespace coterie {
namespace {

std::vector<double> many_numbers() {
  std::vector<double> numbers;
  for (double x = 1e-9; x < 1e12; x *= 1.0071) numbers.push_back(x);
  for (double x = 0.001; x < 30; x += 0.0101) numbers.push_back(x);
  return numbers;
}

}  // namespace

TEST_CASE("psi, its exponential and the logarithm of gamma are Boost's to 1e-13") {
  const auto x = many_numbers();
  std::vector<double> exp_of(x.size()), psi(x.size()), log_gamma(x.size()), alone(x.size());
  gamma_functions(x.data(), std::ssize(x), exp_of.data(), psi.data(), log_gamma.data());
  exp_psi(x.data(), std::ssize(x), alone.data());
  double worst_psi = 0, worst_gamma = 0, worst_exp = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double true_psi = boost::math::digamma(x[i]), true_gamma = boost::math::lgamma(x[i]);
    const double size = std::max(1.0, std::abs(true_psi));
    worst_psi = std::max(worst_psi, std::abs(psi[i] - true_psi) / size);
    worst_gamma = std::max(worst_gamma, std::abs(log_gamma[i] - true_gamma) / std::max(1.0, std::abs(true_gamma)));
    if (true_psi > -600) worst_exp = std::max(worst_exp, std::abs(alone[i] / std::exp(true_psi) - 1) / size);
    if (true_psi < -700) CHECK((alone[i] >= 0 && alone[i] < 1e-290));
    CHECK(alone[i] == exp_of[i]);
    CHECK(psi_of(x[i]) == psi[i]);
    CHECK(log_gamma_of(x[i]) == log_gamma[i]);
  }
  CHECK(worst_psi < 1e-13);
  CHECK(worst_gamma < 1e-13);
  CHECK(worst_exp < 1e-13);
}

TEST_CASE("logarithms are the library's to the last bits, from the smallest normal number to the largest") {
  std::vector<double> x, found;
  for (double value = 1e-307; value < 1e307; value *= 1.37) x.push_back(value);
  for (const double value : {0.5, 1.0, 2.0, 0.70710678118654757, 1.4142135623730951, 1 - 1e-15}) x.push_back(value);
  found = x;
  to_logarithms(found.data(), std::ssize(found));
  for (std::size_t i = 0; i < x.size(); ++i)
    CHECK(std::abs(found[i] - std::log(x[i])) <= 4e-16 * std::abs(std::log(x[i])));
}

}  // namespace coterie
