#include "coterie/topics/spatial_lda.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "coterie/base/errors.hpp"
#include "coterie/base/random.hpp"
#include "coterie/evaluation/agreement.hpp"
#include "coterie/topics/coherence.hpp"

namespace coterie {
namespace {

const Communicator& world() { return Communicator::world(); }

/// Images with two textures side by side, in halves or (every other image) one above the other: the words 0 .. 9 in one
/// half and 10 .. 19 in the other, a twentieth astray. Every image has the same counts, so counts say nothing.
struct Textures {
  PlacedWords images;
  std::vector<std::int32_t> truth;  // of each word
};

Textures two_textures(std::int64_t count, std::int64_t words) {
  const Random random(11, Purpose::test_data);
  std::uint64_t draw = 0;
  Textures made;
  made.images = {.vocabulary = 20, .global_images = count, .local = {0, count}};
  for (std::int64_t g = 0; g < count; ++g) {
    const float width = 640, height = g % 3 == 0 ? 480.0F : 400.0F;
    made.images.width.push_back(width), made.images.height.push_back(height);
    for (std::int64_t i = 0; i < words; ++i) {
      const auto u = static_cast<float>(random.uniform(draw++)), v = static_cast<float>(random.uniform(draw++));
      const bool second = (g % 2 == 0 ? u : v) > 0.5F;
      const bool astray = random.below(draw++, 20) == 0;
      made.images.x.push_back(u * width), made.images.y.push_back(v * height);
      made.images.words.push_back(static_cast<std::int32_t>(random.below(draw++, 10) + (second != astray ? 10 : 0)));
      made.truth.push_back(second ? 1 : 0);
    }
    made.images.offsets.push_back(std::ssize(made.images.words));
  }
  return made;
}

/// The same words as counts, without their places.
Documents counts_of(const PlacedWords& images) {
  Documents made{.vocabulary = images.vocabulary, .global_documents = images.global_images, .local = images.local};
  for (std::size_t g = 0; g + 1 < images.offsets.size(); ++g) {
    std::vector<std::int32_t> counts(static_cast<std::size_t>(images.vocabulary));
    for (std::int64_t i = images.offsets[g]; i < images.offsets[g + 1]; ++i)
      ++counts[static_cast<std::size_t>(images.words[static_cast<std::size_t>(i)])];
    for (std::size_t w = 0; w < counts.size(); ++w)
      if (counts[w] > 0) made.words.push_back(static_cast<std::int32_t>(w)), made.counts.push_back(counts[w]);
    made.offsets.push_back(std::ssize(made.words));
  }
  return made;
}

double farthest(const std::vector<double>& a, const std::vector<double>& b) {
  REQUIRE(a.size() == b.size());
  double most = 0;
  for (std::size_t i = 0; i < a.size(); ++i)
    most = std::max(most, std::abs(a[i] - b[i]) / std::max(1.0, std::abs(b[i])));
  return most;
}

constexpr double kEverywhere = std::numeric_limits<double>::infinity();

}  // namespace

TEST_CASE("one region an image and equal weights are plain LDA to 1e-12") {
  auto whole = two_textures(90, 50).images;
  // Of unequal images, so that there is something to find: words of the first half of the images are drawn together.
  for (std::size_t i = 0; i < whole.words.size() / 2; ++i) whole.words[i] = whole.words[i] % 13;
  const PlacedWords images = own_images(whole, world());
  ThreadPool pool(1);
  // No topic is left aside where nothing is tolerated, as none is in images.
  SpatialLdaOptions options{.lda = {.topics = 3, .max_iter = 8, .tol = 0, .max_doc_update_iter = 30},
                            .regions = {.pitch = 1, .sigma = kEverywhere}};
  options.lda.mean_change_tol = 0;
  const auto spatial = spatial_lda(images, options, world(), pool);
  const auto plain = lda(counts_of(images), options.lda, world(), pool);
  CHECK(farthest(spatial.model.lambda, plain.model.lambda) < 1e-12);
  CHECK(farthest(spatial.local.gamma, plain.local_gamma) < 1e-12);
  // theta is an update ahead of gamma, which does not rest after 30.
  CHECK(farthest(spatial.local.theta, document_topics(plain.local_gamma, 3)) < 1e-2);
  REQUIRE(spatial.bounds.size() == plain.bounds.size());
  for (std::size_t i = 0; i < plain.bounds.size(); ++i)
    CHECK(spatial.bounds[i] == doctest::Approx(plain.bounds[i]).epsilon(1e-12));
  CHECK(spatial.local.regions == std::vector<std::int64_t>(images.width.size(), 1));
}

TEST_CASE("textures side by side are told apart by place, and cannot be by counts") {
  const Textures made = two_textures(128, 120);
  const PlacedWords images = own_images(made.images, world());
  ThreadPool pool(2);
  const auto agreement_of = [&](const RegionOptions& regions, std::uint64_t seed) {
    const auto found = spatial_lda(images, {.lda = {.topics = 2, .seed = seed}, .regions = regions}, world(), pool);
    const auto topics = world().gather_all(std::span<const std::int32_t>(found.local.word_topics));
    return adjusted_rand_index(made.truth, topics);
  };
  for (const std::uint64_t seed : {0, 1, 2}) {
    const double by_place = agreement_of({}, seed), by_counts = agreement_of({.pitch = 1, .sigma = kEverywhere}, seed);
    CHECK_MESSAGE(by_place > 0.75, by_place);
    CHECK_MESSAGE(by_counts < 0.1, by_counts);
  }
}

TEST_CASE("the same bits on any ranks and threads, straight and resumed, batch and online; the bound never falls") {
  const PlacedWords whole = two_textures(200, 40).images;
  const PlacedWords images = own_images(whole, world());
  ThreadPool one(1), two(2);
  for (const auto updates : {LdaUpdates::batch, LdaUpdates::online}) {
    SpatialLdaOptions options{.lda = {.topics = 3, .updates = updates, .max_iter = 5, .tol = 0, .batch_size = 64},
                              .regions = {.pitch = 0.25, .sigma = 0.2}};
    const auto alone = spatial_lda(whole, options, Communicator::self(), one);
    const auto shared = spatial_lda(images, options, world(), two);
    CHECK(shared.model.lambda == alone.model.lambda);
    CHECK(shared.bounds == alone.bounds);
    CHECK(world().gather_all(std::span<const double>(shared.local.theta)) == alone.local.theta);
    CHECK(world().gather_all(std::span<const std::int32_t>(shared.local.word_topics)) == alone.local.word_topics);
    TopicState kept;
    const auto keep = [&](const TopicState& state) { return kept = state, state.iteration < 3; };
    CHECK(spatial_lda(images, options, world(), one, keep).stopped);
    CHECK(spatial_lda(images, options, world(), one, {}, &kept).model.lambda == alone.model.lambda);
    if (updates == LdaUpdates::online) continue;
    for (std::size_t i = 1; i < alone.bounds.size(); ++i) CHECK(alone.bounds[i] >= alone.bounds[i - 1] * (1 + 1e-12));
  }
}

TEST_CASE("new images have the topics that they would have alone; an image without a word has all equally") {
  const PlacedWords whole = two_textures(100, 60).images;
  ThreadPool pool(2);
  const SpatialLdaOptions options{.lda = {.topics = 2}, .regions = {.pitch = 0.2}};
  const auto model = spatial_lda(own_images(whole, world()), options, world(), pool).model;
  const auto all = infer_image_topics(model, whole, options, pool);
  PlacedWords one = {.vocabulary = 20, .global_images = 2, .local = {0, 2}, .offsets = {0, 60, 60}};
  one.words.assign(whole.words.begin() + 60, whole.words.begin() + 120);
  one.x.assign(whole.x.begin() + 60, whole.x.begin() + 120);
  one.y.assign(whole.y.begin() + 60, whole.y.begin() + 120);
  one.width = {whole.width[1], 10}, one.height = {whole.height[1], 3000};
  const auto found = infer_image_topics(model, one, options, pool);
  CHECK(found.theta[0] == all.theta[2]);
  CHECK(std::equal(found.word_topics.begin(), found.word_topics.end(), all.word_topics.begin() + 60));
  CHECK(found.theta[2] == 0.5);
  CHECK(found.regions == std::vector<std::int64_t>{15, 5});  // 5 x 3 of 640 x 400, 1 x 5 of 10 x 3000
}

TEST_CASE("images of the fit have the topics of the fit where its last pass began with ones, to the bit") {
  const PlacedWords images = own_images(two_textures(100, 60).images, world());
  ThreadPool pool(2);
  SpatialLdaOptions options{.lda = {.topics = 3, .max_iter = 5, .restart_gamma = true}, .regions = {.pitch = 0.2}};
  const auto anew = spatial_lda(images, options, world(), pool);
  const auto again = infer_image_topics(anew.model, images, options, pool);
  CHECK(again.gamma == anew.local.gamma);
  CHECK(again.theta == anew.local.theta);
  CHECK(again.word_topics == anew.local.word_topics);
  // Otherwise an image may have been left where an earlier pass put it, which fitted better.
  options.lda.restart_gamma = false;
  const auto kept = spatial_lda(images, options, world(), pool);
  const auto found = infer_image_topics(kept.model, images, options, pool);
  std::int64_t same = 0;
  for (std::size_t i = 0; i < found.theta.size(); i += 3) same += found.theta[i] == kept.local.theta[i] ? 1 : 0;
  CHECK(world().sum(same) > 50);
}

TEST_CASE("a word out of reach belongs to the nearest region, and windows are what regions reach") {
  PlacedWords images = {.vocabulary = 5, .global_images = 1, .local = {0, 1}, .offsets = {0, 4}};
  images.words = {4, 2, 4, 1};
  images.x = {10, 12, 90, 99}, images.y = {5, 5, 5, 0};
  images.width = {100}, images.height = {10};
  const RegionOptions options{.pitch = 0.5, .sigma = 0.1, .radius = 0.18};  // centres at 25 and 75, reach 18
  const auto windows = region_windows(images, options, Communicator::self());
  CHECK(windows.global_documents == 2);
  CHECK(windows.offsets == std::vector<std::int64_t>{0, 2, 4});
  CHECK(windows.words == std::vector<std::int32_t>{2, 4, 1, 4});
  const auto counts = count_words(std::vector<std::int32_t>{4, 2}, 2, windows, Communicator::self());
  CHECK(counts.together == std::vector<std::int64_t>{2, 1, 1, 1});
}

TEST_CASE("images and regions that cannot be are refused on every rank") {
  const PlacedWords images = own_images(two_textures(100, 10).images, world());
  ThreadPool pool(1);
  const auto refused = [&](const PlacedWords& bad, const RegionOptions& regions) {
    CHECK_THROWS_AS(spatial_lda(bad, {.regions = regions}, world(), pool), InvalidArgument);
  };
  refused(images, {.pitch = 0});
  refused(images, {.pitch = 1e-4});
  refused(images, {.sigma = -1});
  refused(images, {.radius = -1});
  PlacedWords bad = images;
  bad.vocabulary = 5;
  refused(bad, {});
  bad = images;
  if (world().is_root()) bad.x[3] = std::numeric_limits<float>::quiet_NaN();
  refused(bad, {});
  bad = images;
  if (world().is_root()) bad.width[0] = 0;
  refused(bad, {});
  bad = images, bad.words.clear(), bad.x.clear(), bad.y.clear();
  std::fill(bad.offsets.begin(), bad.offsets.end(), 0);
  refused(bad, {});
}

}  // namespace coterie
