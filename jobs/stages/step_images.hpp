#pragma once

#include <array>
#include <optional>
#include <span>
#include <vector>

#include "coterie/training/deepcluster_network.hpp"
#include "coterie/training/sampler.hpp"
#include "coterie/training/view.hpp"
#include "stages/image_list.hpp"
#include "stages/training_images.hpp"

namespace coterie::jobs {

/// What DeepCluster's network sees in the steps of an epoch: this rank's images, cropped and flipped as drawn, as Sobel
/// gradients. Where the network is on a GPU, the images of the next step are decoded while it computes this one, by
/// threads of their own, into the other half of memory that is there twice.
class StepImages {
 public:
  /// All of them outlive it.
  StepImages(const ImageList& list, const Preprocess& preprocess, DeepClusterNetwork& network, const EpochOrder& drawn,
             int threads);

  struct Taken {
    const float* gradients;  ///< for DeepClusterNetwork::step
    std::span<const View> views;
  };

  /// The images of a batch, until the next call; `next`: the batch that will be asked for then. Collective.
  Taken take(const Batch& batch, const std::optional<Batch>& next);

 private:
  struct Half {
    std::vector<View> views;
    float* gradients = nullptr;
  };

  Half& prepare(const Batch& batch);
  Render render_into(Half& half, const Batch& batch) const;

  const ImageList& list_;
  const Preprocess& preprocess_;
  DeepClusterNetwork& network_;
  const EpochOrder& drawn_;
  const std::int64_t side_;
  std::array<Half, 2> halves_;
  int current_ = 0;
  std::optional<std::int64_t> begun_;  // the first position of the batch that is decoded ahead
  std::optional<ImagesAhead> ahead_;
};

}  // namespace coterie::jobs
