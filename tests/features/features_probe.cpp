// features_probe BACKBONE LAYER WEIGHTS IMAGES... -o OUT.npy: features of image files, for comparison with the
// libraries that the weights come from (tests/oracle). `--tensors IN.npy` instead of images takes preprocessed pixels
// (N, S, S, 3); `--preprocess KEY=VALUE` departs from the backbone's own; WEIGHTS is - for torchscript:FILE.

#include <cstdio>
#include <string>
#include <vector>

#include "coterie/base/errors.hpp"
#include "coterie/base/npy.hpp"
#include "coterie/features/extractor.hpp"

namespace {

using namespace coterie;

struct Arguments {
  std::string backbone, layer, weights, out, tensors;
  std::vector<std::string> departures;
  Block block;
};

Arguments parse(int argc, char** argv) {
  require(argc >= 6, "usage: features_probe BACKBONE LAYER WEIGHTS (IMAGES... | --tensors IN.npy) -o OUT.npy");
  Arguments arguments{argv[1], argv[2], argv[3], {}, {}, {}, {}};
  for (int i = 4; i < argc; ++i) {
    const std::string word = argv[i];
    if (word == "-o" && i + 1 < argc)
      arguments.out = argv[++i];
    else if (word == "--tensors" && i + 1 < argc)
      arguments.tensors = argv[++i];
    else if (word == "--preprocess" && i + 1 < argc)
      arguments.departures.emplace_back(argv[++i]);
    else
      arguments.block.images.emplace_back(word);
  }
  return arguments;
}

std::vector<float> features_of_images(const Network& network, const Block& block) {
  std::vector<float> rows;
  extract_blocks({&network, 1}, {}, stream_of({block}, [&](BlockFeatures&& features) {
                   for (std::size_t i = 0; i < features.statuses.size(); ++i)
                     if (features.statuses[i] != ImageStatus::ok)
                       throw FileError(block.images[i].file, features.reasons[i]);
                   rows = std::move(features.rows[0]);
                   return true;
                 }));
  return rows;
}

void run(const Arguments& arguments) {
  const Backbone backbone = find_backbone(arguments.backbone);
  Preprocess preprocess = backbone.preprocess;
  for (const auto& departure : arguments.departures) override_preprocess(preprocess, departure);
  const WeightFile weights = arguments.weights == "-" ? WeightFile(backbone.weight_files.front(), "TorchScript")
                                                      : read_weights(arguments.weights);
  const Network network(backbone, {arguments.layer}, weights, preprocess, {.device = Device::cpu});
  const std::int64_t dimension = network.layers()[0].dimension;
  std::vector<float> rows;
  if (arguments.tensors.empty()) {
    rows = features_of_images(network, arguments.block);
  } else {
    std::vector<std::int64_t> shape;
    const auto pixels = read_npy<float>(arguments.tensors, &shape);
    rows.resize(static_cast<std::size_t>(shape.at(0) * dimension));
    network.forward(pixels.data(), shape.at(0), std::vector<float*>{rows.data()});
  }
  write_npy(arguments.out, rows.data(), {static_cast<std::int64_t>(rows.size()) / dimension, dimension});
}

}  // namespace

int main(int argc, char** argv) {
  try {
    run(parse(argc, argv));
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "features_probe: %s\n", error.what());
    return 1;
  }
}
