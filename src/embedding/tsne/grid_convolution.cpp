#include "tsne/grid_convolution.hpp"

#include <fftw3.h>

#include <algorithm>
#include <cmath>
#include <numbers>

namespace coterie::inline embedding {
namespace {

using Complex = std::complex<double>;

fftw_complex* of_fftw(Complex* values) { return reinterpret_cast<fftw_complex*>(values); }

// Lines that are taken out of the spectra at a time: so that whole cache lines are read.
constexpr std::int64_t kColumns = 8;

// The square of what spreading by splines makes of a wave, where the nodes are: B-splines of order 6 are 66, 26 and 1
// 120ths at their middle and the next two nodes.
double spline_response(std::int64_t wave, std::int64_t length) {
  const double angle = 2 * std::numbers::pi * static_cast<double>(wave) / static_cast<double>(length);
  const double response = (66 + 52 * std::cos(angle) + 2 * std::cos(2 * angle)) / 120;
  return response * response;
}

}  // namespace

struct GridConvolution::Plans {
  Plans(std::int64_t length, std::int64_t nodes) {
    AlignedVector<double> real(static_cast<std::size_t>(length));
    AlignedVector<Complex> wave(static_cast<std::size_t>(length)), half(static_cast<std::size_t>(nodes + 1));
    const int n = static_cast<int>(length);
    rows = fftw_plan_dft_r2c_1d(n, real.data(), of_fftw(half.data()), FFTW_ESTIMATE);
    rows_back = fftw_plan_dft_c2r_1d(n, of_fftw(half.data()), real.data(), FFTW_ESTIMATE);
    columns = fftw_plan_dft_1d(n, of_fftw(wave.data()), of_fftw(wave.data()), FFTW_FORWARD, FFTW_ESTIMATE);
    columns_back = fftw_plan_dft_1d(n, of_fftw(wave.data()), of_fftw(wave.data()), FFTW_BACKWARD, FFTW_ESTIMATE);
  }
  ~Plans() {
    for (const fftw_plan plan : {rows, rows_back, columns, columns_back}) fftw_destroy_plan(plan);
  }
  Plans(const Plans&) = delete;
  Plans& operator=(const Plans&) = delete;

  fftw_plan rows, rows_back, columns, columns_back;
};

struct GridConvolution::Workspace {
  Workspace(std::int64_t length, std::int64_t nodes, int dimensions)
      : real(static_cast<std::size_t>(length)),
        half(static_cast<std::size_t>(nodes + 1)),
        lines(static_cast<std::size_t>(length * kColumns)),
        plane(static_cast<std::size_t>(dimensions == 3 ? length * nodes : 0)) {}

  // A plan may be run on what is aligned as it was made for: lines are 16 times an even number of bytes long.
  Complex* line(std::int64_t c, std::int64_t length) { return lines.data() + c * length; }

  AlignedVector<double> real;
  AlignedVector<Complex> half, lines, plane;
};

GridConvolution::GridConvolution(int dimensions, std::int64_t nodes, const Communicator& comm)
    : dimensions_(dimensions),
      nodes_(nodes),
      length_(2 * nodes),
      comm_(comm),
      slabs_(nodes, 1, comm.size()),
      waves_(nodes + 1, 1, comm.size()),
      plans_(std::make_unique<Plans>(length_, nodes)) {
  for (int rank = 0; rank < comm.size(); ++rank) {
    wave_counts_.push_back(own_lines().size() * waves_.rows_of(rank).size());
    line_counts_.push_back(lines_of(rank).size() * own_waves().size());
  }
  by_rank_.resize(static_cast<std::size_t>(own_lines().size() * (nodes + 1)));
  if (comm.size() > 1) by_line_.resize(static_cast<std::size_t>(lines_of(comm.size()).begin * own_waves().size()));
}

GridConvolution::~GridConvolution() = default;

void GridConvolution::set_kernel(const std::function<double(double square)>& kernel, double spacing) {
  const std::int64_t side = nodes_ + 1, planes = dimensions_ == 3 ? side : 1;
  kernel_.resize(static_cast<std::size_t>(planes * side * side));
  const auto square = [&](std::int64_t steps) { return std::pow(spacing * static_cast<double>(steps), 2); };
  const auto at = [&](std::int64_t z, std::int64_t y, std::int64_t x) {
    return static_cast<std::size_t>((z * side + y) * side + x);
  };
  // [plane][column][row]: symmetric in all three, so that it does not matter yet which is which.
  for (std::int64_t z = 0; z < planes; ++z)
    for (std::int64_t y = 0; y < side; ++y)
      for (std::int64_t x = 0; x <= y; ++x)
        kernel_[at(z, y, x)] = kernel_[at(z, x, y)] = kernel(square(x) + square(y) + square(z));
  // Of an even sequence of 2 n numbers: a cosine transform of the n + 1 different ones.
  const int n = static_cast<int>(side);
  const fftw_plan plan = dimensions_ == 3 ? fftw_plan_r2r_3d(n, n, n, kernel_.data(), kernel_.data(), FFTW_REDFT00,
                                                             FFTW_REDFT00, FFTW_REDFT00, FFTW_ESTIMATE)
                                          : fftw_plan_r2r_2d(n, n, kernel_.data(), kernel_.data(), FFTW_REDFT00,
                                                             FFTW_REDFT00, FFTW_ESTIMATE);
  fftw_execute(plan);
  fftw_destroy_plan(plan);
  std::vector<double> filter;  // transforms there and back multiply by their length
  for (std::int64_t k = 0; k < side; ++k)
    filter.push_back(1 / (spline_response(k, length_) * static_cast<double>(length_)));
  for (std::int64_t z = 0, i = 0; z < planes; ++z)
    for (std::int64_t y = 0; y < side; ++y)
      for (std::int64_t x = 0; x < side; ++x, ++i)
        kernel_[static_cast<std::size_t>(i)] *= filter[static_cast<std::size_t>(x)] *
                                                filter[static_cast<std::size_t>(y)] *
                                                (planes > 1 ? filter[static_cast<std::size_t>(z)] : 1);
}

// For the waves of a line of nodes, at this place of the other dimensions: since the kernel is the same whichever
// dimension comes first, neighbours on the line lie side by side.
const double* GridConvolution::kernel_line(std::int64_t plane, std::int64_t column) const {
  return kernel_.data() + (plane * (nodes_ + 1) + column) * (nodes_ + 1);
}

RowRange GridConvolution::lines_of(int rank) const {
  const std::int64_t each = dimensions_ == 3 ? nodes_ : 1;
  const RowRange slab = slabs_.rows_of(rank);
  return {slab.begin * each, slab.end * each};
}

void GridConvolution::apply(std::span<double> grid, ThreadPool& pool) {
  while (std::ssize(workspaces_) < pool.threads())
    workspaces_.push_back(std::make_unique<Workspace>(length_, nodes_, dimensions_));
  transform_lines(grid, pool);
  share_waves();
  const std::int64_t waves = own_waves().size();
  if (dimensions_ == 2)
    pool.for_each((waves + kColumns - 1) / kColumns, [&](std::int64_t block, int worker) {
      const std::int64_t first = block * kColumns;
      filter_columns(first, std::min(kColumns, waves - first), *workspaces_[static_cast<std::size_t>(worker)]);
    });
  else
    pool.for_each(waves, [&](std::int64_t column, int worker) {
      filter_plane(column, *workspaces_[static_cast<std::size_t>(worker)]);
    });
  share_lines();
  transform_lines_back(grid, pool);
  std::vector<std::int64_t> sizes;
  for (int rank = 0; rank < comm_.size(); ++rank) sizes.push_back(lines_of(rank).size() * nodes_);
  comm_.gather_in_place(grid, sizes);
}

void GridConvolution::transform_lines(std::span<const double> grid, ThreadPool& pool) {
  const RowRange own = own_lines();
  pool.for_each(own.size(), [&](std::int64_t line, int worker) {
    Workspace& workspace = *workspaces_[static_cast<std::size_t>(worker)];
    std::copy_n(grid.data() + (own.begin + line) * nodes_, nodes_, workspace.real.begin());
    std::fill(workspace.real.begin() + nodes_, workspace.real.end(), 0.0);
    fftw_execute_dft_r2c(plans_->rows, workspace.real.data(), of_fftw(workspace.half.data()));
    for (int rank = 0; rank < comm_.size(); ++rank) {
      const RowRange waves = waves_.rows_of(rank);
      std::copy_n(workspace.half.begin() + waves.begin, waves.size(),
                  by_rank_.begin() + own.size() * waves.begin + line * waves.size());
    }
  });
}

void GridConvolution::transform_lines_back(std::span<double> grid, ThreadPool& pool) {
  const RowRange own = own_lines();
  pool.for_each(own.size(), [&](std::int64_t line, int worker) {
    Workspace& workspace = *workspaces_[static_cast<std::size_t>(worker)];
    for (int rank = 0; rank < comm_.size(); ++rank) {
      const RowRange waves = waves_.rows_of(rank);
      std::copy_n(by_rank_.begin() + own.size() * waves.begin + line * waves.size(), waves.size(),
                  workspace.half.begin() + waves.begin);
    }
    fftw_execute_dft_c2r(plans_->rows_back, of_fftw(workspace.half.data()), workspace.real.data());
    std::copy_n(workspace.real.begin(), nodes_, grid.data() + (own.begin + line) * nodes_);
  });
}

void GridConvolution::share_waves() {
  if (comm_.size() == 1) return by_rank_.swap(by_line_);
  comm_.exchange(std::span<const Complex>(by_rank_), wave_counts_, std::span<Complex>(by_line_), line_counts_);
}

void GridConvolution::share_lines() {
  if (comm_.size() == 1) return by_rank_.swap(by_line_);
  comm_.exchange(std::span<const Complex>(by_line_), line_counts_, std::span<Complex>(by_rank_), wave_counts_);
}

// This rank's waves `first` .. of all rows: transforms them along the columns, multiplies, and transforms them back.
void GridConvolution::filter_columns(std::int64_t first, std::int64_t count, Workspace& workspace) {
  const std::int64_t side = nodes_ + 1, waves = own_waves().size();
  for (std::int64_t y = 0; y < nodes_; ++y)
    for (std::int64_t c = 0; c < count; ++c)
      workspace.line(c, length_)[y] = by_line_[static_cast<std::size_t>(y * waves + first + c)];
  for (std::int64_t c = 0; c < count; ++c) {
    Complex* const line = workspace.line(c, length_);
    std::fill(line + nodes_, line + length_, Complex());
    fftw_execute_dft(plans_->columns, of_fftw(line), of_fftw(line));
    const double* const kernel = kernel_line(0, own_waves().begin + first + c);
    for (std::int64_t k = 0; k < side; ++k) line[k] *= kernel[k];
    for (std::int64_t k = side; k < length_; ++k) line[k] *= kernel[length_ - k];
    fftw_execute_dft(plans_->columns_back, of_fftw(line), of_fftw(line));
  }
  for (std::int64_t y = 0; y < nodes_; ++y)
    for (std::int64_t c = 0; c < count; ++c)
      by_line_[static_cast<std::size_t>(y * waves + first + c)] = workspace.line(c, length_)[y];
}

// The same of one wave of all rows of a cube.
void GridConvolution::filter_plane(std::int64_t column, Workspace& workspace) {
  const std::int64_t side = nodes_ + 1, waves = own_waves().size();
  for (std::int64_t z = 0; z < nodes_; ++z) {
    Complex* const row = workspace.plane.data() + z * length_;
    for (std::int64_t y = 0; y < nodes_; ++y)
      row[y] = by_line_[static_cast<std::size_t>((z * nodes_ + y) * waves + column)];
    std::fill(row + nodes_, row + length_, Complex());
    fftw_execute_dft(plans_->columns, of_fftw(row), of_fftw(row));
  }
  for (std::int64_t y = 0; y < length_; ++y) {
    Complex* const line = workspace.line(0, length_);
    for (std::int64_t z = 0; z < nodes_; ++z) line[z] = workspace.plane[static_cast<std::size_t>(z * length_ + y)];
    std::fill(line + nodes_, line + length_, Complex());
    fftw_execute_dft(plans_->columns, of_fftw(line), of_fftw(line));
    const double* const kernel = kernel_line(std::min(y, length_ - y), own_waves().begin + column);
    for (std::int64_t k = 0; k < side; ++k) line[k] *= kernel[k];
    for (std::int64_t k = side; k < length_; ++k) line[k] *= kernel[length_ - k];
    fftw_execute_dft(plans_->columns_back, of_fftw(line), of_fftw(line));
    for (std::int64_t z = 0; z < nodes_; ++z) workspace.plane[static_cast<std::size_t>(z * length_ + y)] = line[z];
  }
  for (std::int64_t z = 0; z < nodes_; ++z) {
    Complex* const row = workspace.plane.data() + z * length_;
    fftw_execute_dft(plans_->columns_back, of_fftw(row), of_fftw(row));
    for (std::int64_t y = 0; y < nodes_; ++y)
      by_line_[static_cast<std::size_t>((z * nodes_ + y) * waves + column)] = row[y];
  }
}

std::int64_t friendly_nodes(std::int64_t nodes) {
  for (std::int64_t n = nodes + nodes % 2;; n += 2) {
    std::int64_t rest = n;
    for (const std::int64_t factor : {2, 3, 5})
      while (rest % factor == 0) rest /= factor;
    if (rest == 1) return n;
  }
}

}  // namespace coterie::inline embedding
