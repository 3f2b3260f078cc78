#include "coterie/training/autoencoder.hpp"

#include <algorithm>
#include <cmath>

#include "coterie/base/random.hpp"
#include "draw_normal.hpp"

namespace coterie::inline training {
namespace {

double sigmoid(double score) { return 1 / (1 + std::exp(-score)); }

}  // namespace

Autoencoder::Autoencoder(const AutoencoderShape& shape, const Communicator& comm)
    : shape_(shape), gather_(make_flatten({shape.side, shape.side, 1})) {
  encoder_.add(make_dense("encoder.0", shape.pixels(), shape.hidden, comm));
  encoder_.add(make_relu(shape.hidden, true));
  mean_ = make_dense("mean", shape.hidden, shape.latent, comm);
  log_variance_ = make_dense("log_variance", shape.hidden, shape.latent, comm);
  decoder_.add(make_dense("decoder.0", shape.latent, shape.hidden, comm));
  decoder_.add(make_relu(shape.hidden, true));
  decoder_.add(make_dense("decoder.2", shape.hidden, shape.pixels(), comm));
}

std::vector<Parameter*> Autoencoder::parameters() const {
  std::vector<Parameter*> all = encoder_.parameters();
  for (const auto& some : {mean_->parameters(), log_variance_->parameters(), decoder_.parameters()})
    all.insert(all.end(), some.begin(), some.end());
  return all;
}

void Autoencoder::initialise(std::uint64_t seed, ThreadPool& pool) {
  std::uint32_t tensor = 0;
  for (Parameter* each : parameters()) {
    const Random random(seed, Purpose::training_start, tensor++);
    if (each->shape.size() == 2) draw_normal(*each, std::sqrt(2.0 / static_cast<double>(each->shape[1])), random, pool);
  }
}

// latent = mean + exp(log-variance / 2) * noise, and each image's divergence from the standard normal distribution.
void Autoencoder::draw_latent(const Batch& batch, std::vector<double>& divergences) {
  const Random random(batch.seed, Purpose::latent_noise, batch.epoch);
  latent_.resize(means_.size());
  noise_.resize(means_.size());
  batch.for_images(true, [&](std::int64_t image) {
    double divergence = 0;
    for (std::int64_t l = 0; l < shape_.latent; ++l) {
      const auto i = static_cast<std::size_t>(image * shape_.latent + l);
      const auto mean = static_cast<double>(means_[i]), log_variance = static_cast<double>(log_variances_[i]);
      const double noise = random.normal(static_cast<std::uint64_t>((batch.first + image) * shape_.latent + l));
      noise_[i] = static_cast<float>(noise);
      latent_[i] = static_cast<float>(mean + std::exp(log_variance / 2) * noise);
      divergence += 0.5 * (std::exp(log_variance) + mean * mean - 1 - log_variance);
    }
    divergences[static_cast<std::size_t>(image)] = divergence;
  });
}

VaeLoss Autoencoder::forward(const Batch& batch, const float* pixels) {
  const auto images = static_cast<std::size_t>(batch.images.rows());
  const auto latents = images * static_cast<std::size_t>(shape_.latent);
  pixels_.resize(images * static_cast<std::size_t>(shape_.pixels()));
  gather_->forward(batch, pixels, pixels_.data());
  hidden_ = encoder_.forward(batch, pixels_.data());
  means_.resize(latents);
  log_variances_.resize(latents);
  mean_->forward(batch, hidden_, means_.data());
  log_variance_->forward(batch, hidden_, log_variances_.data());
  std::vector<double> divergences(images);
  draw_latent(batch, divergences);
  scores_ = decoder_.forward(batch, latent_.data());
  score_gradient_.resize(pixels_.size());
  VaeLoss loss;
  loss.reconstruction = sigmoid_cross_entropy(batch, scores_, pixels_.data(), shape_.pixels(), score_gradient_.data());
  for (const double divergence : divergences) loss.divergence += divergence;
  loss.divergence /= static_cast<double>(images);
  return loss;
}

void Autoencoder::backward(const Batch& batch, const float*) {
  const auto images = static_cast<double>(batch.images.rows());
  std::vector<float> by_latent(latent_.size()), by_mean(latent_.size()), by_variance(latent_.size());
  decoder_.backward(batch, latent_.data(), score_gradient_, by_latent.data());
  for (std::size_t i = 0; i < latent_.size(); ++i) {
    const auto log_variance = static_cast<double>(log_variances_[i]), slope = static_cast<double>(by_latent[i]);
    const double deviation = std::exp(log_variance / 2);
    by_mean[i] = static_cast<float>(slope + static_cast<double>(means_[i]) / images);
    by_variance[i] = static_cast<float>(slope * deviation * static_cast<double>(noise_[i]) / 2 +
                                        (std::exp(log_variance) - 1) / 2 / images);
  }
  std::vector<float> by_hidden(static_cast<std::size_t>(batch.images.rows() * shape_.hidden)), more(by_hidden.size());
  mean_->backward(batch, hidden_, means_.data(), by_mean.data(), by_hidden.data());
  log_variance_->backward(batch, hidden_, log_variances_.data(), by_variance.data(), more.data());
  for (std::size_t i = 0; i < more.size(); ++i) by_hidden[i] += more[i];
  encoder_.backward(batch, pixels_.data(), by_hidden);
}

VaeLoss Autoencoder::step(const Batch& batch, const float* pixels, const Adam& adam, std::int64_t number) {
  const VaeLoss loss = forward(batch, pixels);
  if (!std::isfinite(loss.sum())) return loss;
  backward(batch, pixels);
  adam.step(parameters(), number, batch.pool);
  return loss;
}

std::vector<float> Autoencoder::reconstructions(std::int64_t images) const {
  std::vector<float> pixels;
  for (std::int64_t i = 0; i < images * shape_.pixels(); ++i)
    pixels.push_back(static_cast<float>(sigmoid(static_cast<double>(scores_[i]))));
  return pixels;
}

// An axis that is too short is padded by what it lacks on both sides, as torchvision does.
void grey_crop(const Image& image, std::int64_t side, double across, double down, float* out) {
  const auto first_of = [side](std::int64_t length, double drawn) {
    const std::int64_t pad = std::max<std::int64_t>(0, side - length), padded = length + 2 * pad;
    return static_cast<std::int64_t>(drawn * static_cast<double>(padded - side + 1)) - pad;
  };
  const std::int64_t left = first_of(image.width, across), top = first_of(image.height, down);
  for (std::int64_t y = 0; y < side; ++y)
    for (std::int64_t x = 0; x < side; ++x) {
      const std::int64_t v = top + y, u = left + x;
      float grey = 0;
      if (v >= 0 && v < image.height && u >= 0 && u < image.width) {
        const std::uint8_t* rgb = image.rgb.data() + 3 * (v * image.width + u);
        // Pillow's "L": ITU-R 601-2 luma in 16-bit fixed point.
        const unsigned level = (rgb[0] * 19595U + rgb[1] * 38470U + rgb[2] * 7471U + 0x8000U) >> 16;
        grey = static_cast<float>(level) / 255;
      }
      out[y * side + x] = grey;
    }
}

}  // namespace coterie::inline training
