// For tests/oracle/embedding_oracle.py and tests/bench/embedding_bench.py: embeds the rows of a .npy file and writes
// what was found beside it. Arguments: FOLDER THREADS KEY=VALUE...; FOLDER holds rows.npy and perhaps start.npy.
// method=umap: UMAP instead of t-SNE.

#include <fmt/format.h>

#include <cmath>
#include <map>

#include "coterie/base/npy.hpp"
#include "coterie/base/wall_seconds.hpp"
#include "coterie/embedding/start.hpp"
#include "coterie/embedding/tsne.hpp"
#include "coterie/embedding/umap.hpp"

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

// Rows, ranks and threads, and the clock.
struct Work {
  const RowSource& rows;
  const Communicator& comm;
  ThreadPool& pool;
  std::string folder;
  std::vector<double> seconds = {wall_seconds()};

  void lap() { seconds.push_back(wall_seconds()); }
  double took(std::size_t part) const { return seconds[part + 1] - seconds[part]; }

  std::vector<double> start(const Settings& settings, int dimensions, double deviation) const {
    if (word(settings, "start", "pca") == "file") return read_npy<double>(folder + "/start.npy");
    return principal_start(rows, dimensions, deviation, 0.01, 0, comm, pool, 1 << 30);
  }
};

void dump(const Work& work, const Affinities& affinities) {
  const auto count = std::ssize(affinities.values);
  write_npy<float>(work.folder + "/values.npy", affinities.values.data(), {count});
  write_npy<std::int32_t>(work.folder + "/columns.npy", affinities.columns.data(), {count});
  write_npy<std::int64_t>(work.folder + "/offsets.npy", affinities.offsets.data(), {std::ssize(affinities.offsets)});
}

struct Made {
  TsneResult map;
  Affinities affinities;
  int dimensions = 2;
};

Made make_tsne(Work& work, const Settings& settings) {
  const TsneParameters parameters = parameters_of(settings, work.rows.rows());
  const double perplexity = usable_perplexity(work.rows.rows(), number(settings, "perplexity", 30));
  const Neighbours neighbours =
      nearest_neighbours(work.rows, neighbours_for(work.rows.rows(), perplexity), work.comm, work.pool);
  work.lap();
  Made made{{},
            symmetric(neighbours, gaussian_weights(neighbours, perplexity, work.pool), work.rows.rows(), Symmetry::mean,
                      work.comm),
            parameters.dimensions};
  work.lap();
  made.map = tsne(made.affinities, parameters, {0, work.start(settings, parameters.dimensions, 1e-4), {}, {}},
                  work.comm, work.pool);
  work.lap();
  return made;
}

Made make_umap(Work& work, const Settings& settings) {
  const UmapParameters parameters{.dimensions = static_cast<int>(number(settings, "dimensions", 2)),
                                  .min_dist = number(settings, "min_dist", 0.1),
                                  .epochs = static_cast<int>(number(settings, "epochs", 0))};
  const auto count = static_cast<std::int64_t>(number(settings, "neighbours", 15)) - 1;  // the row itself is one
  const Neighbours neighbours = nearest_neighbours(work.rows, count, work.comm, work.pool);
  work.lap();
  Made made{{},
            symmetric(neighbours, fuzzy_weights(neighbours, work.pool), work.rows.rows(), Symmetry::union_, work.comm),
            parameters.dimensions};
  work.lap();
  made.map = umap(made.affinities, parameters, {0, work.start(settings, parameters.dimensions, 2.5), {}, {}}, work.comm,
                  work.pool);
  work.lap();
  return made;
}

int run(const std::string& folder, int threads, const Settings& settings) {
  std::vector<std::int64_t> shape;
  const auto values = read_npy<float>(folder + "/rows.npy", &shape);
  const MemoryRows rows({values.data(), shape.at(0), shape.at(1)});
  ThreadPool pool(threads);
  Work work{rows, Communicator::world(), pool, folder};
  const Made made = (word(settings, "method", "tsne") == "umap" ? make_umap : make_tsne)(work, settings);
  if (!work.comm.is_root()) return 0;
  if (number(settings, "dump", 0) > 0) dump(work, made.affinities);
  write_npy<double>(folder + "/positions.npy", made.map.positions.data(), {rows.rows(), made.dimensions});
  fmt::print("{{\"kl\": {}, \"neighbours_s\": {}, \"affinities_s\": {}, \"map_s\": {}}}\n",
             std::isnan(made.map.kl_divergence) ? 0 : made.map.kl_divergence, work.took(0), work.took(1), work.took(2));
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
