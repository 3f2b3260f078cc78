#include <map>

#include "command/job.hpp"
#include "coterie/evaluation/agreement.hpp"
#include "coterie/evaluation/indices.hpp"
#include "coterie/evaluation/silhouette.hpp"
#include "stages/clustering_reader.hpp"
#include "stages/image_table.hpp"

namespace coterie::jobs {
namespace {

constexpr int kRevision = 2;

void write_agreement(ArtifactWriter& writer, const std::string& group, const Contingency& table,
                     const Agreement& found) {
  writer.put<std::int64_t>(group + "/crosstab", {table.rows, table.columns}, table.counts);
  writer.put_value<double>(group + "/adjusted_rand", found.adjusted_rand);
  writer.put_value<double>(group + "/normalised_mutual_info", found.normalised_mutual_info);
  writer.put_value<double>(group + "/adjusted_mutual_info", found.adjusted_mutual_info);
  writer.put_value<double>(group + "/homogeneity", found.homogeneity);
  writer.put_value<double>(group + "/completeness", found.completeness);
  writer.put_value<double>(group + "/v_measure", found.v_measure);
  writer.put_value<double>(group + "/purity", found.purity);
}

void write_indices(ArtifactWriter& writer, const std::string& group, const ClusterIndices& indices) {
  const auto k = static_cast<std::int64_t>(indices.sizes.size());
  writer.put<std::int64_t>(group + "/sizes", {k}, indices.sizes);
  writer.put<double>(group + "/mean_distance", {k}, indices.mean_distance);
  writer.put_value<double>(group + "/inertia", indices.inertia);
  if (!indices.defined) return;
  writer.put_value<double>(group + "/calinski_harabasz", indices.calinski_harabasz);
  writer.put_value<double>(group + "/davies_bouldin", indices.davies_bouldin);
}

void write_silhouette(ArtifactWriter& writer, const std::string& group, const Silhouette& silhouette) {
  if (!silhouette.defined) return;
  const std::vector<float> values(silhouette.values.begin(), silhouette.values.end());
  writer.put<float>(group + "/silhouette", {static_cast<std::int64_t>(values.size())}, values);
  writer.put<double>(group + "/silhouette_clusters", {static_cast<std::int64_t>(silhouette.cluster_means.size())},
                     silhouette.cluster_means);
  writer.put_value<double>(group + "/silhouette_mean", silhouette.mean);
}

}  // namespace

void evaluate(Job& job) {
  const auto columns = job.options.list("labels");
  std::string name;
  RowNames names;
  std::vector<Classes> classes;
  job.comm.together([&] { name = job.study.find(Kind::clusterings, job.options.text("clustering")); });
  const ClusteringReader clustering(job.study, name);
  job.comm.on_root([&] {
    names = read_row_names(job.study, clustering.features());
    for (const auto& column : columns) classes.push_back(classes_of(names, column));
  });

  Recipe recipe("evaluate", kRevision);
  recipe.set("labels", job.options.text("labels"));
  recipe.set("silhouette", job.options.text("silhouette"));
  recipe.input("clustering " + name, clustering.digest());
  const std::string path = job.study.path(Kind::evaluations, name);
  if (!job.must_make(path, recipe)) return;

  const auto rows = clustering.open_rows();
  std::vector<std::vector<std::int32_t>> labels;
  std::vector<Labelling> labellings;
  for (const auto k : clustering.ks()) labels.push_back(clustering.labels(k));
  for (std::size_t i = 0; i < labels.size(); ++i) labellings.push_back({labels[i], clustering.ks()[i]});
  std::vector<Silhouette> found(labels.size());
  if (job.options.flag("silhouette")) found = silhouettes(*rows, labellings, job.comm, job.pool, job.memory_bytes);
  std::vector<ClusterIndices> indices;
  const RowsSummary summary = summarise_rows(*rows, job.comm, job.pool);
  for (const auto& labelling : labellings)
    indices.push_back(cluster_indices(*rows, labelling, summary, job.comm, job.pool));

  std::vector<std::string> lines;
  job.comm.on_root([&] {
    ArtifactWriter writer(path, recipe, Communicator::self());
    writer.attribute("clustering", name);
    for (const auto& c : classes) writer.put_texts("classes/" + column_group(c.column), c.names);
    for (std::size_t i = 0; i < labels.size(); ++i) {
      const std::string group = ClusteringReader::group(clustering.ks()[i]);
      write_indices(writer, group, indices[i]);
      write_silhouette(writer, group, found[i]);
      lines.push_back(fmt::format("k = {}: inertia {:.6g}", clustering.ks()[i], indices[i].inertia));
      if (found[i].defined) lines.back() += fmt::format(", silhouette {:.3f}", found[i].mean);
      for (const auto& c : classes) {
        const Contingency table = contingency(c.labels, labels[i], std::ssize(c.names), clustering.ks()[i]);
        const Agreement agreed = agreement(table);
        write_agreement(writer, group + "/agreement/" + column_group(c.column), table, agreed);
        lines.back() += fmt::format(", agreement with {} (ARI) {:.3f}", c.column, agreed.adjusted_rand);
      }
    }
    writer.finish();
  });
  for (const auto& line : lines) job.say("{}", line);
  job.made(path);
}

}  // namespace coterie::jobs
