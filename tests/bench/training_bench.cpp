// training_bench BACKBONE WIDTH SIDE BATCH STEPS THREADS [JPEG]: training steps of a DeepCluster network. Prints images
// a second of the median step; with a JPEG its decoding, a random crop and the Sobel gradients are part of a step, as
// they are in train.

#include <sys/resource.h>

#include <algorithm>
#include <cstdlib>
#include <string>
#include <vector>

#include "coterie/base/blas.hpp"
#include "coterie/base/errors.hpp"
#include "coterie/base/random.hpp"
#include "coterie/base/wall_seconds.hpp"
#include "coterie/features/allocator.hpp"
#include "coterie/training/deepcluster_network.hpp"
#include "coterie/training/view.hpp"

namespace {

using namespace coterie;

void load(const Batch& batch, const std::string& file, std::int64_t side, std::vector<float>& input) {
  const Preprocess steps = torchvision_preprocess(static_cast<int>(side * 256 / 224), static_cast<int>(side));
  batch.for_images(false, [&](std::int64_t image) {
    const Image decoded = decode_image(file);
    std::vector<float> pixels(static_cast<std::size_t>(side * side * 3));
    const std::int64_t position = batch.first + batch.own().begin + image;
    render_view(decoded, draw_view({decoded.width, decoded.height}, 1, 0, position), steps, pixels.data());
    sobel_gradients(pixels.data(), side, input.data() + image * side * side * 2);
  });
}

}  // namespace

int main(int count, char** words) {
  if (count < 7) return 2;
  keep_allocator();
  use_single_threaded_blas();
  const Communicator& comm = Communicator::world();
  const std::int64_t side = std::atoi(words[3]), images = std::atoi(words[4]), steps = std::atoi(words[5]);
  ThreadPool pool(std::atoi(words[6]));
  DeepClusterNetwork network(deepcluster_shape(words[1], std::atof(words[2]), static_cast<int>(side)), comm);
  network.initialise(1, pool);
  network.make_top(6, 1, 0, comm);
  std::vector<double> seconds;
  std::int64_t bytes = 0;
  for (std::int64_t step = 0; step <= steps; ++step) {
    Batch batch = make_batch(images, images, comm, pool);
    batch.first = step * images;
    std::vector<float> input(static_cast<std::size_t>(batch.own_images() * side * side * 2));
    const Random random(1, Purpose::test_data);
    for (std::size_t i = 0; i < input.size(); ++i) input[i] = static_cast<float>(random.uniform(i)) - 0.5F;
    std::vector<std::int32_t> labels;
    for (std::int64_t i = 0; i < images; ++i) labels.push_back(static_cast<std::int32_t>(i % 6));
    const double start = wall_seconds();
    if (count > 7) load(batch, words[7], side, input);
    network.step(batch, input.data(), labels, {});
    if (step > 0) seconds.push_back(wall_seconds() - start);  // the first asks the system for its memory
    bytes = batch.bytes;
  }
  std::nth_element(seconds.begin(), seconds.begin() + steps / 2, seconds.end());
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  if (comm.is_root())
    fmt::print("{:.3f} images/s, {:.0f} MB, {:.2f} MB sent in a step\n",
               static_cast<double>(images) / seconds[static_cast<std::size_t>(steps / 2)],
               static_cast<double>(usage.ru_maxrss) / 1024, static_cast<double>(bytes) / 1e6);
  Communicator::finalize();
}
