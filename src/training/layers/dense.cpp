#include <algorithm>
#include <optional>

#include "coterie/training/layer.hpp"
#include "exact_sum.hpp"
#include "products.hpp"

namespace coterie::inline training {
namespace {

constexpr std::int64_t kBlocks = 32;     // of a layer: what ranks and threads can share out
constexpr std::int64_t kMostRows = 512;  // of a block
constexpr std::int64_t kRowsMultiple = 8;

// A function of the layer alone.
std::int64_t block_rows(std::int64_t outputs) {
  const std::int64_t rows = (outputs + kBlocks - 1) / kBlocks;
  return std::min((rows + kRowsMultiple - 1) / kRowsMultiple * kRowsMultiple, kMostRows);
}

class Dense final : public Layer {
 public:
  Dense(const std::string& name, std::int64_t inputs, std::int64_t outputs, const Communicator& comm)
      : inputs_(inputs), outputs_(outputs), rows_(outputs, block_rows(outputs), comm.size()) {
    weight_ = part(name + ".weight", {outputs, inputs}, comm);
    bias_ = part(name + ".bias", {outputs}, comm);
  }

  std::int64_t outputs() const override { return outputs_; }
  bool gives_all_images() const override { return true; }
  std::vector<Parameter*> parameters() override { return {&weight_, &bias_}; }

  void forward(const Batch& batch, const float* in, float* out) override {
    const std::int64_t images = batch.images.rows();
    std::vector<float> own(static_cast<std::size_t>(images * weight_.rows.size()));
    for_blocks(batch, [&](RowRange rows, std::int64_t at, int) {  // each block as images × rows
      float* to = own.data() + images * at;
      for (std::int64_t image = 0; image < images; ++image)
        std::copy_n(bias_.values.data() + at, rows.size(), to + image * rows.size());
      Product{.rows = images, .columns = rows.size(), .inner = inputs_, .b_turned = true, .keep = 1}.run(
          in, weight_.values.data() + at * inputs_, to);
    });
    batch.bytes += std::ssize(own) * 4;
    const auto all = batch.comm.gather_all(std::span<const float>(own));
    batch.pool.for_each(rows_.blocks(), [&](std::int64_t block, int) {
      const RowRange rows = rows_.block(block);
      const float* from = all.data() + images * rows.begin;
      for (std::int64_t image = 0; image < images; ++image)
        std::copy_n(from + image * rows.size(), rows.size(), out + image * outputs_ + rows.begin);
    });
  }

  void backward(const Batch& batch, const float* in, const float*, float* out_gradient, float* in_gradient) override {
    std::optional<ExactSum> sums;
    if (in_gradient != nullptr) begin_input_gradient(batch, out_gradient, sums);
    set_parameter_gradients(batch, in, out_gradient);
    if (sums) sums->finish(in_gradient);
  }

 private:
  Parameter part(const std::string& name, std::vector<std::int64_t> shape, const Communicator& comm) const {
    Parameter parameter{name, std::move(shape)};
    parameter.rows = rows_.rows_of(comm.rank());
    parameter.shared_out = true;
    parameter.values.assign(static_cast<std::size_t>(parameter.rows.size() * parameter.row_elements()), 0);
    return parameter;
  }

  // From each block of rows a term, on its way while the parameters' gradients are computed.
  void begin_input_gradient(const Batch& batch, const float* out_gradient, std::optional<ExactSum>& sums) const {
    const std::int64_t images = batch.images.rows();
    const double slope = largest(batch, out_gradient, images * outputs_);
    const double weight = largest(batch, weight_.values.data(), std::ssize(weight_.values));
    sums.emplace(batch, images * inputs_, slope * weight * static_cast<double>(rows_.block(0).size()), rows_.blocks());
    for_blocks(batch, [&](RowRange rows, std::int64_t at, int worker) {
      const auto slopes = columns_of(out_gradient, images, rows);
      std::vector<float> part(static_cast<std::size_t>(images * inputs_));
      Product{.rows = images, .columns = inputs_, .inner = rows.size()}.run(
          slopes.data(), weight_.values.data() + at * inputs_, part.data());
      sums->add(worker, 0, part.data(), std::ssize(part));
    });
    sums->begin();
  }

  void set_parameter_gradients(const Batch& batch, const float* in, const float* out_gradient) {
    const std::int64_t images = batch.images.rows();
    weight_.gradient.resize(weight_.values.size());
    bias_.gradient.resize(bias_.values.size());
    for_blocks(batch, [&](RowRange rows, std::int64_t at, int) {
      const auto slopes = columns_of(out_gradient, images, rows);
      Product{.rows = rows.size(), .columns = inputs_, .inner = images, .a_turned = true}.run(
          slopes.data(), in, weight_.gradient.data() + at * inputs_);
      for (std::int64_t row = 0; row < rows.size(); ++row) {
        double sum = 0;
        for (std::int64_t image = 0; image < images; ++image)
          sum += static_cast<double>(slopes[static_cast<std::size_t>(image * rows.size() + row)]);
        bias_.gradient[static_cast<std::size_t>(at + row)] = static_cast<float>(sum);
      }
    });
  }

  std::vector<float> columns_of(const float* out_gradient, std::int64_t images, RowRange columns) const {
    std::vector<float> part(static_cast<std::size_t>(images * columns.size()));
    for (std::int64_t image = 0; image < images; ++image)
      std::copy_n(out_gradient + image * outputs_ + columns.begin, columns.size(),
                  part.data() + image * columns.size());
    return part;
  }

  // work(rows of a block, the first of them counted from this rank's first, worker)
  template <typename Work>
  void for_blocks(const Batch& batch, const Work& work) const {
    const RowRange blocks = rows_.blocks_of(batch.comm.rank());
    batch.pool.for_each(blocks.size(), [&](std::int64_t index, int worker) {
      const RowRange rows = rows_.block(blocks.begin + index);
      work(rows, rows.begin - weight_.rows.begin, worker);
    });
  }

  std::int64_t inputs_, outputs_;
  RowPartition rows_;
  Parameter weight_, bias_;
};

}  // namespace

std::unique_ptr<Layer> make_dense(const std::string& name, std::int64_t inputs, std::int64_t outputs,
                                  const Communicator& comm) {
  return std::make_unique<Dense>(name, inputs, outputs, comm);
}

}  // namespace coterie::inline training
