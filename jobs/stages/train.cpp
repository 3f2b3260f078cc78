#include <filesystem>

#include "command/all_commands.hpp"
#include "command/job.hpp"
#include "command/shared_options.hpp"
#include "coterie/artifacts/checkpoint.hpp"
#include "coterie/features/deepcluster.hpp"
#include "stages/image_list.hpp"
#include "stages/train_autoencoder.hpp"
#include "stages/train_deepcluster.hpp"
#include "stages/train_effort.hpp"
#include "stages/weight_choice.hpp"

namespace coterie::jobs {
namespace fs = std::filesystem;
namespace {

bool is_autoencoder(const Options& options) { return options.text("method") == "vae"; }

// The file with the weights lies beside the artifact: one without the other is of no use.
void require_weights(const Job& job, const std::string& name) {
  job.comm.on_root([&] {
    const std::string path = weights_path(job.study, name);
    if (!fs::exists(path))
      throw FileError(path, "is missing beside its artifact; coterie train --overwrite makes both anew");
  });
}

void train_network(Job& job) {
  const ImageList list = take_images(job);
  if (const std::string init = job.options.text("init"); !init.empty()) {
    std::string digest;
    job.comm.on_root([&] { digest = "sha256 " + digest_of_weights(init); });
    job.comm.broadcast(digest);
    job.read_input("init", digest);
  }
  const std::string name = artifact_name(job.command, job.options, "");
  require_artifact_name(name);
  if (!job.must_make(Kind::checkpoints, name)) {
    if (!job.dry_run()) require_weights(job, name);
    return;
  }
  is_autoencoder(job.options) ? train_autoencoder(job, list, name) : train_deepcluster(job, list, name);
}

void settle(Options& options) {
  const bool autoencoder = is_autoencoder(options);
  if (!options.given("epochs")) options.set("epochs", autoencoder ? "500" : "5");
  if (!options.given("batch")) options.set("batch", autoencoder ? "55" : "256");
  if (!options.given("lr")) options.set("lr", autoencoder ? "0.001" : "0.05");
  if (!autoencoder) {
    require(options.count("batch") > 1, "--batch 1 leaves batch normalisation nothing to compare an image with");
    return;
  }
  require(options.text("device") != "cuda", "--method vae is trained on the CPU alone: --device auto or cpu");
  for (const char* option : {"backbone", "clusters", "weight-decay", "reassign", "width", "init", "warm-start"}) {
    require(!options.given(option), "--{} is an option of --method deepcluster", option);
    options.leave_out(option);
  }
}

void check(const Options& options) {
  if (is_autoencoder(options)) return;
  deepcluster_shape(options.text("backbone"));
  const std::string init = options.text("init");
  require(init.empty() || fs::exists(init), "--init: {} is not there", init);
}

}  // namespace

Command train() {
  using enum OptionType;
  return {
      .options = OptionList(
          "train",
          {{"method", Role::result, choice, "deepcluster", "",
            "deepcluster: a network learns to tell the clusters of its own features apart (Caron et al. 2018); vae: a "
            "variational autoencoder of grey crops (Kingma and Welling 2014)",
            0, kMost, "deepcluster|vae"},
           {"backbone", Role::result, text, "deepcluster_alexnet", "NAME",
            "the network: deepcluster_alexnet or deepcluster_vgg16"},
           {"clusters", Role::result, count, "6", "K", "the clusters of each epoch", 2, kMaxCount},
           {"epochs", Role::result, count, "", "N",
            "epochs of this training, those of --init not counted; default: 5, vae 500", 1, 1e6},
           {"batch", Role::result, count, "", "N", "images of one step, over all ranks; default: 256, vae 55", 1, 1e6},
           {"lr", Role::result, real, "", "RATE", "learning rate; default: 0.05, vae 0.001", 0, 1e36},
           {"weight-decay", Role::result, real, "0.00001", "RATE", "of all weights, as torch.optim.SGD", 0, 1},
           {"reassign", Role::result, real, "1", "EPOCHS", "epochs of training after each clustering", 0.001, 1000},
           {"image-size", Role::result, count, "224", "PIXELS", "side of the network's input", 32, 1024},
           {"width", Role::result, real, "1", "FACTOR",
            "of all layers: a narrower network for small studies and for trials", 0.01, 4},
           {"init", Role::place, text, "", "FILE",
            "a checkpoint to begin with, published or own, whose epochs count on", 0, kMost, "", true},
           {"warm-start", Role::result, flag, "false", "",
            "k-means begins with the clusters of the epoch before instead of drawn images"},
           {"as-published", Role::result, flag, "false", "",
            "as the published code: by a slip of indices images are not drawn uniformly over clusters; vae: no slow "
            "start"},
           option::device,
           {"checkpoint-minutes", Role::effort, real, "10", "MINUTES",
            "what a crash may cost: a state to go on from is saved so often, and after each epoch", 0, 1e6},
           {"trace", Role::output, text, "", "DIR",
            "write what was drawn and lost in each step, for whoever repeats the training elsewhere"},
           option::name,
           option::seed}),
      .summary = "trains a network on the images, without labels; resumable",
      .example =
          "mpirun -n 2 coterie train --study demo --width 0.125 --image-size 64 --clusters 4 --epochs 2 --batch 16",
      .run = train_network,
      .parallel = true,
      .stage =
          Stage{.reads = [](const Options&) { return std::vector{Kind::images}; },
                .makes = Kind::checkpoints,
                .name = [](const Options& options,
                           const std::string&) { return is_autoencoder(options) ? "vae" : options.text("backbone"); },
                .revision = 2,
                .settle = settle,
                .check = check,
                .writes = {"figures", "figures/train"},
                .trial = Trial::images,
                .effort = &kTrainEffort}};
}

}  // namespace coterie::jobs
