#include "coterie/topics/spatial_lda.hpp"

#include <algorithm>
#include <numeric>

#include "coterie/base/errors.hpp"
#include "inference/variational_bayes.hpp"
#include "spatial/image.hpp"
#include "spatial/regions.hpp"

namespace coterie::inline topics {
namespace {

/// Of each own image, and the places of their gamma: offsets by images.
struct Regions {
  std::vector<std::int64_t> counts, offsets;  // regions; numbers of gamma before the image's
};

Regions regions_of(const PlacedWords& images, const RegionOptions& options, std::int64_t topics) {
  Regions found{.offsets = {0}};
  for (std::size_t g = 0; g < images.width.size(); ++g) {
    found.counts.push_back(grid_of(images.width[g], images.height[g], options).size());
    found.offsets.push_back(found.offsets.back() + found.counts.back() * topics);
  }
  return found;
}

/// Images as units: the Dirichlet posteriors of their regions.
class ImageUnits final : public Units {
 public:
  ImageUnits(const PlacedWords& images, const SpatialLdaOptions& options, const Communicator& comm, int threads)
      : images_(images), regions_(regions_of(images, options.regions, options.lda.topics)) {
    global = images.global_images;
    local = images.local;
    gamma_size = regions_.offsets.back();
    vocabulary = images.vocabulary;
    const UpdateLimits limits{options.lda.max_doc_update_iter, options.lda.mean_change_tol};
    inference_.assign(static_cast<std::size_t>(threads),
                      ImageInference(doc_topic_prior(options.lda), limits, options.regions));
    std::vector<std::int64_t> totals(static_cast<std::size_t>(vocabulary));
    for (const auto word : images.words) ++totals[static_cast<std::size_t>(word)];
    comm.sum(totals);
    const std::int64_t most = *std::max_element(totals.begin(), totals.end());
    require(most > 0, "topics: no image has a word");
    scale = share_scale(1, most);
  }

  double infer(std::int64_t unit, int worker, const WordTable& table, bool may_keep, double* gamma, std::int64_t* sums,
               double steps_per_unit) override {
    double* const own = gamma + regions_.offsets[static_cast<std::size_t>(unit)];
    const std::int64_t size =
        regions_.offsets[static_cast<std::size_t>(unit) + 1] - regions_.offsets[static_cast<std::size_t>(unit)];
    auto& inference = inference_[static_cast<std::size_t>(worker)];
    inference.take(table, images_, unit);
    return infer_from_best(inference, may_keep, own, size, sums, steps_per_unit);
  }

 private:
  const PlacedWords& images_;
  Regions regions_;
  std::vector<ImageInference> inference_;  // one for each thread
};

}  // namespace

PlacedWords own_images(const PlacedWords& whole, const Communicator& comm) {
  PlacedWords own{.vocabulary = whole.vocabulary, .global_images = whole.global_images};
  own.local = document_partition(whole.global_images, comm.size()).rows_of(comm.rank());
  const auto first = whole.offsets.begin() + own.local.begin;
  own.offsets.assign(first, first + own.local.size() + 1);
  const std::int64_t begin = own.offsets.front(), end = own.offsets.back();
  own.words.assign(whole.words.begin() + begin, whole.words.begin() + end);
  own.x.assign(whole.x.begin() + begin, whole.x.begin() + end);
  own.y.assign(whole.y.begin() + begin, whole.y.begin() + end);
  own.width.assign(whole.width.begin() + own.local.begin, whole.width.begin() + own.local.end);
  own.height.assign(whole.height.begin() + own.local.begin, whole.height.begin() + own.local.end);
  for (auto& offset : own.offsets) offset -= begin;
  return own;
}

namespace {

/// What the images are under the model with these gamma; where they are empty, with those that it finds from ones.
ImageTopics describe(const TopicModel& model, const PlacedWords& images, const SpatialLdaOptions& options,
                     std::vector<double> gamma, ThreadPool& pool) {
  WordTable table(model.vocabulary, model.topics, model.topic_word_prior);
  table.set(model.lambda, pool, false);
  Regions regions = regions_of(images, options.regions, model.topics);
  const bool finished = !gamma.empty();
  if (!finished) gamma.assign(static_cast<std::size_t>(regions.offsets.back()), 1.0);
  ImageTopics found;
  found.theta.resize(static_cast<std::size_t>(images.local.size() * model.topics));
  found.word_topics.resize(images.words.size());
  const UpdateLimits limits{options.lda.max_doc_update_iter, options.lda.mean_change_tol};
  std::vector<ImageInference> inference(static_cast<std::size_t>(pool.threads()),
                                        {model.doc_topic_prior, limits, options.regions});
  for_each_unit(images.local.size(), pool, [&](std::int64_t g, int worker) {
    auto& own = inference[static_cast<std::size_t>(worker)];
    double* const of_image = gamma.data() + regions.offsets[static_cast<std::size_t>(g)];
    own.take(table, images, g);
    if (finished) own.weigh(of_image);
    if (!finished) own.fit(of_image);
    own.describe(found.theta.data() + g * model.topics,
                 found.word_topics.data() + images.offsets[static_cast<std::size_t>(g)]);
  });
  found.regions = std::move(regions.counts);
  found.gamma = std::move(gamma);
  return found;
}

}  // namespace

SpatialLdaResult spatial_lda(const PlacedWords& images, const SpatialLdaOptions& options, const Communicator& comm,
                             ThreadPool& pool, const TakeState& take, const TopicState* resume) {
  comm.together([&] {
    check_options(options.lda);
    check_images(images, options.regions);
    require(images.local == document_partition(images.global_images, comm.size()).rows_of(comm.rank()),
            "spatial LDA: images {} to {} are not those of this rank", images.local.begin, images.local.end);
  });
  ImageUnits units(images, options, comm, pool.threads());
  Fit fit = fit_topics(units, options.lda, comm, pool, take, resume);
  SpatialLdaResult result{.model = std::move(fit.model),
                          .local_images = images.local,
                          .bounds = std::move(fit.bounds),
                          .n_iter = fit.n_iter,
                          .converged = fit.converged,
                          .stopped = fit.stopped};
  result.local = describe(result.model, images, options, std::move(fit.gamma), pool);
  if (!result.bounds.empty()) result.bound = result.bounds.back();
  return result;
}

ImageTopics infer_image_topics(const TopicModel& model, const PlacedWords& images, const SpatialLdaOptions& options,
                               ThreadPool& pool) {
  check_model(model, images.vocabulary);
  check_images(images, options.regions);
  return describe(model, images, options, {}, pool);
}

Documents region_windows(const PlacedWords& images, const RegionOptions& options, const Communicator& comm) {
  Documents windows{.vocabulary = images.vocabulary};
  comm.together([&] {
    check_images(images, options);
    Reach reached;
    std::vector<std::vector<std::int32_t>> words;
    for (std::int64_t g = 0; g < images.local.size(); ++g) {
      const auto at = static_cast<std::size_t>(g);
      reach(images, g, options, reached);
      words.assign(static_cast<std::size_t>(grid_of(images.width[at], images.height[at], options).size()), {});
      for (std::size_t i = 0; i + 1 < reached.offsets.size(); ++i)
        for (std::int64_t p = reached.offsets[i]; p < reached.offsets[i + 1]; ++p)
          words[static_cast<std::size_t>(reached.regions[static_cast<std::size_t>(p)])].push_back(
              images.words[static_cast<std::size_t>(images.offsets[at]) + i]);
      for (auto& set : words) {
        std::sort(set.begin(), set.end());
        set.erase(std::unique(set.begin(), set.end()), set.end());
        windows.words.insert(windows.words.end(), set.begin(), set.end());
        windows.offsets.push_back(std::ssize(windows.words));
      }
    }
  });
  windows.counts.assign(windows.words.size(), 1);
  const std::int64_t own = std::ssize(windows.offsets) - 1;
  const auto sizes = comm.gather_all(std::span<const std::int64_t>(&own, 1));
  const auto before = sizes.begin() + comm.rank();
  windows.local.begin = std::accumulate(sizes.begin(), before, std::int64_t{0});
  windows.local.end = windows.local.begin + own;
  windows.global_documents = std::accumulate(sizes.begin(), sizes.end(), std::int64_t{0});
  return windows;
}

}  // namespace coterie::inline topics
