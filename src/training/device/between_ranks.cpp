#define AT_PER_OPERATOR_HEADERS
#include "device/between_ranks.hpp"

#include <ATen/ops/from_blob.h>

#include "exact_sum.hpp"

namespace coterie::inline training {
namespace {

at::Tensor on_host(const at::Tensor& values) { return values.to(at::kCPU).contiguous(); }

template <typename T>
std::span<const T> numbers_of(const at::Tensor& host) {
  return {host.data_ptr<T>(), static_cast<std::size_t>(host.numel())};
}

template <typename T>
at::Tensor copied(const std::vector<T>& values, at::IntArrayRef shape, const at::Tensor& like) {
  const at::Tensor borrowed = at::from_blob(const_cast<T*>(values.data()), shape, like.scalar_type());
  return borrowed.to(like.device(), like.scalar_type(), false, true);
}

}  // namespace

at::Tensor gathered_rows(const Batch& batch, const at::Tensor& own) {
  if (batch.comm.size() == 1) return own;
  const at::Tensor host = on_host(own);
  batch.bytes += host.numel() * 4;
  const auto all = batch.comm.gather_all(numbers_of<float>(host));
  return copied(all, {std::ssize(all) / own.size(1), own.size(1)}, own);
}

at::Tensor sum_in_order(const Batch& batch, const at::Tensor& own) {
  if (batch.comm.size() == 1) return own;
  const at::Tensor host = on_host(own);
  batch.bytes += host.numel() * 8;
  const auto all = batch.comm.gather_all(numbers_of<double>(host));
  std::vector<double> sums(static_cast<std::size_t>(host.numel()));
  for (std::size_t i = 0; i < all.size(); ++i) sums[i % sums.size()] += all[i];
  return copied(sums, own.sizes(), own);
}

at::Tensor sum_exactly(const Batch& batch, const at::Tensor& own) {
  if (batch.comm.size() == 1) return own;
  const at::Tensor host = on_host(own);
  const auto terms = numbers_of<float>(host);
  ExactSum sums(batch, std::ssize(terms), largest(batch, terms.data(), std::ssize(terms)), batch.comm.size());
  sums.add(0, 0, terms.data(), std::ssize(terms));
  std::vector<float> total(terms.size());
  sums.begin();
  sums.finish(total.data());
  return copied(total, own.sizes(), own);
}

}  // namespace coterie::inline training
