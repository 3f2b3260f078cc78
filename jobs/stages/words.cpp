#include <algorithm>

#include "command/all_commands.hpp"
#include "command/job.hpp"
#include "command/shared_options.hpp"
#include "coterie/artifacts/descriptors.hpp"
#include "coterie/dist/stop_signal.hpp"
#include "planning/effort.hpp"
#include "stages/block_queue.hpp"
#include "stages/network_set.hpp"
#include "stages/words_task.hpp"

namespace coterie::jobs {
namespace {

// This rank's part: takes block after block from the queue until there are none.
class Describing {
 public:
  Describing(const Job& job, const WordsTask& task, DescriptorFile& file)
      : task_(task),
        file_(file),
        queue_(job, "words", file.missing(), [&file](std::int64_t block) { return file.images_of(block); }) {}

  void by_sift() {
    describe_blocks(task_.sift, {[this](ImageBlock& block) { return next(block.number, block.images); },
                                 [this](std::int64_t block, std::vector<ImageDescriptors>&& images) {
                                   return commit(block, images);
                                 },
                                 [this] { return queue_.idle(); }, [this] { queue_.close(); }});
    queue_.finish();
  }

  void by_layer(std::span<const Network> networks, const ExtractorOptions& options) {
    extract_blocks(networks, options,
                   {[this](Block& block) { return next(block.number, block.images); },
                    [this](BlockFeatures&& block) { return commit(block.number, described(block)); },
                    [this] { return queue_.idle(); }, [this] { queue_.close(); }});
    queue_.finish();
  }

 private:
  bool next(std::int64_t& number, std::vector<ImagePlace>& images) {
    const auto block = queue_.take();
    if (!block) return false;
    number = *block;
    const RowRange range = file_.images_of(number);
    images.clear();
    for (auto i = range.begin; i < range.end; ++i)
      images.push_back(place_of(task_.list.table, task_.list.images[static_cast<std::size_t>(i)]));
    return true;
  }

  std::vector<ImageDescriptors> described(const BlockFeatures& block) const {
    std::vector<ImageDescriptors> images;
    const std::int64_t numbers = std::ssize(block.rows.front()) / std::max<std::int64_t>(std::ssize(block.statuses), 1);
    for (std::size_t i = 0; i < block.statuses.size(); ++i) {
      const float* values = block.rows.front().data() + static_cast<std::int64_t>(i) * numbers;
      if (block.statuses[i] == ImageStatus::ok)
        images.push_back(describe_map(task_.layer->map, task_.layer->request.preprocess, block.sizes[i], values));
      else
        images.push_back({block.statuses[i], 0, 0, {}, {}, {}});
    }
    return images;
  }

  bool commit(std::int64_t block, const std::vector<ImageDescriptors>& images) {
    file_.commit(block, images);
    queue_.computed(std::ssize(images));
    return queue_.go_on();
  }

  const WordsTask& task_;
  DescriptorFile& file_;
  BlockQueue queue_;
};

// Computes what is missing. Throws Stopped, with everything committed on disk, after a stop signal.
void fill(const Job& job, const WordsTask& task, const std::vector<Network>& networks, DescriptorFile& file) {
  ExtractorOptions extractor;
  job.comm.together([&] {
    if (task.layer) extractor = extractor_options(job, task.layer->network, task.list, networks);
  });
  StopSignal::remember();
  // Made in here, so that on a rank that fails its end lets the others know.
  job.comm.together([&] {
    Describing describing(job, task, file);
    task.layer ? describing.by_layer(networks, extractor) : describing.by_sift();
  });
  const bool stopped = job.comm.any(StopSignal::seen_here());
  StopSignal::end_at_once();
  stopped ? file.pause() : file.finish();
  if (stopped)
    throw Stopped(fmt::format("{}: stopped in good order; the same command goes on from here",
                              job.study.path(Kind::descriptors, task.name)));
  for (const auto& network : networks)
    if (!network.note().empty()) job.say("{}", network.note());
}

// How many descriptors there are, and how they are spread over the images.
void tell_counts(const Job& job, const WordsTask& task) {
  job.comm.on_root([&] {
    const DescriptorReader made(job.study, task.name);
    account_for(job, made.path(), "descriptors", task.list.identities.paths, made.statuses());
    std::vector<std::int64_t> counts;
    for (std::size_t i = 0; i < made.statuses().size(); ++i)
      if (made.statuses()[i] == ImageStatus::ok) counts.push_back(made.first()[i + 1] - made.first()[i]);
    std::sort(counts.begin(), counts.end());
    const auto without = std::count(counts.begin(), counts.end(), 0);
    job.say("{} descriptors of {} {}; of an image {} to {}, the median {}", made.rows(), made.columns(),
            made.bytes() ? "bytes" : "numbers", counts.front(), counts.back(), counts[counts.size() / 2]);
    if (without == 0) return;
    const bool dropped = task.sift.sift.ties == Ties::published;
    job.say("{}{} of {} images have none: {}", made.rows() == 0 ? "warning: " : "", without, counts.size(),
            dropped ? fmt::format("--ties published keeps those that have {} keypoints to the one",
                                  task.sift.sift.max_keypoints)
                    : "nothing in them stands out; they stay in the study, as empty documents");
  });
}

void describe(Job& job) {
  const WordsTask task = make_words_task(job);
  if (!job.must_make(Kind::descriptors, task.name, task.recipe)) return;
  NetworkSet networks;  // before a file is begun, so that weights which do not fit leave nothing behind
  if (task.layer) networks.add(job, task.layer->request, task.layer->weights, task.layer->network);
  DescriptorFile file(job.study.path(Kind::descriptors, task.name), task.recipe, task.shape, task.list.identities,
                      job.overwrites(Kind::descriptors, task.name, task.recipe), job.comm);
  const std::int64_t found = file.found(), all = found + std::ssize(file.missing());
  if (found > 0) job.say("{} of {} blocks are there already", found, all);
  fill(job, task, networks.all(), file);
  tell_counts(job, task);
  job.made(Kind::descriptors, task.name);
}

void from_recipe(const Recipe& made, Options& options) {
  if (made.parameter("detector") != "cnn") return;
  if (const std::string weights = weights_used(made); !weights.empty()) options.set("weights", weights);
  options.set("preprocess", preprocess_settings(made));
}

void check(const Options& options) {
  if (options.text("detector") == "cnn") check_weights(layer_request(options));
}

constexpr double kMemoryOfPlace = 150;  // of an image, on each rank: its path, size and hash
constexpr double kDecoded = 6;          // bytes a pixel: the image and what it is reduced to

void cost_of(const Workload& study, const Calibration& measured, StageCost& cost) {
  cost.bytes_read = measured.bytes_of(static_cast<double>(study.images));
  cost.allreduces = 8;
  cost.allreduce_bytes = 8;
}

// The largest image of the sample, on each thread, as far as --memory lets them in together.
StageMemory memory_of(const Workload& study, const Calibration& measured, int) {
  const Options& options = *study.stage("words");
  const double places = kMemoryOfPlace * static_cast<double>(study.images);
  if (options.text("detector") == "cnn") return {places + measured.network_memory};
  const SiftOptions sift = sift_options(options);
  const auto edge = static_cast<double>(sift.max_edge);  // as if it were a square, which errs to the safe side
  const double pixels = edge > 0 ? std::min(measured.largest_pixels, edge * edge) : measured.largest_pixels;
  return {places + kDecoded * measured.largest_pixels * measured.threads,
          sift_bytes_a_pixel(sift) * pixels * measured.threads};
}

double disk_of(const Workload& study, const Calibration& measured) {
  const Options& options = *study.stage("words");
  constexpr double kPlace = 20, kOfImage = 100;  // bytes of a keypoint, of an image with its path
  double descriptor = static_cast<double>(kSiftColumns) * (options.flag("rootsift") ? 4 : 1);
  if (options.text("detector") == "cnn") {
    const FeatureRequest request = layer_request(options);
    descriptor = 4 * static_cast<double>(map_of(request.backbone, request.layers.front().name).channels);
  }
  return static_cast<double>(study.images) * (kOfImage + measured.descriptors_an_image * (kPlace + descriptor));
}

const StageEffort kEffort{.cost = cost_of, .memory = memory_of, .disk = disk_of};

}  // namespace

Command words() {
  using enum OptionType;
  return {
      .options = OptionList(
          "words",
          {{"detector", Role::result, choice, "sift", "",
            "what is described: SIFT at keypoints that it finds, SIFT on a grid, or the locations of a network's "
            "layer",
            0, kMost, "sift|dense-sift|cnn"},
           {"max-keypoints", Role::result, count, "0", "N",
            "sift: the strongest of each image; 0: all. Study 1 took all, the topic models 300", 0, 1e9},
           {"ties", Role::result, choice, "cut", "",
            "of keypoints as strong as the last one: by (response, x, y, size, angle) the first, or as published, "
            "where all stay, and an image that then has another number than --max-keypoints has none",
            0, kMost, "cut|published"},
           {"max-edge", Role::result, count, "1600", "PIXELS",
            "sift: larger images are reduced to this longer edge first; 0: never, as published (12 Mpixel then "
            "take 2.8 GB a thread)",
            0, 1e6},
           {"grey", Role::result, choice, "rgb", "",
            "sift: 0.299 red + 0.587 green + 0.114 blue; swapped: red and blue exchanged, as where an RGB array "
            "was given to OpenCV",
            0, kMost, "rgb|swapped"},
           {"contrast-threshold", Role::result, real, "0.04", "X",
            "sift: fewer keypoints in flat places the larger it is", 0, 10},
           {"edge-threshold", Role::result, real, "10", "X", "sift: more keypoints on edges the larger it is", 1, 1e6},
           {"rootsift", Role::result, flag, "false", "",
            "sift: square roots of the shares (Arandjelovic and Zisserman 2012), float32 instead of bytes"},
           {"step", Role::result, count, "16", "PIXELS", "dense-sift: between neighbours of the grid", 1, 1e6},
           {"sizes", Role::result, counts, "32", "PIXELS",
            "dense-sift: sides of the squares that are described at each place, several as 16,32", 2, 1e6},
           option::backbone,
           option::layer,
           option::weights,
           option::device,
           option::precision,
           option::batch,
           option::gpu_batch,
           option::share_weights,
           option::preprocess,
           option::exif,
           option::alpha,
           option::levels,
           option::decode_threads,
           option::name}),
      .summary = "turns images into local descriptors, the raw material of visual words; resumable",
      .example = "mpirun -n 2 coterie words --study demo --detector sift --max-keypoints 300",
      .run = describe,
      .parallel = true,
      .stage = Stage{.reads = [](const Options&) { return std::vector{Kind::images}; },
                     .makes = Kind::descriptors,
                     .name = [](const Options& options, const std::string&) { return words_name(options); },
                     .settle = settle_words,
                     .check = check,
                     .from_recipe = from_recipe,
                     .trial = Trial::images,
                     .effort = &kEffort}};
}

}  // namespace coterie::jobs
