// What a topic page shows of a model: its topics in a plane, and their relevant words.

#include "coterie/topics/topic_map.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "coterie/base/errors.hpp"
#include "coterie/topics/relevance.hpp"

namespace coterie {

TEST_CASE("classical scaling finds points of the plane again, about their mean") {
  // 6 wide and 2 high, so the axes are the first and the second coordinate; the farthest out are on the positive side.
  const std::vector<double> x = {-4, 2, 2, 0, 0}, y = {0, 1, -1, 0.25, -0.25};
  std::vector<double> squares;
  for (std::size_t i = 0; i < x.size(); ++i)
    for (std::size_t j = 0; j < x.size(); ++j)
      squares.push_back((x[i] - x[j]) * (x[i] - x[j]) + (y[i] - y[j]) * (y[i] - y[j]));
  const PlaneMap map = classical_scaling(squares, 5);
  for (std::size_t i = 0; i < x.size(); ++i) {
    CHECK(map.x[i] == doctest::Approx(-x[i]));
    CHECK(std::fabs(map.y[i]) == doctest::Approx(std::fabs(y[i])));
  }
  CHECK(map.y[1] * map.y[2] < 0);
  CHECK(map.shown == doctest::Approx(1));
  CHECK_THROWS_AS(classical_scaling(squares, 4), InvalidArgument);
}

TEST_CASE("distances that need three dimensions are shown in part, and none at all lie in one point") {
  const std::vector<double> corners = {0, 1, 1, 1, 1, 0, 1, 1, 1, 1, 0, 1, 1, 1, 1, 0};  // of a tetrahedron
  CHECK(classical_scaling(corners, 4).shown == doctest::Approx(2.0 / 3));
  const PlaneMap same = classical_scaling(std::vector<double>(9), 3);
  CHECK(same.x == std::vector<double>(3));
  CHECK(same.shown == 1);
  CHECK(classical_scaling(std::vector<double>(1), 1).y == std::vector<double>(1));
}

TEST_CASE("topics with the same words lie in one place, and apart from others by the root of the divergence") {
  // V x K: topics 0 and 1 are alike, topic 2 has other words. JS of (.9, .1) and (.1, .9) is 0.3680642071684971.
  const TopicModel model{2, 3, 0.1, 0.1, {9, 90, 1, 1, 10, 9}};
  const PlaneMap map = topic_map(model);
  CHECK(map.x[0] == doctest::Approx(map.x[1]));
  CHECK(std::fabs(map.x[0] - map.x[2]) == doctest::Approx(std::sqrt(0.3680642071684971)));
  CHECK(map.y[2] == doctest::Approx(0).epsilon(1e-7));  // the root of an eigenvalue that rounding leaves at 1e-18
}

TEST_CASE("a relevant word is likely in its topic and rare elsewhere") {
  // Word 0 is the likeliest of both topics and the most frequent; word 3 never occurs.
  const TopicModel model{4, 2, 0.1, 0.1, {50, 50, 40, 5, 5, 40, 5, 5}};
  const std::vector<std::int64_t> frequencies = {800, 100, 100, 0};
  const auto words = [&](double weight) { return relevant_words(model, frequencies, 2, weight); };
  CHECK(words(1) == top_words(model, 2));
  CHECK(words(1) == std::vector<std::int32_t>{0, 1, 0, 2});
  // At 0.6: word 0: log .5 - .4 log .8 = -0.604; word 1 of topic 0: log .4 - .4 log .1 = 0.005.
  CHECK(words(0.6) == std::vector<std::int32_t>{1, 0, 2, 0});
  CHECK(relevant_words(model, frequencies, 4) == std::vector<std::int32_t>{1, 0, 2, -1, 2, 0, 1, -1});
  CHECK_THROWS_AS(relevant_words(model, std::vector<std::int64_t>(3), 2), InvalidArgument);
  CHECK_THROWS_AS(words(1.5), InvalidArgument);
}

}  // namespace coterie
