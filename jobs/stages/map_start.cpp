#include "stages/map_start.hpp"

#include <algorithm>
#include <filesystem>
#include <unordered_map>

#include "coterie/artifacts/row_names.hpp"
#include "coterie/base/digest.hpp"
#include "coterie/embedding/start.hpp"
#include "coterie/images/listing.hpp"
#include "stages/called_map.hpp"
#include "stages/position_file.hpp"

namespace coterie::jobs {
namespace fs = std::filesystem;
namespace {

constexpr const char* kFromFile = "file";  // what the recipe has for --init; the rest is in its inputs and parents
constexpr const char* kFromMap = "map";

enum class Start { pca, random, file, map };

Start start_named(const Options& options) {
  const std::string init = options.text("init");
  if (init == "pca") return Start::pca;
  if (init == "random") return Start::random;
  return is_position_file(init) ? Start::file : Start::map;
}

// The file that is read for positions, of --positions or --init; empty where there is none.
std::string file_named(const Options& options) {
  if (options.given("positions")) return options.text("positions");
  return start_named(options) == Start::file ? options.text("init") : "";
}

std::vector<std::string> names_of_rows(const Job& job, const RowParent& parent) {
  return read_row_names(job.study, parent.features).names;
}

ReadPositions read_file(const Job& job, const RowParent& parent) {
  const std::string path = file_named(job.options);
  ReadPositions found = read_positions({path, job.options.text("path-column"), job.options.texts("position-columns")},
                                       names_of_rows(job, parent));
  if (!found.columns.empty()) job.say("{}: {} (--path-column and --position-columns take others)", path, found.columns);
  if (found.passed_over > 0)
    job.say("passes over {} of its rows, whose images have no features here", found.passed_over);
  return found;
}

// Of the rows of the parent, by the names of their images where the map is of other features.
ReadPositions read_map(const Job& job, const RowParent& parent) {
  const std::string name = job.options.text("init");
  const ArtifactReader artifact = job.study.open(Kind::embeddings, name);
  const Embedding map = read_embedding(artifact);
  ReadPositions found{.dimensions = map.dimensions, .values = map.positions, .columns = {}};
  if (map.features == parent.features) return found;
  const auto there = names_of_rows(job, {map.features, "", ""});
  std::unordered_map<std::string, std::size_t> rows;
  for (std::size_t i = 0; i < there.size(); ++i) rows.emplace(there[i], i);
  const auto each = static_cast<std::size_t>(map.dimensions);
  found.values.clear();
  for (const auto& wanted : names_of_rows(job, parent)) {
    const auto row = rows.find(wanted);
    require(row != rows.end(),
            "--init {}: {} is not on that map, which is of the features {}; begin with another one, "
            "or with --init pca",
            name, wanted, map.features);
    const auto first = map.positions.begin() + static_cast<std::ptrdiff_t>(row->second * each);
    found.values.insert(found.values.end(), first, first + map.dimensions);
  }
  return found;
}

// Scaled on the root, which has read it.
std::vector<double> given_start(const Job& job, const RowParent& parent, std::int64_t rows, double deviation,
                                double jitter) {
  const auto dimensions = map_dimensions(job.options);
  std::vector<double> start(static_cast<std::size_t>(rows * dimensions));
  job.comm.on_root([&] {
    const ReadPositions found = start_named(job.options) == Start::map ? read_map(job, parent) : read_file(job, parent);
    require(found.dimensions == dimensions, "--init {} has {} dimensions, and --dimensions asks for {}",
            job.options.text("init"), found.dimensions, dimensions);
    start = scaled_start({found.values.begin(), found.values.end()}, dimensions, deviation, jitter,
                         static_cast<std::uint64_t>(job.options.count("seed")));
  });
  job.comm.broadcast(std::span(start));
  return start;
}

// A map that is begun again from what it has been would be its own parent.
void take_map_to_begin_with(Job& job, const std::string& made) {
  std::string name = job.options.text("init");
  job.comm.on_root([&] {
    name = map_called(job, name);
    const auto maps = job.study.list(Kind::embeddings);
    require(std::find(maps.begin(), maps.end(), name) != maps.end(),
            "--init {}: neither pca nor random, nor a file (.npy, .csv, .tsv), nor a map of {}, which holds {}", name,
            job.study.folder(), maps.empty() ? "none" : fmt::format("{}", fmt::join(maps, ", ")));
    require(name != made, "--init {}: the new map would have the same name; give it another one with --name", name);
  });
  job.comm.broadcast(name);
  job.take(Kind::embeddings, std::vector{name});
  job.asked.set("init", name);
  job.options.set("init", name);
  job.recipe.set("init", kFromMap);
}

}  // namespace

int map_dimensions(const Options& options) { return static_cast<int>(options.count("dimensions")); }

void take_start(Job& job, const std::string& made) {
  const std::string file = file_named(job.options);
  if (file.empty()) {
    if (start_named(job.options) == Start::map) take_map_to_begin_with(job, made);
    return;
  }
  std::string digest;
  job.comm.on_root([&] { digest = sha256_of_file(file); });
  job.comm.broadcast(digest);
  const bool whole = job.options.given("positions");
  job.read_input(whole ? "positions" : "init", digest);
  if (!whole) job.recipe.set("init", kFromFile);
}

Embedding placed_elsewhere(const Job& job, const RowParent& parent) {
  ReadPositions found = read_file(job, parent);
  Embedding embedding;
  embedding.dimensions = found.dimensions;
  embedding.positions = std::move(found.values);
  return embedding;
}

std::vector<double> start_of_map(const Job& job, const RowParent& parent, const RowSource& rows, double deviation,
                                 double jitter) {
  const auto seed = static_cast<std::uint64_t>(job.options.count("seed"));
  const auto dimensions = map_dimensions(job.options);
  switch (start_named(job.options)) {
    case Start::pca:
      return principal_start(rows, dimensions, deviation, jitter, seed, job.comm, job.pool, job.memory_bytes);
    case Start::random:
      return random_start(rows.rows(), dimensions, deviation, seed);
    default:
      return given_start(job, parent, rows.rows(), deviation, jitter);
  }
}

void settle_start(Options& options) {
  const std::string file = file_named(options);
  for (const char* option : {"path-column", "position-columns"}) {
    require(!options.given(option) || is_table_file(file), "--{} is for a table that --positions or --init names",
            option);
    if (!is_table_file(file)) options.leave_out(option);
  }
}

void check_start(const Options& options) {
  const std::string file = file_named(options);
  require(file.empty() || fs::exists(file), "--{}: {} is not there", options.given("positions") ? "positions" : "init",
          file);
}

void init_of_recipe(const Recipe& recipe, Options& options) {
  const std::string init = recipe.parameter("init");
  if (init != kFromFile && init != kFromMap) return;
  options.set("init", "");
  for (const auto& [parent, ignored] : recipe.parents())
    if (parent.starts_with(Study::address(Kind::embeddings, "")))
      options.set("init", parent.substr(parent.find('/') + 1));
}

}  // namespace coterie::jobs
