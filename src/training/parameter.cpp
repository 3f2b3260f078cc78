#include "coterie/base/errors.hpp"
#include "coterie/training/layer.hpp"
#include "draw_normal.hpp"

namespace coterie::inline training {
namespace {

std::int64_t product(const std::vector<std::int64_t>& shape, std::size_t from) {
  std::int64_t elements = 1;
  for (std::size_t axis = from; axis < shape.size(); ++axis) elements *= shape[axis];
  return elements;
}

// place(o, i, t): of output o, input i and tap t in memory; files have them in the loops' order.
template <typename Copy>
void for_kernels(const Parameter& parameter, const Copy& copy) {
  const std::int64_t outputs = parameter.shape[0], inputs = parameter.shape[1], taps = product(parameter.shape, 2);
  std::size_t in_file = 0;
  for (std::int64_t o = 0; o < outputs; ++o)
    for (std::int64_t i = 0; i < inputs; ++i)
      for (std::int64_t t = 0; t < taps; ++t) copy(in_file++, static_cast<std::size_t>((t * inputs + i) * outputs + o));
}

}  // namespace

std::int64_t Parameter::row_elements() const { return product(shape, 1); }

Parameter make_parameter(std::string name, std::vector<std::int64_t> shape, Order order, bool trained) {
  Parameter parameter{std::move(name), std::move(shape), order, trained};
  parameter.rows = {0, parameter.shape.front()};
  parameter.values.assign(static_cast<std::size_t>(product(parameter.shape, 0)), 0);
  return parameter;
}

std::vector<float> in_file_order(const Parameter& parameter, const std::vector<float>& values) {
  if (parameter.order == Order::rows) return values;
  std::vector<float> file(values.size());
  for_kernels(parameter, [&](std::size_t in_file, std::size_t in_memory) { file[in_file] = values[in_memory]; });
  return file;
}

std::vector<float> in_memory_order(const Parameter& parameter, const std::vector<float>& values) {
  if (parameter.order == Order::rows) return values;
  std::vector<float> memory(values.size());
  for_kernels(parameter, [&](std::size_t in_file, std::size_t in_memory) { memory[in_memory] = values[in_file]; });
  return memory;
}

void draw_normal(Parameter& parameter, double deviation, const Random& random, ThreadPool& pool) {
  const std::int64_t row = parameter.row_elements();
  std::vector<float> drawn(parameter.values.size());
  pool.for_each(parameter.rows.size(), [&](std::int64_t index, int) {
    for (std::int64_t i = index * row; i < (index + 1) * row; ++i)
      drawn[static_cast<std::size_t>(i)] =
          static_cast<float>(deviation * random.normal(static_cast<std::uint64_t>(parameter.rows.begin * row + i)));
  });
  parameter.values = in_memory_order(parameter, drawn);
}

Map Sliding::over(const Map& in, std::int64_t channels) const {
  const auto slide = [&](std::int64_t size) { return (size + 2 * padding - kernel) / stride + 1; };
  require(in.height + 2 * padding >= kernel && in.width + 2 * padding >= kernel,
          "a window of {} pixels does not fit a map of {} x {}: the images are too small for this network", kernel,
          in.height, in.width);
  return {slide(in.height), slide(in.width), channels};
}

}  // namespace coterie::inline training
