#include <algorithm>
#include <cstring>
#include <optional>

#include "coterie/features/fast_convolution.hpp"
#include "coterie/training/layer.hpp"
#include "exact_sum.hpp"
#include "products.hpp"

namespace coterie::inline training {
namespace {

constexpr std::int64_t kPatchFloats = 1 << 19;  // of patches in hand: 2 MiB, what second-level caches hold

class Convolution final : public Layer {
 public:
  Convolution(const std::string& name, const Map& in, std::int64_t channels, const Sliding& window)
      : in_(in),
        out_(window.over(in, channels)),
        window_(window),
        patch_(window.kernel * window.kernel * in.channels),
        chunk_(std::clamp<std::int64_t>(kPatchFloats / patch_, 64, out_.pixels())),
        weight_(
            make_parameter(name + ".weight", {channels, in.channels, window.kernel, window.kernel}, Order::kernels)),
        bias_(make_parameter(name + ".bias", {channels})) {
    if (window.stride != 1 || window.padding >= window.kernel) return;
    fast_ = {in.height, in.width, in.channels, channels, window.kernel, window.padding};
    fast_back_ = {out_.height, out_.width, channels, in.channels, window.kernel, window.kernel - 1 - window.padding};
  }

  std::int64_t outputs() const override { return out_.elements(); }
  bool gives_all_images() const override { return false; }
  std::vector<Parameter*> parameters() override { return {&weight_, &bias_}; }

  void forward(const Batch& batch, const float* in, float* out) override {
    if (is_fast(fast_, batch)) return forward_fast(batch, in, out);
    batch.for_micro_batches([&](RowRange images, int) {
      std::vector<float> patches(static_cast<std::size_t>(chunk_ * patch_));
      for (std::int64_t image = images.begin; image < images.end; ++image)
        for (std::int64_t first = 0; first < out_.pixels(); first += chunk_) {
          const std::int64_t pixels = std::min(chunk_, out_.pixels() - first);
          float* to = out + image * out_.elements() + first * out_.channels;
          lay_out(in + image * in_.elements(), first, pixels, patches.data());
          for (std::int64_t pixel = 0; pixel < pixels; ++pixel)
            std::copy(bias_.values.begin(), bias_.values.end(), to + pixel * out_.channels);
          Product{.rows = pixels, .columns = out_.channels, .inner = patch_, .keep = 1}.run(patches.data(),
                                                                                            weight_.values.data(), to);
        }
    });
  }

  void backward(const Batch& batch, const float* in, const float*, float* out_gradient, float* in_gradient) override {
    sum_parameter_gradients(batch, in, out_gradient);
    if (in_gradient == nullptr) return;
    if (is_fast(fast_back_, batch)) return input_gradient_fast(batch, out_gradient, in_gradient);
    batch.for_micro_batches([&](RowRange images, int) {
      std::vector<float> patches(static_cast<std::size_t>(chunk_ * patch_));
      for (std::int64_t image = images.begin; image < images.end; ++image)
        set_input_gradient(out_gradient + image * out_.elements(), patches, in_gradient + image * in_.elements());
    });
  }

  void finish_gradients() override {
    if (!weight_sums_) return;
    weight_.gradient.resize(weight_.values.size());
    bias_.gradient.resize(bias_.values.size());
    weight_sums_->finish(weight_.gradient.data());
    bias_sums_->finish(bias_.gradient.data());
    weight_sums_.reset();
    bias_sums_.reset();
  }

 private:
  // Small maps of few images do not repay the kernel's transforms, which are new in every step. A function of the whole
  // batch, not of ranks.
  static bool is_fast(const FastConvolution::Shape& shape, const Batch& batch) {
    constexpr std::int64_t kLeastPixels = 256;
    return batch.images.rows() * shape.height * shape.width >= kLeastPixels && FastConvolution::pays(shape);
  }

  void forward_fast(const Batch& batch, const float* in, float* out) const {
    const FastConvolution convolution(weight_.values.data(), bias_.values.data(), fast_, batch.pool);
    batch.for_micro_batches([&](RowRange images, int) {
      convolution.run(in + images.begin * in_.elements(), images.size(), out + images.begin * out_.elements());
    });
  }

  // The convolution of the outputs' gradient with the kernel turned by half a circle, inputs and outputs exchanged.
  void input_gradient_fast(const Batch& batch, const float* out_gradient, float* in_gradient) const {
    const std::int64_t taps = window_.kernel * window_.kernel, size = in_.channels * out_.channels;
    std::vector<float> turned(weight_.values.size());
    batch.pool.for_each(taps, [&](std::int64_t tap, int) {
      const float* from = weight_.values.data() + (taps - 1 - tap) * size;
      float* to = turned.data() + tap * size;
      for (std::int64_t i = 0; i < in_.channels; ++i)
        for (std::int64_t o = 0; o < out_.channels; ++o) to[o * in_.channels + i] = from[i * out_.channels + o];
    });
    const FastConvolution convolution(turned.data(), nullptr, fast_back_, batch.pool);
    batch.for_micro_batches([&](RowRange images, int) {
      convolution.run(out_gradient + images.begin * out_.elements(), images.size(),
                      in_gradient + images.begin * in_.elements());
    });
  }

  void sum_parameter_gradients(const Batch& batch, const float* in, const float* out_gradient) {
    const std::int64_t own = batch.own_images(), weights = std::ssize(weight_.values);
    const std::int64_t micro = batch.images.block(0).size();
    const double slope =
        largest(batch, out_gradient, own * out_.elements()) * static_cast<double>(micro * out_.pixels());
    const double input = largest(batch, in, own * in_.elements());
    weight_sums_.emplace(batch, weights, slope * input, batch.images.blocks());
    bias_sums_.emplace(batch, out_.channels, slope, batch.images.blocks());
    std::optional<FastKernelGradient> fast;
    if (fast_.kernel > 0 && FastKernelGradient::pays(fast_, micro)) fast.emplace(fast_);
    batch.for_micro_batches([&](RowRange images, int worker) {
      std::vector<float> kernel(weight_.values.size());
      const float* slopes = out_gradient + images.begin * out_.elements();
      if (fast)
        fast->run(in + images.begin * in_.elements(), slopes, images.size(), kernel.data());
      else
        add_kernel_gradients(in + images.begin * in_.elements(), slopes, images.size(), kernel.data());
      weight_sums_->add(worker, 0, kernel.data(), weights);
      const auto bias = channel_sums(slopes, images.size() * out_.pixels());
      bias_sums_->add(worker, 0, bias.data(), std::ssize(bias));
    });
    weight_sums_->begin();
    bias_sums_->begin();
    if (batch.comm.size() == 1) finish_gradients();  // nothing is on its way that memory would have to be kept for
  }

  void add_kernel_gradients(const float* in, const float* out_gradient, std::int64_t images, float* kernel) const {
    std::vector<float> patches(static_cast<std::size_t>(chunk_ * patch_));
    for (std::int64_t image = 0; image < images; ++image)
      for (std::int64_t first = 0; first < out_.pixels(); first += chunk_) {
        const std::int64_t pixels = std::min(chunk_, out_.pixels() - first);
        lay_out(in + image * in_.elements(), first, pixels, patches.data());
        Product{.rows = patch_, .columns = out_.channels, .inner = pixels, .a_turned = true, .keep = 1}.run(
            patches.data(), out_gradient + image * out_.elements() + first * out_.channels, kernel);
      }
  }

  // In double, rounded once.
  std::vector<float> channel_sums(const float* values, std::int64_t pixels) const {
    std::vector<double> sums(bias_.values.size());
    for (std::int64_t pixel = 0; pixel < pixels; ++pixel, values += out_.channels)
      for (std::size_t c = 0; c < sums.size(); ++c) sums[c] += static_cast<double>(values[c]);
    return {sums.begin(), sums.end()};
  }

  void set_input_gradient(const float* out_gradient, std::vector<float>& patches, float* to) const {
    std::fill(to, to + in_.elements(), 0.0F);
    for (std::int64_t first = 0; first < out_.pixels(); first += chunk_) {
      const std::int64_t pixels = std::min(chunk_, out_.pixels() - first);
      Product{.rows = pixels, .columns = patch_, .inner = out_.channels, .b_turned = true}.run(
          out_gradient + first * out_.channels, weight_.values.data(), patches.data());
      add_back(patches.data(), first, pixels, to);
    }
  }

  // Calls work(place in the patches, offset in the image or -1, floats) for each run of floats of these pixels' patches
  // that lies in one row of the image.
  template <typename Work>
  void for_runs(std::int64_t first, std::int64_t pixels, const Work& work) const {
    const std::int64_t kernel = window_.kernel, row = kernel * in_.channels;
    for (std::int64_t pixel = first; pixel < first + pixels; ++pixel) {
      const std::int64_t top = pixel / out_.width * window_.stride - window_.padding;
      const std::int64_t left = pixel % out_.width * window_.stride - window_.padding;
      const std::int64_t begin = std::max<std::int64_t>(0, -left), end = std::min(kernel, in_.width - left);
      for (std::int64_t k = 0; k < kernel; ++k) {
        const std::int64_t place = (pixel - first) * patch_ + k * row, y = top + k;
        const bool inside = y >= 0 && y < in_.height && begin < end;
        work(place, inside ? (y * in_.width + left + begin) * in_.channels : -1, begin * in_.channels,
             (end - begin) * in_.channels);
      }
    }
  }

  void lay_out(const float* image, std::int64_t first, std::int64_t pixels, float* patches) const {
    const auto row = static_cast<std::size_t>(window_.kernel * in_.channels);
    for_runs(first, pixels, [&](std::int64_t place, std::int64_t offset, std::int64_t before, std::int64_t count) {
      float* to = patches + place;
      if (offset < 0) {
        std::memset(to, 0, row * sizeof(float));
        return;
      }
      if (count < static_cast<std::int64_t>(row)) std::memset(to, 0, row * sizeof(float));
      std::memcpy(to + before, image + offset, static_cast<std::size_t>(count) * sizeof(float));
    });
  }

  void add_back(const float* patches, std::int64_t first, std::int64_t pixels, float* image) const {
    for_runs(first, pixels, [&](std::int64_t place, std::int64_t offset, std::int64_t before, std::int64_t count) {
      if (offset < 0) return;
      const float* from = patches + place + before;
      float* to = image + offset;
      for (std::int64_t i = 0; i < count; ++i) to[i] += from[i];
    });
  }

  Map in_, out_;
  Sliding window_;
  std::int64_t patch_, chunk_;  // numbers of a patch; pixels whose patches are in hand together
  Parameter weight_, bias_;
  std::optional<ExactSum> weight_sums_, bias_sums_;    // from backward() to finish_gradients()
  FastConvolution::Shape fast_ = {}, fast_back_ = {};  // of kernel 0 where the stride is not 1
};

}  // namespace

std::unique_ptr<Layer> make_convolution(const std::string& name, const Map& in, std::int64_t channels,
                                        const Sliding& window) {
  return std::make_unique<Convolution>(name, in, channels, window);
}

}  // namespace coterie::inline training
