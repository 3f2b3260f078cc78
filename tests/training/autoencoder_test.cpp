#include "coterie/training/autoencoder.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "coterie/base/random.hpp"
#include "coterie/training/deepcluster_network.hpp"

namespace coterie {
namespace {

constexpr AutoencoderShape kSmall{.side = 8, .hidden = 12, .latent = 5};
constexpr std::int64_t kImages = 6;

Batch batch_of(const Communicator& comm, ThreadPool& pool) {
  Batch batch = make_batch(kImages, 32, comm, pool);
  batch.seed = 3;
  return batch;
}

// Of this rank's images.
std::vector<float> pixels_of(const Batch& batch) {
  const Random random(2, Purpose::test_data);
  std::vector<float> pixels;
  for (std::int64_t i = batch.own().begin * kSmall.pixels(); i < batch.own().end * kSmall.pixels(); ++i)
    pixels.push_back(static_cast<float>(random.uniform(static_cast<std::uint64_t>(i))));
  return pixels;
}

TEST_CASE("an autoencoder's gradients are those of differences of its loss") {
  const Communicator& comm = Communicator::self();
  ThreadPool pool(1);
  const Batch batch = batch_of(comm, pool);
  const auto pixels = pixels_of(batch);
  const Adam still{.learning_rate = 0};
  Autoencoder network(kSmall, comm);
  network.initialise(1, pool);
  for (Parameter* each : network.parameters())
    for (std::size_t i = 0; i < each->values.size(); i += each->values.size() / 3 + 1) {
      network.step(batch, pixels.data(), still, 1);
      const auto slope = static_cast<double>(each->gradient[i]);
      constexpr float kStep = 2e-3F;
      const float before = each->values[i];
      each->values[i] = before + kStep;
      const double above = network.step(batch, pixels.data(), still, 1).sum();
      each->values[i] = before - kStep;
      const double below = network.step(batch, pixels.data(), still, 1).sum();
      each->values[i] = before;
      CHECK(std::fabs((above - below) / (2 * static_cast<double>(kStep)) - slope) < 2e-3 * (1 + std::fabs(slope)));
    }
}

std::vector<float> trained(const Communicator& comm, int threads, std::vector<double>& losses) {
  ThreadPool pool(threads);
  Batch batch = batch_of(comm, pool);
  const auto pixels = pixels_of(batch);
  Autoencoder network(kSmall, comm);
  network.initialise(1, pool);
  for (std::int64_t step = 1; step <= 30; ++step)
    losses.push_back(network.step(batch, pixels.data(), {.learning_rate = 0.01}, step).sum());
  std::vector<float> all;
  for (const Parameter* each : network.parameters()) {
    const auto values = gathered(*each, each->values, comm);
    all.insert(all.end(), values.begin(), values.end());
  }
  return all;
}

TEST_CASE("an autoencoder learns, and its bits do not depend on ranks and threads") {
  std::vector<double> losses, alone;
  CHECK(trained(Communicator::world(), 2, losses) == trained(Communicator::self(), 1, alone));
  CHECK(losses == alone);
  CHECK(losses.back() < 0.9 * losses.front());
}

TEST_CASE("a grey crop has Pillow's luma, and zeros where the image ends") {
  Image image{4, 2, {}};
  for (int i = 0; i < 8; ++i)
    for (const int level : {200, 100, 50}) image.rgb.push_back(static_cast<std::uint8_t>(level));
  std::vector<float> crop(9);
  grey_crop(image, 3, 0.5, 0.999, crop.data());  // padded by one row on both sides; the lowest place there is
  for (std::size_t i = 0; i < 9; ++i) CHECK(crop[i] == (i < 6 ? 124.0F / 255 : 0.0F));
}

}  // namespace
}  // namespace coterie
