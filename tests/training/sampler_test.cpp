#include "coterie/training/sampler.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <set>

#include "coterie/training/view.hpp"

namespace coterie {
namespace {

const std::vector<std::int32_t> kLabels = [] {
  std::vector<std::int32_t> labels;
  for (int row = 0; row < 1000; ++row) labels.push_back(row % 10 == 0 ? 1 : row % 100 == 5 ? 3 : row == 7 ? -1 : 0);
  return labels;
}();

std::vector<std::int64_t> counts(const EpochOrder& order) {
  std::vector<std::int64_t> of(4);
  for (const auto label : order.labels) ++of[static_cast<std::size_t>(label)];
  return of;
}

TEST_CASE("each cluster that has rows is drawn equally often, and each row keeps its label") {
  const EpochOrder order = uniform_over_clusters(kLabels, 1000, 31, 2);
  REQUIRE(order.size() == 1000);
  const auto of = counts(order);
  CHECK(of[2] == 0);  // it has no rows
  for (const std::size_t label : {0U, 1U, 3U}) CHECK((of[label] >= 331 && of[label] <= 334));
  for (std::size_t i = 0; i < 1000; ++i) CHECK(kLabels[static_cast<std::size_t>(order.rows[i])] == order.labels[i]);
  std::set<std::int64_t> of_large;
  for (std::size_t i = 0; i < 1000; ++i)
    if (order.labels[i] == 0) of_large.insert(order.rows[i]);
  CHECK(std::ssize(of_large) == of[0]);  // without replacement: it has 889 rows
  CHECK(uniform_over_clusters(kLabels, 1000, 31, 3).rows != order.rows);
}

TEST_CASE("the published code draws clusters by their size") {
  const auto of = counts(as_published(kLabels, 1000, 31, 2));
  CHECK(of[0] > 600);
  CHECK(of[3] < 100);
}

TEST_CASE("crops lie inside the image and have about the area and the ratio that were drawn") {
  for (std::int64_t position = 0; position < 200; ++position) {
    const View view = draw_view({300, 200}, 1, 0, position);
    CHECK((view.crop.x >= 0 && view.crop.x + view.crop.width <= 300));
    CHECK((view.crop.y >= 0 && view.crop.y + view.crop.height <= 200));
    const double ratio = static_cast<double>(view.crop.width) / view.crop.height;
    CHECK((ratio > 0.73 && ratio < 1.37));
    CHECK(view.crop.width * view.crop.height > 0.07 * 60000);
  }
  const Box box = draw_view({1000, 10}, 1, 0, 0).crop;  // no attempt fits: the centre
  CHECK(box.height == 10);
  CHECK(box.width == 13);
  CHECK(box.x == 493);
}

TEST_CASE("a view is flipped left to right") {
  Image image{64, 64, std::vector<std::uint8_t>(64 * 64 * 3)};
  for (std::size_t i = 0; i < image.rgb.size(); ++i) image.rgb[i] = static_cast<std::uint8_t>(i * 7);
  Preprocess steps = torchvision_preprocess(64, 32);
  std::vector<float> plain(32 * 32 * 3), flipped(32 * 32 * 3);
  render_view(image, {{0, 0, 64, 64}, false}, steps, plain.data());
  render_view(image, {{0, 0, 64, 64}, true}, steps, flipped.data());
  for (std::size_t y = 0; y < 32; ++y)
    for (std::size_t x = 0; x < 32; ++x)
      for (std::size_t c = 0; c < 3; ++c) CHECK(plain[(y * 32 + x) * 3 + c] == flipped[(y * 32 + 31 - x) * 3 + c]);
}

}  // namespace
}  // namespace coterie
