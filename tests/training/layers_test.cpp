// Each layer's forward pass beside a plain one in double, and its gradients beside finite differences of that.

#include <doctest/doctest.h>

#include <cmath>
#include <functional>

#include "coterie/base/random.hpp"
#include "coterie/features/fast_convolution.hpp"
#include "coterie/training/chain.hpp"
#include "coterie/training/loss.hpp"

namespace coterie {
namespace {

using Doubles = std::vector<double>;

std::vector<float> noise(std::size_t count, std::uint32_t step) {
  const Random random(7, Purpose::test_data, step);
  std::vector<float> values;
  for (std::size_t i = 0; i < count; ++i) values.push_back(static_cast<float>(random.normal(i)));
  return values;
}

Doubles doubles(const std::vector<float>& values) { return {values.begin(), values.end()}; }

// The layer as plain arithmetic: all images' inputs, each parameter in the file's order, to all images' outputs.
using Plain = std::function<Doubles(const Doubles& in, const std::vector<Doubles>& parameters)>;

double weighted(const Doubles& out, const Doubles& weights) {
  double sum = 0;
  for (std::size_t i = 0; i < out.size(); ++i) sum += out[i] * weights[i];
  return sum;
}

// By the i-th number of `values`, which `plain` reads.
double difference(const std::function<double()>& loss, double& value) {
  constexpr double kStep = 1e-5;
  const double before = value;
  value = before + kStep;
  const double above = loss();
  value = before - kStep;
  const double below = loss();
  value = before;
  return (above - below) / (2 * kStep);
}

// The part of this rank's, or all of it.
std::vector<float> part_of(const std::vector<float>& all, const Batch& batch, bool whole) {
  if (whole) return all;
  const std::int64_t each = std::ssize(all) / batch.images.rows();
  return {all.begin() + batch.own().begin * each, all.begin() + batch.own().end * each};
}

void check_close(const std::vector<float>& found, const std::vector<float>& wanted) {
  REQUIRE(found.size() == wanted.size());
  double most = 1;
  for (const float value : wanted) most = std::max(most, std::fabs(static_cast<double>(value)));
  double worst = 0;
  for (std::size_t i = 0; i < found.size(); ++i)
    worst = std::max(worst, std::fabs(static_cast<double>(found[i]) - static_cast<double>(wanted[i])));
  CHECK(worst < 1e-5 * most);
}

void check_layer(std::unique_ptr<Layer> made, std::int64_t inputs, bool takes_all, const Plain& plain,
                 std::int64_t images = 5) {
  const Communicator& comm = Communicator::world();
  ThreadPool pool(2);
  const Batch batch = make_batch(images, 32, comm, pool);  // micro-batches of 2
  const Layer& layer = *made;
  const auto in = noise(static_cast<std::size_t>(images * inputs), 1);
  const auto weights = noise(static_cast<std::size_t>(images * layer.outputs()), 2);
  std::vector<Doubles> parameters;
  for (Parameter* each : made->parameters()) {
    auto all = noise(static_cast<std::size_t>(each->shape[0] * each->row_elements()),
                     static_cast<std::uint32_t>(3 + parameters.size()));
    parameters.push_back(doubles(all));
    const auto first = all.begin() + each->rows.begin * each->row_elements();
    each->values = in_memory_order(*each, {first, first + std::ssize(each->values)});
  }
  Chain chain;
  const auto own_parameters = made->parameters();
  const bool gives_all = layer.gives_all_images(), in_place = layer.in_place();
  const std::int64_t outputs = layer.outputs();
  if (in_place) chain.add(make_flatten({1, 1, inputs}));  // which gives it memory to work in
  chain.add(std::move(made));
  const auto own_in = part_of(in, batch, takes_all && !in_place);
  const float* out = chain.forward(batch, own_in.data());

  Doubles exact_in = doubles(in);
  const Doubles weights_in_double = doubles(weights);
  const auto loss = [&] { return weighted(plain(exact_in, parameters), weights_in_double); };
  const Doubles wanted = plain(exact_in, parameters);
  const std::int64_t held = gives_all ? images : batch.own_images();
  check_close({out, out + held * outputs}, part_of({wanted.begin(), wanted.end()}, batch, gives_all));

  std::vector<float> in_gradient(own_in.size());
  chain.backward(batch, own_in.data(), part_of(weights, batch, gives_all), in_gradient.data());
  std::vector<float> slopes;
  for (auto& value : exact_in) slopes.push_back(static_cast<float>(difference(loss, value)));
  check_close(in_gradient, part_of(slopes, batch, takes_all && !in_place));
  for (std::size_t p = 0; p < own_parameters.size(); ++p) {
    const Parameter& each = *own_parameters[p];
    if (!each.trained) continue;
    std::vector<float> by_parameter;
    for (auto& value : parameters[p]) by_parameter.push_back(static_cast<float>(difference(loss, value)));
    const auto first = by_parameter.begin() + each.rows.begin * each.row_elements();
    check_close(in_file_order(each, each.gradient), {first, first + std::ssize(each.values)});
  }
}

Plain plain_convolution(Map in, Map out, Sliding window) {
  return [=](const Doubles& from, const std::vector<Doubles>& parameters) {
    Doubles to;
    const std::int64_t images = std::ssize(from) / in.elements(), k = window.kernel;
    for (std::int64_t n = 0; n < images; ++n)
      for (std::int64_t y = 0; y < out.height; ++y)
        for (std::int64_t x = 0; x < out.width; ++x)
          for (std::int64_t o = 0; o < out.channels; ++o) {
            double sum = parameters[1][static_cast<std::size_t>(o)];
            for (std::int64_t i = 0; i < in.channels; ++i)
              for (std::int64_t t = 0; t < k * k; ++t) {
                const std::int64_t v = y * window.stride - window.padding + t / k;
                const std::int64_t u = x * window.stride - window.padding + t % k;
                if (v < 0 || v >= in.height || u < 0 || u >= in.width) continue;
                sum += parameters[0][static_cast<std::size_t>((o * in.channels + i) * k * k + t)] *
                       from[static_cast<std::size_t>(n * in.elements() + (v * in.width + u) * in.channels + i)];
              }
            to.push_back(sum);
          }
    return to;
  };
}

Plain plain_batch_norm(Map map) {
  return [=](const Doubles& from, const std::vector<Doubles>& parameters) {
    Doubles to(from.size());
    const auto channels = static_cast<std::size_t>(map.channels), pixels = from.size() / channels;
    for (std::size_t c = 0; c < channels; ++c) {
      double mean = 0, variance = 0;
      for (std::size_t p = 0; p < pixels; ++p) mean += from[p * channels + c] / static_cast<double>(pixels);
      for (std::size_t p = 0; p < pixels; ++p)
        variance += std::pow(from[p * channels + c] - mean, 2) / static_cast<double>(pixels);
      for (std::size_t p = 0; p < pixels; ++p)
        to[p * channels + c] =
            (from[p * channels + c] - mean) / std::sqrt(variance + 1e-5) * parameters[0][c] + parameters[1][c];
    }
    return to;
  };
}

Plain plain_max_pool(Map in, Map out, Sliding window) {
  return [=](const Doubles& from, const std::vector<Doubles>&) {
    Doubles to;
    for (std::int64_t n = 0; n < std::ssize(from) / in.elements(); ++n)
      for (std::int64_t y = 0; y < out.height; ++y)
        for (std::int64_t x = 0; x < out.width; ++x)
          for (std::int64_t c = 0; c < out.channels; ++c) {
            double most = -INFINITY;
            for (std::int64_t v = 0; v < window.kernel; ++v)
              for (std::int64_t u = 0; u < window.kernel; ++u)
                most = std::max(most,
                                from[static_cast<std::size_t>(
                                    n * in.elements() +
                                    ((y * window.stride + v) * in.width + x * window.stride + u) * in.channels + c)]);
            to.push_back(most);
          }
    return to;
  };
}

Plain plain_dense(std::int64_t inputs, std::int64_t outputs) {
  return [=](const Doubles& from, const std::vector<Doubles>& parameters) {
    Doubles to;
    for (std::int64_t n = 0; n < std::ssize(from) / inputs; ++n)
      for (std::int64_t o = 0; o < outputs; ++o) {
        double sum = parameters[1][static_cast<std::size_t>(o)];
        for (std::int64_t i = 0; i < inputs; ++i)
          sum +=
              parameters[0][static_cast<std::size_t>(o * inputs + i)] * from[static_cast<std::size_t>(n * inputs + i)];
        to.push_back(sum);
      }
    return to;
  };
}

TEST_CASE("a convolution and its gradients are those of plain arithmetic") {
  struct Case {
    Map in;
    std::int64_t channels;
    Sliding window;
  };
  const Case cases[] = {{{7, 6, 3}, 4, {3, 1, 1}},
                        {{13, 11, 2}, 4, {5, 2, 2}},
                        {{5, 5, 4}, 4, {1, 1, 0}},
                        // by Winograd's transforms: channels in multiples of 8, stride 1, 256 pixels in a batch
                        {{4, 5, 8}, 8, {3, 1, 1}}};
  for (const auto& [in, channels, window] : cases)
    check_layer(make_convolution("c", in, channels, window), in.elements(), false,
                plain_convolution(in, window.over(in, channels), window), channels == 8 ? 16 : 5);
}

TEST_CASE("a kernel's gradient by few multiplications is that by plain products") {
  const Communicator& comm = Communicator::world();
  ThreadPool pool(2);
  const Batch batch = make_batch(5, 32, comm, pool);
  const Map map{16, 15, 8};
  const auto in = noise(static_cast<std::size_t>(batch.own_images() * map.elements()), 1);
  const auto slopes = noise(static_cast<std::size_t>(batch.own_images() * map.pixels() * 16), 2);
  REQUIRE(FastKernelGradient::pays({16, 15, 8, 16, 3, 1}, batch.images.block(0).size()));
  const auto gradient = [&](std::int64_t first, std::int64_t channels) {  // by the kernel of these outputs alone
    const auto layer = make_convolution("c", map, channels, {3, 1, 1});
    std::vector<float> part;
    for (std::size_t at = 0; at < slopes.size(); at += 16)
      for (std::int64_t c = first; c < first + channels; ++c) part.push_back(slopes[at + static_cast<std::size_t>(c)]);
    layer->backward(batch, in.data(), nullptr, part.data(), nullptr);
    layer->finish_gradients();
    return in_file_order(*layer->parameters().front(), layer->parameters().front()->gradient);
  };
  auto apart = gradient(0, 8);  // 8 outputs are too few for it
  const auto rest = gradient(8, 8);
  apart.insert(apart.end(), rest.begin(), rest.end());
  check_close(gradient(0, 16), apart);
}

TEST_CASE("batch normalisation is by the statistics of the whole batch, and so are its gradients") {
  const Map map{3, 4, 5};
  check_layer(make_batch_norm("b", map), map.elements(), false, plain_batch_norm(map));
}

TEST_CASE("a max-pool hands gradients to the largest of each window") {
  const Map map{7, 9, 3};
  for (const Sliding window : {Sliding{3, 2, 0}, Sliding{2, 2, 0}})
    check_layer(make_max_pool(map, window), map.elements(), false,
                plain_max_pool(map, window.over(map, map.channels), window));
}

TEST_CASE("flattening brings all images to every rank, channels first") {
  const Map map{2, 3, 4};
  check_layer(make_flatten(map), map.elements(), false, [&](const Doubles& from, const auto&) {
    Doubles to;
    for (std::int64_t n = 0; n < std::ssize(from) / map.elements(); ++n)
      for (std::int64_t c = 0; c < map.channels; ++c)
        for (std::int64_t p = 0; p < map.pixels(); ++p)
          to.push_back(from[static_cast<std::size_t>(n * map.elements() + p * map.channels + c)]);
    return to;
  });
}

TEST_CASE("a dense layer's rows are shared out and its outputs and gradients are whole") {
  check_layer(make_dense("d", 11, 37, Communicator::world()), 11, true, plain_dense(11, 37));
  check_layer(make_dense("d", 9, 3, Communicator::world()), 9, true, plain_dense(9, 3));
}

TEST_CASE("ReLU passes what is positive") {
  check_layer(make_relu(13, true), 13, true, [](const Doubles& from, const auto&) {
    Doubles to;
    for (const double value : from) to.push_back(std::max(value, 0.0));
    return to;
  });
}

TEST_CASE("dropout keeps and doubles about half, the same ones in both directions") {
  const Communicator& comm = Communicator::world();
  ThreadPool pool(2);
  Batch batch = make_batch(6, 6, comm, pool);
  batch.epoch = 3;
  const auto dropout = make_dropout(1000, 1);
  std::vector<float> ones(6000, 1), slopes(6000, 1);
  dropout->forward(batch, ones.data(), ones.data());
  dropout->backward(batch, ones.data(), ones.data(), slopes.data(), slopes.data());
  CHECK(ones == slopes);
  double sum = 0;
  for (const float value : ones) sum += static_cast<double>(value);
  CHECK(std::fabs(sum / 6000 - 1) < 0.05);
  std::vector<float> later(6000, 1);
  batch.first = 6;
  dropout->forward(batch, later.data(), later.data());
  CHECK(later != ones);
}

TEST_CASE("losses and their gradients are those of plain arithmetic") {
  ThreadPool pool(1);
  const Batch batch = make_batch(3, 3, Communicator::world(), pool);
  const std::vector<std::int32_t> labels{2, 0, 1};
  auto scores = noise(12, 1);
  std::vector<float> gradient(12), pixels{0, 1, .25F, .5F, 0, 0, 1, 1, .75F, .125F, 0, 1}, slope(12);
  softmax_cross_entropy(batch, scores.data(), labels, 4, gradient.data());
  sigmoid_cross_entropy(batch, scores.data(), pixels.data(), 4, slope.data());
  const Doubles exact = doubles(scores);
  const auto softmax = [&](const Doubles& from) {
    double sum = 0;
    for (std::size_t n = 0; n < 3; ++n) {
      double all = 0;
      for (std::size_t k = 0; k < 4; ++k) all += std::exp(from[n * 4 + k]);
      sum -= std::log(std::exp(from[n * 4 + static_cast<std::size_t>(labels[n])]) / all) / 3;
    }
    return sum;
  };
  const auto crossed = [&](const Doubles& from) {
    double sum = 0;
    for (std::size_t i = 0; i < 12; ++i) {
      const double share = 1 / (1 + std::exp(-from[i])), pixel = static_cast<double>(pixels[i]);
      sum -= (pixel * std::log(share) + (1 - pixel) * std::log(1 - share)) / 3;
    }
    return sum;
  };
  std::vector<float> ignored(12);
  CHECK(softmax_cross_entropy(batch, scores.data(), labels, 4, ignored.data()) ==
        doctest::Approx(softmax(exact)).epsilon(1e-12));
  CHECK(sigmoid_cross_entropy(batch, scores.data(), pixels.data(), 4, ignored.data()) ==
        doctest::Approx(crossed(exact)).epsilon(1e-12));
  Doubles moved = exact;
  for (std::size_t i = 0; i < 12; ++i) {
    CHECK(static_cast<double>(gradient[i]) ==
          doctest::Approx(difference([&] { return softmax(moved); }, moved[i])).epsilon(1e-5));
    CHECK(static_cast<double>(slope[i]) ==
          doctest::Approx(difference([&] { return crossed(moved); }, moved[i])).epsilon(1e-5));
  }
}

}  // namespace
}  // namespace coterie
