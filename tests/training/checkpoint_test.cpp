#include <doctest/doctest.h>

#include <unistd.h>

#include <filesystem>

#include "coterie/base/digest.hpp"
#include "coterie/base/errors.hpp"
#include "coterie/dist/communicator.hpp"
#include "coterie/features/torch_checkpoint.hpp"
#include "coterie/features/weight_file.hpp"

namespace coterie {
namespace {

TEST_CASE("a checkpoint is read back as PyTorch's, its optimiser left alone") {
  const std::string path = (std::filesystem::temp_directory_path() /
                            fmt::format("checkpoint-{}-{}.pth.tar", getpid(), Communicator::world().rank()))
                               .string();
  TorchCheckpoint checkpoint;
  checkpoint.epoch = 3;
  checkpoint.arch = "alexnet";
  checkpoint.state_dict = {{"features.module.0.weight", {2, 3}, [] { return std::vector<float>{1, 2, 3, 4, 5, 6}; }},
                           {"features.module.1.num_batches_tracked", {}, {}, 77}};
  checkpoint.optimised = {{{"momentum_buffer", {2, 3}, [] { return std::vector<float>(6, 0.5F); }}}, {}};
  checkpoint.settings = {{"lr", {0.05}}, {"betas", {0.9, 0.999}}};
  checkpoint.numbers = {{"image_size", 64}, {"seed", 9'000'000'000'000}};
  const std::string digest = write_torch_checkpoint(checkpoint, path);
  CHECK(digest == sha256_of_file(path));
  const WeightFile weights = read_weights(path);
  std::filesystem::remove(path);
  CHECK(weights.format() == "PyTorch legacy");
  CHECK(weights.tensors().size() == 2);
  REQUIRE(weights.find("features.0.weight") != nullptr);
  CHECK(weights.find("features.0.weight")->shape == std::vector<std::int64_t>{2, 3});
  CHECK(weights.find("features.0.weight")->values[5] == 6);
  CHECK(weights.find("features.1.num_batches_tracked")->values[0] == 77);
  CHECK(weights.number("epoch") == 3);
  CHECK(weights.number("coterie.image_size") == 64);
  CHECK(weights.number("coterie.seed") == 9'000'000'000'000);
}

}  // namespace
}  // namespace coterie
