// ward_probe ROWS.npy MERGES.npy LABELS.npy THREADS K ...: writes the merges as scipy's linkage matrix (float64) and,
// for each K, a row of labels (int32). Every rank computes, the first writes.

#include <cstdlib>

#include "coterie/base/npy.hpp"
#include "coterie/clustering/ward.hpp"

int main(int argc, char** argv) {
  using namespace coterie;
  if (argc < 5) return 2;
  const auto& comm = Communicator::world();
  std::vector<std::int64_t> shape;
  const auto values = read_npy<float>(argv[1], &shape);
  ThreadPool pool(std::atoi(argv[4]));
  const WardTree tree = ward(MemoryRows({values.data(), shape[0], shape[1]}), {}, comm, pool);
  if (comm.is_root()) {
    std::vector<double> merges;
    for (const auto& merge : tree.merges)
      merges.insert(merges.end(), {static_cast<double>(merge.first), static_cast<double>(merge.second), merge.distance,
                                   static_cast<double>(merge.size)});
    write_npy(argv[2], merges.data(), {tree.rows - 1, 4});
    std::vector<std::int32_t> labels;
    for (int i = 5; i < argc; ++i) {
      const auto of_k = cut(tree, std::atoll(argv[i]));
      labels.insert(labels.end(), of_k.begin(), of_k.end());
    }
    write_npy(argv[3], labels.data(), {argc - 5, tree.rows});
  }
  Communicator::finalize();
  return 0;
}
