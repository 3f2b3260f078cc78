#include "outputs/study_maps.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <sstream>

#include "command/lineage.hpp"
#include "coterie/artifacts/clustering.hpp"
#include "coterie/artifacts/features.hpp"
#include "stages/called_map.hpp"

namespace coterie::jobs {
namespace {

std::vector<std::string> maps_to_show(const Job& job, const std::string& shown) {
  const Manifest manifest = read_manifest(job.study);
  const std::string features = ClusteringReader(job.study, shown).features();
  const bool imported = FeatureReader(job.study, features).imported();
  std::vector<std::string> there = job.study.list(Kind::embeddings), maps;
  const auto made = [&](const std::string& name) {  // the place in the manifest's order
    return manifest.last(Study::address(Kind::embeddings, name));
  };
  std::stable_sort(there.begin(), there.end(),
                   [&](const std::string& a, const std::string& b) { return made(a) > made(b); });
  const std::string named = job.options.text(Kind::embeddings.one);
  const std::string wanted = named.empty() ? named : map_called(job, named);
  require(wanted.empty() || std::find(there.begin(), there.end(), wanted) != there.end(),
          "--{} {}: {} holds no such map, only: {}", Kind::embeddings.one, wanted, job.study.folder(),
          there.empty() ? "none (coterie embed makes one)" : fmt::format("{}", fmt::join(there, ", ")));
  std::stable_partition(there.begin(), there.end(), [&](const std::string& name) { return name == wanted; });
  for (const auto& name : there) {
    const std::string address = Study::address(Kind::embeddings, name);
    const Lineage lineage = lineage_of(job.study, job.context.commands, manifest, {address});
    if (!lineage.only(Stale::Fault::list) && name != wanted) {
      job.say("leaves out {}, which {}", address, lineage.stale.back().reason);
      continue;
    }
    const std::string own = job.study.open(Kind::embeddings, name).attribute("features");
    if (own != features && (imported || FeatureReader(job.study, own).imported()))
      job.say("leaves out {}: its rows are others than those of {}", address, shown);
    else
      maps.push_back(name);
  }
  return maps;
}

// "t-SNE (opentsne)"
std::string method_of(const Embedding& map) {
  const std::string method = map.method == "tsne"   ? "t-SNE"
                             : map.method == "umap" ? "UMAP"
                                                    : "positions made elsewhere";
  return map.preset.empty() ? method : fmt::format("{} ({})", method, map.preset);
}

}  // namespace

std::vector<std::string> names_from_root(const Job& job, const std::function<std::vector<std::string>()>& find) {
  std::string text;  // names of artifacts hold no space
  job.comm.on_root([&] { text = fmt::format("{}", fmt::join(find(), " ")); });
  job.comm.broadcast(text);
  std::istringstream words(text);
  return {std::istream_iterator<std::string>(words), {}};
}

std::vector<std::string> take_maps(Job& job, const std::string& clustering) {
  auto maps = names_from_root(job, [&] { return maps_to_show(job, clustering); });
  job.take(Kind::embeddings, maps);
  return maps;
}

std::string map_caption(const Embedding& map) {
  std::string text = method_of(map) + ".";
  if (std::isfinite(map.neighbour_recall))
    text += fmt::format(" Of the nearest neighbours of an image {:.0f} % are near on the map, too.",
                        100 * map.neighbour_recall);
  if (std::isfinite(map.trustworthiness)) text += fmt::format(" Trustworthiness {:.3f}.", map.trustworthiness);
  if (std::isfinite(map.distance_correlation))
    text += fmt::format(" Correlation of distances {:.2f}.", map.distance_correlation);
  return text + " Who is near is what a map shows; how far apart groups lie, and how large they are, means little.";
}

}  // namespace coterie::jobs
