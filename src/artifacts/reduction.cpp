#include "coterie/artifacts/reduction.hpp"

#include <iterator>

#include "checked.hpp"
#include "coterie/store/store_rows.hpp"

namespace coterie::inline artifacts {
namespace {

constexpr const char* kRows = "rows";

}  // namespace

Normalise normalise_of(const std::string& text) {
  if (text == "standard") return Normalise::standard;
  return text == "l2" ? Normalise::l2 : Normalise::none;
}

const char* normalise_name(Normalise normalise) {
  if (normalise == Normalise::standard) return "standard";
  return normalise == Normalise::l2 ? "l2" : "none";
}

PcaSolver solver_of(const std::string& text) {
  for (const auto solver :
       {PcaSolver::covariance, PcaSolver::tsqr, PcaSolver::gram, PcaSolver::randomised, PcaSolver::incremental})
    if (text == solver_name(solver)) return solver;
  return PcaSolver::automatic;
}

ReductionWriter::ReductionWriter(std::string path, Recipe recipe, std::int64_t rows, std::int64_t components,
                                 const Communicator& comm)
    : writer_(std::move(path), std::move(recipe), comm), components_(components) {
  writer_.create<float>(kRows, {rows, components});
}

void ReductionWriter::write_rows(RowRange range, const float* values) {
  writer_.write_rows<float>(kRows, range.begin, {values, static_cast<std::size_t>(range.size() * components_)});
}

void ReductionWriter::finish(const std::string& features, const Pca& pca) {
  const std::int64_t d = pca.count();
  const auto put = [&](const char* name, const Shape& shape, const std::vector<double>& values) {
    writer_.put<double>(name, shape, values);
  };
  put("mean", {pca.dimensions}, pca.mean);
  if (!pca.scale.empty()) put("scale", {pca.dimensions}, pca.scale);
  put("components", {d, pca.dimensions}, pca.components);
  put("explained_variance", {d}, pca.explained_variance);
  put("explained_variance_ratio", {d}, pca.explained_variance_ratio);
  put("singular_values", {d}, pca.singular_values);
  put("total_variance", {1}, {pca.total_variance});
  put("error_bound", {1}, {pca.error_bound});
  writer_.attribute("normalize", normalise_name(pca.normalise));
  writer_.attribute("normalize-after", normalise_name(pca.normalise_after));
  writer_.attribute("whiten", pca.whiten ? "true" : "false");
  writer_.attribute("solver", solver_name(pca.solver));
  finish(features);
}

void ReductionWriter::finish(const std::string& features) {
  writer_.attribute("features", features);
  writer_.finish();
}

ReductionReader::ReductionReader(const Study& study, std::string name)
    : name_(std::move(name)), artifact_(study.open(Kind::reductions, name_)) {
  const Shape shape = checked_shape(artifact_, kRows, "float32", {kAny, kAny});
  rows_ = shape[0];
  columns_ = shape[1];
}

Pca ReductionReader::pca() const {
  const auto read = [&](const char* name, const Shape& shape) { return read_values<double>(artifact_, name, shape); };
  Pca pca;
  pca.normalise = normalise_of(recorded_text(artifact_, "normalize"));
  pca.normalise_after = normalise_of(recorded_text(artifact_, "normalize-after"));
  pca.whiten = (artifact_.has_attribute("whiten") || artifact_.recipe().parameters().contains("whiten")) &&
               recorded_text(artifact_, "whiten") == "true";
  if (artifact_.has_attribute("solver")) pca.solver = solver_of(artifact_.attribute("solver"));
  pca.mean = read("mean", {kAny});
  pca.dimensions = std::ssize(pca.mean);
  if (pca.normalise == Normalise::standard) pca.scale = read("scale", {pca.dimensions});
  pca.components = read("components", {columns_, pca.dimensions});
  pca.explained_variance = read("explained_variance", {columns_});
  pca.explained_variance_ratio = read("explained_variance_ratio", {columns_});
  pca.singular_values = read("singular_values", {columns_});
  pca.total_variance = read_value<double>(artifact_, "total_variance");
  if (artifact_.has("error_bound")) pca.error_bound = read_value<double>(artifact_, "error_bound");
  pca.rows = rows_;
  return pca;
}

std::unique_ptr<RowSource> ReductionReader::open_rows() const { return std::make_unique<StoreRows>(artifact_, kRows); }

}  // namespace coterie::inline artifacts
