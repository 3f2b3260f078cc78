// layers_bench BACKBONE [BATCH [ROUNDS]]: where a backbone's time goes on one core, with random weights. For each step
// of its plan the milliseconds per image and the GFLOP/s (nominal flops: 2 × taps × inputs × outputs, so a fast
// algorithm can exceed the peak); then images per second, beside what the core does at most in the same run. The
// median of the rounds, by the thread's own clock.

#include <algorithm>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include "coterie/base/errors.hpp"
#include "coterie/base/random.hpp"
#include "coterie/base/thread_seconds.hpp"
#include "coterie/features/allocator.hpp"
#include "coterie/features/backbone.hpp"
#include "nets/cpu_engine.hpp"

namespace {

using namespace coterie;

double median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2), values.end());
  return values[values.size() / 2];
}

// Twelve chains of fused multiply-adds that never leave the registers.
double peak_gflops() {
  using Lanes = float __attribute__((vector_size(32)));
  constexpr int kChains = 12;
  constexpr std::int64_t kTimes = 20'000'000;
  Lanes sums[kChains];
  for (int chain = 0; chain < kChains; ++chain) sums[chain] = Lanes{} + static_cast<float>(chain);
  const Lanes factor = Lanes{} + 0.999f, step = Lanes{} + 1e-3f;
  const double start = thread_seconds();
  for (std::int64_t i = 0; i < kTimes; ++i) {
#pragma GCC unroll 12
    for (int chain = 0; chain < kChains; ++chain) sums[chain] = sums[chain] * factor + step;
  }
  const double seconds = thread_seconds() - start;
  volatile float used = 0;
  for (const Lanes& sum : sums) used = used + sum[0];
  return 2.0 * 8 * kChains * kTimes / seconds * 1e-9;
}

double nominal_flops(const Plan& plan, std::size_t step) {
  const Step& what = plan.steps()[step];
  const Extent &from = plan.extent(what.inputs[0]), &to = plan.extent(static_cast<Value>(step + 1));
  const auto taps = static_cast<double>(what.window.taps() * to.elements());
  if (what.kind == Step::Kind::convolution) return 2 * taps * static_cast<double>(from.channels);
  return what.kind == Step::Kind::depthwise ? 2 * taps : 0;
}

std::string describe(const Plan& plan, std::size_t step) {
  static constexpr const char* kNames[] = {"convolution", "depthwise",    "normalise",
                                           "max_pool",    "average_pool", "average",
                                           "concatenate", "flatten",      "flatten_channels_first",
                                           "softmax"};
  const Step& what = plan.steps()[step];
  const Extent &from = plan.extent(what.inputs[0]), &to = plan.extent(static_cast<Value>(step + 1));
  return fmt::format("{:12} {}x{}/{} {:4}x{:<4} {:5} -> {:<5}", kNames[static_cast<int>(what.kind)],
                     what.window.rows.kernel, what.window.columns.kernel, what.window.rows.stride, from.height,
                     from.width, from.channels, to.channels);
}

std::vector<float> noise(std::int64_t count) {
  const Random random(3, Purpose::test_data, 0);
  std::vector<float> values(static_cast<std::size_t>(count));
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(random.normal(i));
  return values;
}

struct Rounds {
  std::vector<std::vector<double>> steps;  // seconds of each step, each round
  std::vector<double> totals, peaks;
};

Rounds measure(const Plan& plan, std::int64_t batch, std::int64_t rounds) {
  std::vector<double> seconds(plan.steps().size());
  const auto engine = make_timed_cpu_engine(plan, RandomWeights(1), seconds);
  const auto pixels = noise(batch * plan.extent(kInput).elements());
  std::vector<float> features(static_cast<std::size_t>(batch * plan.extent(plan.outputs()[0]).elements()));
  float* const outs[] = {features.data()};
  engine->run(pixels.data(), batch, outs);
  Rounds all{std::vector<std::vector<double>>(seconds.size()), {}, {}};
  for (std::int64_t round = 0; round < rounds; ++round) {
    std::fill(seconds.begin(), seconds.end(), 0.0);
    const double start = thread_seconds();
    engine->run(pixels.data(), batch, outs);
    all.totals.push_back(thread_seconds() - start);
    for (std::size_t i = 0; i < seconds.size(); ++i) all.steps[i].push_back(seconds[i]);
    all.peaks.push_back(peak_gflops());
  }
  return all;
}

void report(const Plan& plan, const Rounds& rounds, double batch) {
  const double total = median(rounds.totals) / batch, peak = median(rounds.peaks);
  double flops = 0;
  for (std::size_t i = 0; i < plan.steps().size(); ++i) {
    const double seconds = median(rounds.steps[i]) / batch, own = nominal_flops(plan, i);
    flops += own;
    std::printf("%s %8.3f ms %5.1f %% %7.1f GFLOP/s\n", describe(plan, i).c_str(), 1e3 * seconds, 100 * seconds / total,
                own / seconds * 1e-9);
  }
  std::printf("%.1f images/s, %.2f ms and %.2f nominal GFLOP an image: %.1f GFLOP/s, %.0f %% of the core's %.1f\n",
              1 / total, 1e3 * total, 1e-9 * flops, flops / total * 1e-9, 100 * flops / total * 1e-9 / peak, peak);
}

void run(const std::string& name, std::int64_t batch, std::int64_t rounds) {
  const Backbone backbone = find_backbone(name);
  require(backbone.plans != nullptr, "layers_bench: {} is not one of coterie's networks", name);
  Plan plan = backbone.plans().front();
  plan.keep(std::vector<std::string>{backbone.default_layer});
  report(plan, measure(plan, batch, rounds), static_cast<double>(batch));
}

}  // namespace

int main(int argc, char** argv) {
  keep_allocator();
  try {
    require(argc >= 2 && argc <= 4, "usage: layers_bench BACKBONE [BATCH [ROUNDS]]");
    run(argv[1], argc > 2 ? std::stoll(argv[2]) : 32, argc > 3 ? std::stoll(argv[3]) : 3);
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "layers_bench: %s\n", error.what());
    return 1;
  }
}
