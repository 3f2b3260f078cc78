// extract_bench BACKBONE THREADS BATCH ROOT STORE: all images under ROOT through one backbone with random weights, as
// `coterie extract` does it, on as many ranks as mpirun starts: blocks dealt out, rows committed to a features artifact
// STORE. One JSON line; tests/bench/extract_bench.py runs it beside Python. BATCH 0 lets the program choose.
//
// extract_bench: the names of the backbones, one a line.

#include <algorithm>
#include <cstdio>
#include <string>

#include "coterie/base/blas.hpp"
#include "coterie/base/errors.hpp"
#include "coterie/base/thread_seconds.hpp"
#include "coterie/base/wall_seconds.hpp"
#include "coterie/dist/work_queue.hpp"
#include "coterie/features/allocator.hpp"
#include "coterie/features/extractor.hpp"
#include "coterie/images/listing.hpp"
#include "coterie/store/feature_file.hpp"

namespace {

using namespace coterie;

constexpr std::int64_t kBlockRows = 16;  // half of the program's, as a bench has few images to share out

// What an image costs before the network, in milliseconds of one core: means over some images, one after the other.
struct InputCost {
  double decode = 0, geometry = 0, arithmetic = 0;
};

InputCost input_cost(const ImageList& list, const Preprocess& preprocess) {
  const std::size_t some = std::min<std::size_t>(list.paths.size(), 24);
  InputCost cost;
  Levels levels;
  resize_levels(levels, preprocess, 1);
  std::vector<float> pixels(static_cast<std::size_t>(levels.image_values()));
  for (std::size_t i = 0; i < some; ++i) {
    const double start = thread_seconds();
    const Image image = decode_image(place_of(list, static_cast<std::int64_t>(i)), decode_options(preprocess));
    const double decoded = thread_seconds();
    make_levels(image, preprocess, levels, 0);
    const double shaped = thread_seconds();
    normalise(levels, preprocess, 0, 1, pixels.data());
    cost.decode += decoded - start;
    cost.geometry += shaped - decoded;
    cost.arithmetic += thread_seconds() - shaped;
  }
  const double scale = 1e3 / static_cast<double>(some);
  return {cost.decode * scale, cost.geometry * scale, cost.arithmetic * scale};
}

// The extraction as the command does it. Returns the seconds by the clock until the last rank is done.
double extract_all(const ImageList& list, std::span<const Network> networks, const ExtractorOptions& options,
                   FeatureFile& file, const Communicator& comm, ExtractTimes& times) {
  const auto& blocks = file.missing();
  WorkQueue work_queue(comm, static_cast<std::int64_t>(blocks.size()), 1);
  const auto next = [&](Block& block) {
    const auto item = work_queue.take();
    if (!item) return false;
    block = {blocks[static_cast<std::size_t>(*item)], {}};
    const RowRange rows = file.rows_of(block.number);
    for (std::int64_t i = rows.begin; i < rows.end; ++i) block.images.push_back(place_of(list, i));
    return true;
  };
  const auto idle = [&] {
    work_queue.poll();
    return true;
  };
  const auto commit = [&](BlockFeatures&& block) {
    const std::vector<std::uint8_t> statuses(block.statuses.size(), 0);
    require(std::count(block.statuses.begin(), block.statuses.end(), ImageStatus::ok) ==
                static_cast<std::int64_t>(statuses.size()),
            "an image could not be read");
    file.commit(block.number, block.rows[0], statuses);
    return idle();
  };
  const double start = wall_seconds();
  times = extract_blocks(networks, options, {next, commit, idle, [&] { work_queue.close(); }});
  work_queue.finish();
  return comm.max(wall_seconds() - start);
}

void run(const std::string& name, int threads, std::int64_t batch, const std::string& root, const std::string& store) {
  const Communicator& comm = Communicator::world();
  const Backbone backbone = find_backbone(name);
  const std::vector<std::string> layers = {backbone.default_layer};
  std::vector<Network> networks;
  networks.emplace_back(backbone, layers, random_weights(backbone, layers, 1), backbone.preprocess,
                        NetworkOptions{.device = Device::cpu});
  const ImageList list = list_images({.source = root});
  const InputCost cost = input_cost(list, backbone.preprocess);

  ExtractorOptions options;
  options.threads = options.decode_threads = threads;
  options.batch = batch > 0 ? batch : find_batch(networks, threads, kBlockRows, 4);
  const RowIdentities images{list.paths, std::vector<std::uint64_t>(list.paths.size())};
  const FeatureShape shape{list.size(), networks[0].layers()[0].dimension, kBlockRows};
  FeatureFile file(store, Recipe("bench", 1), shape, images, true, comm);
  ExtractTimes times;
  const double seconds = extract_all(list, networks, options, file, comm, times);
  file.finish();
  if (!comm.is_root()) return;
  std::printf(
      "{\"layer\": \"%s\", \"images\": %lld, \"seconds\": %.4f, \"images_here\": %lld, \"batch\": %lld, \"decode\": "
      "%.4f, \"network\": %.4f, \"commit\": %.4f, \"wait\": %.4f, \"total\": %.4f, \"decode_ms\": %.3f, "
      "\"geometry_ms\": %.3f, \"arithmetic_ms\": %.3f}\n",
      layers[0].c_str(), static_cast<long long>(list.size()), seconds, static_cast<long long>(times.images),
      static_cast<long long>(options.batch), times.decode, times.network, times.commit, times.wait, times.total,
      cost.decode, cost.geometry, cost.arithmetic);
}

}  // namespace

int main(int argc, char** argv) {
  keep_allocator();
  use_single_threaded_blas();
  if (argc == 1) {
    for (const auto& backbone : backbones()) std::printf("%s\n", backbone.name.c_str());
    return 0;
  }
  try {
    require(argc == 6, "usage: extract_bench [BACKBONE THREADS BATCH ROOT STORE]");
    run(argv[1], std::stoi(argv[2]), std::stoll(argv[3]), argv[4], argv[5]);
    Communicator::finalize();
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "extract_bench: %s\n", error.what());
    Communicator::abort(1);
  }
}
