#include "stages/reduction_reader.hpp"

namespace coterie::jobs {

Normalise normalise_of(const std::string& text) {
  if (text == "standard") return Normalise::standard;
  return text == "l2" ? Normalise::l2 : Normalise::none;
}

Pca read_pca(const ArtifactReader& reduction) {
  const auto& asked = reduction.recipe().parameters();
  Pca pca;
  pca.normalise = normalise_of(asked.at("normalize"));
  pca.normalise_after = normalise_of(asked.at("normalize-after"));
  pca.whiten = asked.contains("whiten") && asked.at("whiten") == "true";
  pca.mean = reduction.read<double>("mean");
  if (reduction.has("scale")) pca.scale = reduction.read<double>("scale");
  pca.components = reduction.read<double>("components");
  pca.explained_variance = reduction.read<double>("explained_variance");
  pca.explained_variance_ratio = reduction.read<double>("explained_variance_ratio");
  pca.singular_values = reduction.read<double>("singular_values");
  pca.total_variance = reduction.value<double>("total_variance");
  pca.dimensions = std::ssize(pca.mean);
  pca.rows = reduction.shape("rows").at(0);
  return pca;
}

}  // namespace coterie::jobs
