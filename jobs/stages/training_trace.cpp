#include "stages/training_trace.hpp"

#include "coterie/base/new_file.hpp"
#include "coterie/base/npy.hpp"
#include "coterie/training/deepcluster_network.hpp"

namespace coterie::jobs {

std::string TrainingTrace::path(const char* what, std::uint32_t epoch) const {
  return fmt::format("{}/{}-{}.npy", folder_, what, epoch);
}

void TrainingTrace::begin(const std::vector<std::string>& paths, const std::function<TorchCheckpoint()>& start) const {
  if (!wanted()) return;
  const TorchCheckpoint weights = start();
  job_.comm.on_root([&] {
    make_folder(folder_);
    write_torch_checkpoint(weights, folder_ + "/start.pth.tar");
    write_new_file(folder_ + "/paths.txt", fmt::format("{}\n", fmt::join(paths, "\n")));
  });
}

void TrainingTrace::take(std::span<const View> views, double loss) {
  if (!wanted()) return;
  std::vector<std::int32_t> own;
  for (const auto& view : views)
    for (const std::int32_t number :
         {view.crop.x, view.crop.y, view.crop.width, view.crop.height, static_cast<std::int32_t>(view.flip)})
      own.push_back(number);
  const auto all = job_.comm.gather_all(std::span<const std::int32_t>(own));
  views_.insert(views_.end(), all.begin(), all.end());
  losses_.push_back(loss);
}

void TrainingTrace::end_epoch(std::uint32_t epoch, const EpochOrder& order) {
  if (!wanted()) return;
  job_.comm.on_root([&] {
    write_npy(path("rows", epoch), order.rows.data(), {order.size()});
    write_npy(path("labels", epoch), order.labels.data(), {order.size()});
    write_npy(path("views", epoch), views_.data(), {std::ssize(views_) / 5, 5});
    write_npy(path("losses", epoch), losses_.data(), {std::ssize(losses_)});
  });
  views_.clear();
  losses_.clear();
}

void TrainingTrace::top(std::uint32_t epoch, const Parameter& weight) const {
  if (!wanted()) return;
  const auto all = gathered(weight, weight.values, job_.comm);
  job_.comm.on_root([&] { write_npy(path("top", epoch), all.data(), weight.shape); });
}

}  // namespace coterie::jobs
