#include "coterie/artifacts/assignment.hpp"

#include <iterator>

#include "checked.hpp"
#include "coterie/base/errors.hpp"
#include "coterie/base/number.hpp"

namespace coterie::inline artifacts {
namespace {

std::int64_t read_k(const ArtifactReader& artifact) {
  const std::string text = recorded_text(artifact, "k");
  const auto k = parse_as<std::int64_t>(text);
  if (!k || *k < 1)
    throw FileError(artifact.path(),
                    fmt::format("its k is \"{}\": damaged; coterie assign --overwrite makes it anew", text));
  return *k;
}

}  // namespace

void write_assignment(const std::string& path, const Recipe& recipe, const AssignedImages& images) {
  const Shape rows = {images.size()};
  ArtifactWriter writer(path, recipe, Communicator::self());
  writer.attribute("clustering", images.clustering);
  writer.attribute("k", fmt::to_string(images.k));
  writer.put_texts("path", images.paths);
  writer.put<std::int32_t>("labels", rows, images.labels);
  writer.put<float>("distances", rows, images.distances);
  writer.put<std::int32_t>("seconds", rows, images.seconds);
  writer.put<float>("second_distances", rows, images.second_distances);
  writer.put<double>("share_as_far", rows, images.share_as_far);
  writer.put<std::uint8_t>("outlier", rows, images.outlier);
  if (!images.probabilities.empty())
    writer.put<float>("probabilities", {images.size(), images.k}, images.probabilities);
  writer.finish();
}

AssignedImages read_assignment(const ArtifactReader& artifact) {
  AssignedImages images;
  images.k = read_k(artifact);
  images.clustering = artifact.attribute("clustering");
  images.labels = read_numbers<std::int32_t>(artifact, "labels", {kAny}, 0, images.k);
  const Shape rows = {images.size()};
  images.paths = read_texts(artifact, "path", images.size());
  images.distances = read_values<float>(artifact, "distances", rows);
  images.seconds = read_numbers<std::int32_t>(artifact, "seconds", rows, -1, images.k);
  images.second_distances = read_values<float>(artifact, "second_distances", rows);
  images.share_as_far = read_values<double>(artifact, "share_as_far", rows);
  images.outlier = read_numbers<std::uint8_t>(artifact, "outlier", rows, 0, 2);
  if (artifact.has("probabilities"))
    images.probabilities = read_values<float>(artifact, "probabilities", {images.size(), images.k});
  return images;
}

}  // namespace coterie::inline artifacts
