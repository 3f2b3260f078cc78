// extract_bench BACKBONE WEIGHTS|random THREADS ROOT: images per second of all images under ROOT, decoding included, as
// one JSON line. tests/bench/extract_bench.py runs it beside Python.

#include <cstdio>
#include <filesystem>
#include <string>

#include "coterie/base/blas.hpp"
#include "coterie/base/errors.hpp"
#include "coterie/features/allocator.hpp"
#include "coterie/features/extractor.hpp"
#include "coterie/images/listing.hpp"

namespace {

using namespace coterie;

std::vector<Block> blocks_of(const std::vector<std::string>& paths) {
  constexpr std::size_t kRows = 64;
  std::vector<Block> blocks;
  for (std::size_t first = 0; first < paths.size(); first += kRows)
    blocks.push_back({static_cast<std::int64_t>(blocks.size()),
                      {paths.begin() + static_cast<std::ptrdiff_t>(first),
                       paths.begin() + static_cast<std::ptrdiff_t>(std::min(first + kRows, paths.size()))}});
  return blocks;
}

void run(const std::string& name, const std::string& weights, int threads, const std::string& root) {
  const Backbone& backbone = find_backbone(name);
  const Network network(backbone, "", weights == "random" ? random_weights(backbone, 1) : read_weights(weights),
                        {.device = Device::cpu});
  const ImageList list = list_images({.source = root});
  ExtractorOptions options;
  options.root = list.root;
  options.preprocess = backbone.preprocess;
  options.decode = decode_options(backbone.preprocess);
  options.threads = threads;
  options.decode_threads = threads;
  options.batch = backbone.batch;
  const ExtractTimes times =
      extract_blocks(network, blocks_of(list.paths), options, [](BlockFeatures&&) { return true; });
  std::printf("{\"images_per_second\": %.2f, \"decode\": %.3f, \"network\": %.3f, \"wait\": %.3f, \"total\": %.3f}\n",
              static_cast<double>(times.images) / times.total, times.decode, times.network, times.wait, times.total);
}

}  // namespace

int main(int argc, char** argv) {
  keep_allocator();
  use_single_threaded_blas();
  try {
    require(argc == 5, "usage: extract_bench BACKBONE WEIGHTS|random THREADS ROOT");
    run(argv[1], argv[2], std::stoi(argv[3]), argv[4]);
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "extract_bench: %s\n", error.what());
    return 1;
  }
}
