#include "stages/train_autoencoder.hpp"

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "coterie/base/new_file.hpp"
#include "coterie/base/random.hpp"
#include "coterie/base/wall_seconds.hpp"
#include "coterie/dist/progress.hpp"
#include "coterie/dist/stop_signal.hpp"
#include "coterie/report/montage.hpp"
#include "coterie/training/autoencoder.hpp"
#include "coterie/training/sampler.hpp"
#include "outputs/output_folder.hpp"
#include "stages/training_images.hpp"
#include "stages/training_run.hpp"
#include "stages/training_trace.hpp"

namespace coterie::jobs {
namespace fs = std::filesystem;
namespace {

constexpr std::int64_t kShown = 16;         // images of a grid, four in a row
constexpr double kWarmUp = 100;             // steps until the learning rate is what was asked for
constexpr std::uint64_t kDrawsOfCrop = 64;  // as of a view: across and down

// 1, 2, 5, 10, 20, 50, …: some of 500 epochs, close where most happens.
bool is_shown(std::int64_t epoch) {
  while (epoch % 10 == 0) epoch /= 10;
  return epoch == 1 || epoch == 2 || epoch == 5;
}

class AutoencoderTraining {
 public:
  AutoencoderTraining(Job& job, const ImageList& list, const std::string& name)
      : job_(job),
        list_(list),
        run_(job, name),
        trace_(job),
        images_(std::ssize(list.images)),
        seed_(static_cast<std::uint64_t>(job.options.count("seed"))),
        network_({.side = job.options.count("image-size")}, job.comm) {
    network_.initialise(seed_, job.pool);
  }

  void run() {
    begin();
    const std::int64_t epochs = job_.options.count("epochs");
    Progress progress(job_.speaks(), "train", epochs - std::ssize(state_.history.epochs), "epochs");
    while (std::ssize(state_.history.epochs) < epochs) {
      const double start = wall_seconds();
      const double share = train_epoch();
      end_epoch(share / std::max(wall_seconds() - start, 1e-9), epochs);
      progress.advance(1);
    }
    job_.comm.on_root([&] { keep_grids(); });
    run_.finish(state_.history, list_);
  }

 private:
  std::uint32_t epoch() const { return static_cast<std::uint32_t>(std::ssize(state_.history.epochs)); }
  std::string grids() const { return run_.folder() + "/grids"; }

  void begin() {
    if (auto state = run_.resume()) {
      state_ = std::move(*state);
      run_.read(network_.parameters());
      job_.say("goes on at epoch {}, step {}", epoch() + 1, state_.step);
      return;
    }
    state_.history.rows = images_;
    run_.save(state_, network_.parameters());
    job_.comm.on_root([&] { fs::create_directories(grids()); });
    trace_.begin(list_.identities.paths, [&] { return checkpoint(); });
  }

  // Returns how many images it took.
  double train_epoch() {
    const EpochOrder order{shuffled(images_, seed_, epoch()), {}};
    const std::int64_t size = job_.options.count("batch"), done = state_.step * size;
    StopSignal::remember();
    for (std::int64_t first = done; first < images_; first += size) {
      Batch batch = make_batch(std::min(size, images_ - first), size, job_.comm, job_.pool);
      batch.seed = seed_;
      batch.epoch = epoch();
      batch.first = first;
      step(batch, order);
      sent_ = std::max(sent_, batch.bytes);
      if (first + size < images_ && run_.due()) {
        run_.save(state_, network_.parameters());
        run_.stop_if_asked();
      }
    }
    trace_.end_epoch(epoch(), order);
    return static_cast<double>(images_ - done);
  }

  // Adam's first steps are as long as later ones: at 0.001, over 50,000 pixels that are all positive, the first alone
  // moves log-variances so far that their exponentials reach 1e25, and its second moments never come back from that.
  Adam adam() const {
    Adam adam;
    adam.learning_rate = job_.options.real("lr");
    if (!job_.options.flag("as-published"))
      adam.learning_rate *= std::min(1.0, static_cast<double>(state_.updates + 1) / kWarmUp);
    return adam;
  }

  void step(const Batch& batch, const EpochOrder& order) {
    const std::int64_t side = network_.shape().side, own = batch.own_images();
    input_.resize(static_cast<std::size_t>(own * network_.shape().pixels()));
    const Random random(seed_, Purpose::training_view, epoch());
    const Preprocess preprocess;
    load_images(
        list_, preprocess, batch, order.rows, network_.shape().pixels(),
        [&](const Image& image, std::int64_t position, float* out) {
          const auto draw = static_cast<std::uint64_t>(position) * kDrawsOfCrop;
          grey_crop(image, side, random.uniform(draw), random.uniform(draw + 1), out);
        },
        input_.data());
    const VaeLoss loss = network_.step(batch, input_.data(), adam(), state_.updates + 1);
    if (!std::isfinite(loss.sum()))
      throw Error(fmt::format("the loss is not a number any more at step {} of epoch {}: the training has diverged; {}",
                              state_.step + 1, epoch() + 1,
                              epoch() == 0
                                  ? "a smaller --lr may help"
                                  : fmt::format("{} holds the weights after epoch {}", run_.weights(), epoch())));
    trace_.take({}, loss.sum());
    const auto images = static_cast<double>(batch.images.rows());
    state_.loss += loss.reconstruction * images;
    state_.divergence += loss.divergence * images;
    ++state_.step;
    ++state_.updates;
    shown_ = std::min(kShown, batch.images.rows());
    if (batch.comm.is_root()) originals_.assign(input_.begin(), input_.begin() + std::min(own, kShown) * side * side);
  }

  void end_epoch(double images_a_second, std::int64_t epochs) {
    TrainingHistory& history = state_.history;
    const auto images = static_cast<double>(images_);
    history.epochs.push_back(static_cast<std::int64_t>(epoch()) + 1);
    history.reconstruction.push_back(state_.loss / images);
    history.divergence.push_back(state_.divergence / images);
    history.loss.push_back((state_.loss + state_.divergence) / images);
    const auto done = static_cast<std::int64_t>(epoch());
    state_.loss = state_.divergence = 0;
    state_.step = 0;
    if (is_shown(done) || done == epochs) {
      job_.comm.on_root([&] { draw_grid(done); });
      job_.say(
          "epoch {}: loss {:.1f}, {:.1f} of it reconstruction and {:.1f} divergence; {:.1f} images/s; a rank sends up "
          "to {:.2f} MB in a step",
          done, history.loss.back(), history.reconstruction.back(), history.divergence.back(), images_a_second,
          static_cast<double>(sent_) / 1e6);
    }
    if (done == epochs) run_.write_weights(checkpoint());
    if (done == epochs || run_.due()) run_.save(state_, network_.parameters());
    run_.stop_if_asked();
  }

  Image picture(const std::vector<float>& pixels, std::int64_t image) const {
    const int side = static_cast<int>(network_.shape().side);
    Image made{side, side, {}};
    for (std::int64_t i = image * side * side; i < (image + 1) * side * side; ++i)
      for (int channel = 0; channel < 3; ++channel)
        made.rgb.push_back(
            static_cast<std::uint8_t>(std::lround(255 * static_cast<double>(pixels[static_cast<std::size_t>(i)]))));
    return made;
  }

  // The first images of the last batch that the root decoded, and what becomes of them.
  void draw_grid(std::int64_t done) const {
    const std::vector<float> made = network_.reconstructions(shown_);
    MontageStyle style;
    style.tile = static_cast<int>(network_.shape().side);
    style.columns = 4;
    style.rows = 4;
    MontageRow images{fmt::format("epoch {}: images", done), {}}, again{"reconstructed", {}};
    for (std::int64_t i = 0; i < shown_; ++i) {
      const bool decoded_here = i < std::ssize(originals_) / network_.shape().pixels();
      if (decoded_here) images.paths.push_back(fmt::format("i{}", i));
      again.paths.push_back(fmt::format("r{}", i));
    }
    const ImageReader read = [&](const std::string& name) {
      return picture(name.front() == 'i' ? originals_ : made, std::stoll(name.substr(1)));
    };
    draw_montage({images, again}, style, read, fmt::format("{}/epoch-{:04}.png", grids(), done), job_.pool);
  }

  void keep_grids() const {
    OutputFolder folder(job_.study.folder(), "figures/train/" + run_.name(), provenance_of(job_),
                        job_.options.flag("overwrite"));
    for (const auto& entry : fs::directory_iterator(grids()))
      fs::copy_file(entry.path(), folder.place(entry.path().filename().string()));
    folder.finish();
    job_.say("wrote {}", folder.final_folder());
  }

  TorchCheckpoint checkpoint() const {
    TorchCheckpoint made;
    made.epoch = static_cast<std::int64_t>(epoch());
    made.arch = "vae";
    for (const Parameter* each : network_.parameters()) {
      made.state_dict.push_back(checkpoint_entry(each->name, *each, each->values, job_.comm));
      made.optimised.emplace_back();
      if (state_.updates == 0) continue;
      made.optimised.back() = {
          {"step", {}, [steps = static_cast<float>(state_.updates)] { return std::vector<float>{steps}; }},
          checkpoint_entry("exp_avg", *each, each->first, job_.comm),
          checkpoint_entry("exp_avg_sq", *each, each->second, job_.comm)};
    }
    made.settings = {{"lr", {adam().learning_rate}},
                     {"betas", {adam().beta1, adam().beta2}},
                     {"eps", {adam().epsilon}},
                     {"weight_decay", {0}}};
    made.numbers = {{"image_size", network_.shape().side}};
    return made;
  }

  Job& job_;
  const ImageList& list_;
  TrainingRun run_;
  TrainingTrace trace_;
  const std::int64_t images_;
  const std::uint64_t seed_;
  Autoencoder network_;
  TrainingState state_;
  std::vector<float> input_, originals_;
  std::int64_t shown_ = 0, sent_ = 0;
};

}  // namespace

void train_autoencoder(Job& job, const ImageList& list, const std::string& name) {
  AutoencoderTraining(job, list, name).run();
}

}  // namespace coterie::jobs
