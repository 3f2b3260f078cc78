#include "stages/train_deepcluster.hpp"

#include <cmath>
#include <filesystem>
#include <limits>

#include "coterie/base/wall_seconds.hpp"
#include "coterie/dist/progress.hpp"
#include "coterie/dist/stop_signal.hpp"
#include "coterie/evaluation/agreement.hpp"
#include "coterie/training/deepcluster_network.hpp"
#include "coterie/training/sampler.hpp"
#include "stages/extract_task.hpp"
#include "stages/pseudo_labels.hpp"
#include "stages/step_images.hpp"
#include "stages/training_run.hpp"
#include "stages/training_trace.hpp"

namespace coterie::jobs {
namespace fs = std::filesystem;
namespace {

constexpr std::int64_t kFewImages = 100'000;

std::string percent(double share) { return fmt::format("{:.1f} %", 100 * share); }

// In nats, of the shares of the labels that are not -1.
double entropy_of(const std::vector<std::int32_t>& labels, std::int64_t clusters) {
  std::vector<std::int64_t> sizes(static_cast<std::size_t>(clusters));
  std::int64_t all = 0;
  for (const auto label : labels)
    if (label >= 0) ++sizes[static_cast<std::size_t>(label)], ++all;
  double entropy = 0;
  for (const auto size : sizes)
    if (size > 0) {
      const double share = static_cast<double>(size) / static_cast<double>(all);
      entropy -= share * std::log(share);
    }
  return entropy;
}

class DeepClusterTraining {
 public:
  DeepClusterTraining(Job& job, const ImageList& list, const std::string& name)
      : job_(job),
        list_(list),
        run_(job, name),
        trace_(job),
        images_(std::ssize(list.images)),
        clusters_(job.options.count("clusters")),
        device_(device_of_all(job)),
        seed_(static_cast<std::uint64_t>(job.options.count("seed"))) {
    require(clusters_ <= images_, "--clusters {} of {} usable images: fewer images than clusters", clusters_, images_);
    const std::string init = job.options.text("init");
    std::optional<WeightFile> weights;
    job.comm.together([&] {
      if (!init.empty()) weights.emplace(read_weights(init));
      network_.emplace(shape_of(weights), job.comm);
      if (weights) network_->load(*weights);
    });
    if (weights) first_epoch_ = weights->number("epoch").value_or(0);
    if (!weights) network_->initialise(seed_, job.pool);
    backbone_ = deepcluster_backbone(job.options.text("backbone"), network_->shape());
    sgd_.learning_rate = job.options.real("lr");
    sgd_.weight_decay = job.options.real("weight-decay");
  }

  void run() {
    job_.say("{}: trained on {}{}", backbone_.name, device_.text, device_.gpu ? ", fp32" : "");
    warn_of_few();
    begin();
    job_.comm.together([&] { network_->move_to(device_); });
    while (std::ssize(state_.history.epochs) < job_.options.count("epochs")) {
      if (state_.labels.empty()) cluster_images();
      train_epoch();
      end_epoch();
    }
    run_.finish(state_.history, list_);
  }

 private:
  // Of all ranks alike: weights that all hold would drift apart where some compute by other devices.
  static DeviceChoice device_of_all(const Job& job) {
    DeviceChoice choice;
    job.comm.together([&] { choice = choose_device(asked_device(job.options), job.comm.local_rank()); });
    if (job.comm.any(!choice.gpu) && choice.gpu) choice = {.text = "cpu (not every rank has a GPU)"};
    return choice;
  }

  DeepClusterShape shape_of(const std::optional<WeightFile>& weights) const {
    const std::string backbone = job_.options.text("backbone");
    const int size = static_cast<int>(job_.options.count("image-size"));
    DeepClusterShape asked = deepcluster_shape(backbone, job_.options.real("width"), size);
    if (!weights || job_.asked.given("width")) return asked;
    auto found = shape_of_checkpoint(backbone, *weights);
    if (!found) return asked;  // load() says what is missing
    if (job_.asked.given("image-size")) found->image_size = size;
    return *found;
  }

  void warn_of_few() const {
    if (images_ < kFewImages && job_.options.text("init").empty())
      job_.say(
          "warning: {} images. DeepCluster was made for a million; on collections below some 100,000 its users saw "
          "clusters collapse or grow very uneven, and transfer from a published checkpoint did better: --init FILE. "
          "Watch the label entropy and the agreement between epochs",
          images_);
  }

  std::uint32_t epoch() const { return static_cast<std::uint32_t>(first_epoch_ + std::ssize(state_.history.epochs)); }

  std::vector<Parameter*> all_parameters() const {
    auto all = network_->parameters();
    for (Parameter* each : network_->top_parameters()) all.push_back(each);
    return all;
  }

  void begin() {
    if (auto state = run_.resume()) {
      state_ = std::move(*state);
      if (state_.step > 0) network_->make_top(clusters_, seed_, epoch(), job_.comm);
      run_.read(all_parameters());
      job_.say("goes on at epoch {}, step {}", epoch() + 1, state_.step);
      return;
    }
    state_.history.rows = images_;
    state_.history.clusters = clusters_;
    run_.save(state_, all_parameters());
    trace_.begin(list_.identities.paths, [&] { return checkpoint(); });
  }

  std::string features_path() const { return fmt::format("{}/features-{}.h5", run_.folder(), epoch()); }

  // The labels that the next epoch is trained with, from the features of the network as it is.
  void cluster_images() {
    extract_all(
        job_, list_, backbone_, device_, [&] { return weights_of(network_->parameters(), job_.comm); }, features_path(),
        epoch());
    std::span<const std::int32_t> before;
    if (!state_.history.epochs.empty() && job_.options.flag("warm-start"))
      before = std::span(state_.history.labels).last(static_cast<std::size_t>(images_));
    PseudoLabels found = pseudo_labels(job_, features_path(), epoch(), before);
    state_.labels = std::move(found.labels);
    state_.cluster_loss = found.inertia;
    state_.explained = found.explained;
    state_.loss = 0;
    network_->make_top(clusters_, seed_, epoch(), job_.comm);
    trace_.top(epoch(), *network_->top_parameters().front());
    if (found.emptied > 0)
      job_.say("epoch {}: {} clusters lost all their images and were given a new start", epoch() + 1, found.emptied);
  }

  Batch batch_at(std::int64_t first, const EpochOrder& drawn) const {
    const std::int64_t size = job_.options.count("batch");
    Batch batch = make_batch(std::min(size, drawn.size() - first), size, job_.comm, job_.pool);
    batch.seed = seed_;
    batch.epoch = epoch();
    batch.first = first;
    return batch;
  }

  EpochOrder order() const {
    const auto count = static_cast<std::int64_t>(job_.options.real("reassign") * static_cast<double>(images_));
    return job_.options.flag("as-published") ? as_published(state_.labels, count, seed_, epoch())
                                             : uniform_over_clusters(state_.labels, count, seed_, epoch());
  }

  void train_epoch() {
    const EpochOrder drawn = order();
    const std::int64_t size = job_.options.count("batch"), done = state_.step * size;
    const double start = wall_seconds();
    Progress progress(job_.speaks(), fmt::format("epoch {}", epoch() + 1), drawn.size() - done, "images");
    StepImages images(list_, backbone_.preprocess, *network_, drawn, job_.pool.threads());
    StopSignal::remember();
    for (std::int64_t first = done; first < drawn.size(); first += size) {
      const Batch batch = batch_at(first, drawn);
      std::optional<Batch> next;
      if (first + size < drawn.size()) next.emplace(batch_at(first + size, drawn));
      state_.loss += step(batch, images.take(batch, next), drawn) * static_cast<double>(batch.images.rows());
      ++state_.step;
      ++state_.updates;
      sent_ = std::max(sent_, batch.bytes);
      progress.advance(batch.images.rows());
      if (first + size < drawn.size() && run_.due()) {
        run_.save(state_, all_parameters());
        run_.stop_if_asked();
      }
    }
    images_a_second_ = static_cast<double>(drawn.size() - done) / std::max(wall_seconds() - start, 1e-9);
    state_.loss /= static_cast<double>(drawn.size());
    trace_.end_epoch(epoch(), drawn);
  }

  // Returns the images' mean loss.
  double step(const Batch& batch, const StepImages::Taken& images, const EpochOrder& drawn) {
    const auto labels =
        std::span(drawn.labels)
            .subspan(static_cast<std::size_t>(batch.first), static_cast<std::size_t>(batch.images.rows()));
    const double loss = network_->step(batch, images.gradients, labels, sgd_);
    if (!std::isfinite(loss)) diverged();
    trace_.take(images.views, loss);
    return loss;
  }

  [[noreturn]] void diverged() const {
    throw Error(fmt::format(
        "the loss is not a number any more at step {} of epoch {}: the training has diverged. {}; a smaller --lr may "
        "help",
        state_.step + 1, epoch() + 1,
        state_.history.epochs.empty() ? "No epoch had been finished"
                                      : fmt::format("{} holds the weights after epoch {}", run_.weights(), epoch())));
  }

  void end_epoch() {
    TrainingHistory& history = state_.history;
    double agreed = std::numeric_limits<double>::quiet_NaN();
    if (!history.epochs.empty()) {
      const std::span before = std::span(history.labels).last(static_cast<std::size_t>(images_));
      agreed = agreement(contingency(before, state_.labels)).normalised_mutual_info;
    }
    tell(agreed);
    history.epochs.push_back(static_cast<std::int64_t>(epoch()) + 1);
    history.loss.push_back(state_.loss);
    history.cluster_loss.push_back(state_.cluster_loss);
    history.explained.push_back(state_.explained);
    history.entropy.push_back(entropy_of(state_.labels, clusters_));
    history.agreement.push_back(agreed);
    history.labels.insert(history.labels.end(), state_.labels.begin(), state_.labels.end());
    const std::string features = fmt::format("{}/features-{}.h5", run_.folder(), epoch() - 1);
    state_.labels.clear();
    state_.step = 0;
    run_.write_weights(checkpoint());
    run_.save(state_, all_parameters());
    job_.comm.on_root([&] { fs::remove(features); });
    run_.stop_if_asked();
  }

  void tell(double agreed) const {
    const double most = std::log(static_cast<double>(clusters_));
    job_.say(
        "epoch {}: {} clusters explain {} of the whitened features; label entropy {:.3f} of {:.3f}{}; loss {:.4f}, by "
        "chance {:.4f}; {:.1f} images/s{}",
        epoch() + 1, clusters_, percent(state_.explained), entropy_of(state_.labels, clusters_), most,
        std::isnan(agreed) ? "" : fmt::format("; agreement with the epoch before (NMI) {:.3f}", agreed), state_.loss,
        most, images_a_second_,
        job_.comm.size() == 1
            ? ""
            : fmt::format("; a rank sends up to {:.2f} MB in a step", static_cast<double>(sent_) / 1e6));
  }

  // The layout of the origin's main.py; features are wrapped in DataParallel there.
  TorchCheckpoint checkpoint() const {
    TorchCheckpoint made;
    made.epoch = static_cast<std::int64_t>(epoch());
    made.arch = network_->shape().arch;
    for (const Parameter* each : all_parameters()) {
      const std::string name =
          each->name.starts_with("features.") ? "features.module." + each->name.substr(9) : each->name;
      made.state_dict.push_back(checkpoint_entry(name, *each, each->values, job_.comm));
      if (constexpr std::string_view kVariance = "running_var"; name.ends_with(kVariance))
        made.state_dict.push_back(
            {name.substr(0, name.size() - kVariance.size()) + "num_batches_tracked", {}, {}, state_.updates});
    }
    add_sobel(made);
    for (const Parameter* each : network_->parameters())
      if (each->trained) {
        made.optimised.emplace_back();
        if (state_.updates > 0)
          made.optimised.back().push_back(checkpoint_entry("momentum_buffer", *each, each->first, job_.comm));
      }
    made.settings = {{"lr", {sgd_.learning_rate}},
                     {"momentum", {sgd_.momentum}},
                     {"dampening", {0}},
                     {"weight_decay", {sgd_.weight_decay}},
                     {"nesterov", {0}}};
    made.numbers = {{"image_size", network_->shape().image_size}};
    return made;
  }

  static void add_sobel(TorchCheckpoint& made) {
    const auto add = [&](const char* name, std::vector<std::int64_t> shape, std::vector<float> values) {
      made.state_dict.push_back({name, std::move(shape), [values = std::move(values)] { return values; }});
    };
    add("sobel.0.weight", {1, 3, 1, 1}, {1.0F / 3, 1.0F / 3, 1.0F / 3});
    add("sobel.0.bias", {1}, {0});
    add("sobel.1.weight", {2, 1, 3, 3}, {1, 0, -1, 2, 0, -2, 1, 0, -1, 1, 2, 1, 0, 0, 0, -1, -2, -1});
    add("sobel.1.bias", {2}, {0, 0});
  }

  Job& job_;
  const ImageList& list_;
  TrainingRun run_;
  TrainingTrace trace_;
  const std::int64_t images_, clusters_;
  const DeviceChoice device_;
  const std::uint64_t seed_;
  std::optional<DeepClusterNetwork> network_;
  Backbone backbone_;
  Sgd sgd_;
  std::int64_t first_epoch_ = 0;
  TrainingState state_;
  std::int64_t sent_ = 0;  // bytes in a step, the most
  double images_a_second_ = 0;
};

}  // namespace

void train_deepcluster(Job& job, const ImageList& list, const std::string& name) {
  DeepClusterTraining(job, list, name).run();
}

}  // namespace coterie::jobs
