// For tests/oracle/embedding_oracle.py and tests/bench/embedding_bench.py: embeds the rows of a .npy file and writes
// what was found beside it. Arguments: KIND FOLDER THREADS KEY=VALUE...; FOLDER holds rows.npy and perhaps start.npy.

#include <fmt/format.h>

#include <chrono>
#include <map>

#include "coterie/base/npy.hpp"
#include "coterie/embedding/start.hpp"
#include "coterie/embedding/tsne.hpp"

namespace coterie {
namespace {

using Settings = std::map<std::string, std::string>;

double number(const Settings& settings, const std::string& name, double otherwise) {
  const auto found = settings.find(name);
  return found == settings.end() ? otherwise : std::stod(found->second);
}

std::string word(const Settings& settings, const std::string& name, const std::string& otherwise) {
  const auto found = settings.find(name);
  return found == settings.end() ? otherwise : found->second;
}

TsneParameters parameters_of(const Settings& settings, std::int64_t rows) {
  TsneParameters made =
      tsne_preset(word(settings, "preset", "opentsne"), rows, static_cast<int>(number(settings, "dimensions", 2)));
  made.early.iterations = static_cast<int>(number(settings, "early", made.early.iterations));
  made.late.iterations = static_cast<int>(number(settings, "late", made.late.iterations));
  made.late.exaggeration = number(settings, "exaggeration", made.late.exaggeration);
  made.early.exaggeration = number(settings, "early_exaggeration", made.early.exaggeration);
  made.late.learning_rate = number(settings, "rate", made.late.learning_rate);
  made.early.learning_rate = number(settings, "rate", made.early.learning_rate);
  made.degrees_of_freedom = number(settings, "freedom", made.degrees_of_freedom);
  const std::string repulsion = word(settings, "repulsion", "automatic");
  if (repulsion == "exact") made.repulsion = Repulsion::exact;
  if (repulsion == "grid") made.repulsion = Repulsion::grid;
  return made;
}

double now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

int run(const std::string& folder, int threads, const Settings& settings) {
  std::vector<std::int64_t> shape;
  const auto values = read_npy<float>(folder + "/rows.npy", &shape);
  const MemoryRows rows({values.data(), shape.at(0), shape.at(1)});
  const Communicator& comm = Communicator::world();
  ThreadPool pool(threads);
  const TsneParameters parameters = parameters_of(settings, rows.rows());
  const double perplexity = usable_perplexity(rows.rows(), number(settings, "perplexity", 30));
  const double began = now();
  const Neighbours neighbours = nearest_neighbours(rows, neighbours_for(rows.rows(), perplexity), comm, pool);
  const double found = now();
  const Affinities affinities =
      symmetric(neighbours, gaussian_weights(neighbours, perplexity, pool), rows.rows(), Symmetry::mean, comm);
  const double weighed = now();
  std::vector<double> start = word(settings, "start", "pca") == "file"
                                  ? read_npy<double>(folder + "/start.npy")
                                  : principal_start(rows, parameters.dimensions, 1e-4, 0.01, 0, comm, pool, 1 << 30);
  const TsneResult map = tsne(affinities, parameters, {0, std::move(start), {}, {}}, comm, pool);
  const double ended = now();
  if (comm.is_root() && number(settings, "dump", 0) > 0) {
    const auto count = std::ssize(affinities.values);
    write_npy<float>(folder + "/values.npy", affinities.values.data(), {count});
    write_npy<std::int32_t>(folder + "/columns.npy", affinities.columns.data(), {count});
    write_npy<std::int64_t>(folder + "/offsets.npy", affinities.offsets.data(), {std::ssize(affinities.offsets)});
  }
  if (comm.is_root()) {
    write_npy<double>(folder + "/positions.npy", map.positions.data(), {rows.rows(), parameters.dimensions});
    write_npy<std::int32_t>(folder + "/neighbours.npy", neighbours.indices.data(),
                            {neighbours.local.size(), neighbours.count});
    fmt::print("{{\"kl\": {}, \"neighbours_s\": {}, \"affinities_s\": {}, \"map_s\": {}}}\n", map.kl_divergence,
               found - began, weighed - found, ended - weighed);
  }
  return 0;
}

}  // namespace
}  // namespace coterie

int main(int argc, char** argv) {
  coterie::Settings settings;
  for (int i = 3; i < argc; ++i) {
    const std::string text = argv[i];
    settings[text.substr(0, text.find('='))] = text.substr(text.find('=') + 1);
  }
  const int code = coterie::run(argv[1], std::stoi(argv[2]), settings);
  coterie::Communicator::finalize();
  return code;
}
