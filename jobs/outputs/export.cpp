#include <algorithm>
#include <filesystem>
#include <set>

#include "command/job.hpp"
#include "coterie/base/npy.hpp"
#include "coterie/images/decode.hpp"
#include "coterie/store/store_rows.hpp"
#include "outputs/skipped_table.hpp"
#include "outputs/solution_pictures.hpp"
#include "outputs/table_file.hpp"

namespace coterie::jobs {
namespace fs = std::filesystem;
namespace {

constexpr std::int64_t kBlockRows = 4096;

void write_assignments(const std::string& stem, const ClusteringReader& clustering, std::int64_t k,
                       const RowNames& names, TableText text) {
  const auto labels = clustering.labels(k);
  const auto distances = clustering.distances(k);
  const auto probabilities = clustering.probabilities(k);
  const std::size_t components = probabilities.empty() ? 0 : static_cast<std::size_t>(k);
  for (const auto& [suffix, delimiter] : {std::pair{".csv", ','}, std::pair{".tsv", '\t'}}) {
    TableFile table(stem + suffix, text);
    std::vector<std::string> header = {"path", "label", "distance"};
    for (std::size_t c = 0; c < components; ++c) header.push_back(fmt::format("p{}", c));
    header.insert(header.end(), names.columns.begin(), names.columns.end());
    table.line(header, delimiter);
    for (std::size_t i = 0; i < labels.size(); ++i) {
      std::vector<std::string> fields = {names.names[i], fmt::to_string(labels[i]),
                                         fmt::format("{:.9g}", distances[i])};
      for (std::size_t c = 0; c < components; ++c)
        fields.push_back(fmt::format("{:.6g}", probabilities[i * components + c]));
      for (const auto& column : names.values) fields.push_back(column[i]);
      table.line(fields, delimiter);
    }
    table.finish();
  }
}

// The images that a mixture gives to two clusters or more, each with a probability above the threshold.
std::int64_t write_shared(const std::string& path, const ClusteringReader& clustering, std::int64_t k,
                          const RowNames& names, double threshold, TableText text) {
  const auto labels = clustering.labels(k);
  const auto probabilities = clustering.probabilities(k);
  const auto components = static_cast<std::size_t>(k);
  TableFile table(path, text);
  std::vector<std::string> header = {"path", "label", "clusters"};
  for (std::size_t c = 0; c < components; ++c) header.push_back(fmt::format("p{}", c));
  table.line(header, ',');
  std::int64_t shared = 0;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const auto own = std::span(probabilities).subspan(i * components, components);
    std::vector<std::size_t> clusters;
    for (std::size_t c = 0; c < components; ++c)
      if (own[c] > threshold) clusters.push_back(c);
    if (clusters.size() < 2) continue;
    ++shared;
    std::vector<std::string> fields = {names.names[i], fmt::to_string(labels[i]),
                                       fmt::format("{}", fmt::join(clusters, " "))};
    for (const float p : own) fields.push_back(fmt::format("{:.6g}", p));
    table.line(fields, ',');
  }
  table.finish();
  return shared;
}

void write_features(const std::string& path, const RowSource& rows) {
  NewFile file(path);
  file.write(npy_header_bytes("<f4", {rows.rows(), rows.columns()}));
  std::vector<float> block;
  for (std::int64_t begin = 0; begin < rows.rows(); begin += kBlockRows) {
    const RowRange range{begin, std::min(begin + kBlockRows, rows.rows())};
    block.resize(static_cast<std::size_t>(range.size() * rows.columns()));
    rows.read(range, block.data());
    file.write({reinterpret_cast<const char*>(block.data()), block.size() * sizeof(float)});
  }
  file.finish();
}

// "cats/a b.png" -> "cats_a b.png": base names alone would clash, and a name without a slash cannot lead anywhere else.
// What still clashes ("cats_a b.png" itself) is numbered; of a long path the end counts.
std::string flat_name(std::string path, std::set<std::string>& taken) {
  constexpr std::size_t kLongest = 200;  // a file system takes 255 bytes
  std::replace(path.begin(), path.end(), '/', '_');
  if (path.size() > kLongest) path.erase(0, path.size() - kLongest);
  if (path == "." || path == "..") path.insert(0, 1, '_');
  std::string name = path;
  for (int again = 2; !taken.insert(name).second; ++again) name = fmt::format("{}_{}", again, path);
  return name;
}

// A copy, or a link where that is asked for and the image is a file: out of a shard it always is a copy. Of its bytes
// alone, not of the file's mode, and of nothing that is no image, whatever the study says of it.
void place_picture(const Job& job, const ImagePlace& place, const std::string& name, bool link, const std::string& to) {
  clear_place(to);
  if (link && place.bytes < 0) return fs::create_symlink(fs::absolute(place.file), to);
  try {
    if (const Probe probe = probe_image(place); probe.fate != Fate::ok)
      throw DecodeError(place.file, probe.fate, probe.reason);
    const auto bytes = image_bytes(place);
    NewFile copy(to);
    copy.write({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
    copy.finish();
  } catch (const DecodeError& error) {
    job.say("{}: {}; no copy was made", name, error.reason());
  }
}

void place_pictures(const Job& job, const std::string& folder, const ClusteringReader& clustering, std::int64_t k,
                    const RowNames& names, const ImageTable& images) {
  const std::string way = job.options.text("pictures");
  const auto members = pick_pictures(clustering, k, 0, 0).members;
  const Random random(static_cast<std::uint64_t>(job.options.count("sample-seed")), Purpose::export_sample);
  for (std::size_t c = 0; c < members.size(); ++c) {
    const std::string pictures = fmt::format("pictures-k{}", k), cluster = fmt::format("cluster_{:03}", c);
    make_folder_inside(folder, pictures);
    make_folder_inside(folder + "/" + pictures, cluster);
    const std::string into = folder + "/" + pictures + "/" + cluster + "/";
    std::set<std::string> taken;
    const auto rows = way == "sample" ? draw_sample(members[c], job.options.count("sample"), random) : members[c];
    for (const auto row : rows) {
      const std::string& name = names.names[static_cast<std::size_t>(row)];
      place_picture(job, place_of(images, names.images[static_cast<std::size_t>(row)]), name, way == "links",
                    into + flat_name(name, taken));
    }
  }
}

}  // namespace

void export_tables(Job& job) {
  job.comm.on_root([&] {
    const ClusteringReader clustering(job.study, job.study.find(Kind::clusterings, job.options.text("clustering")));
    const auto ks = clustering.choose(job.options.counts("k"));
    const std::string folder = job.options.given("to") ? job.options.text("to") : job.study.folder() + "/tables";
    if (job.dry_run()) return job.say("would write tables for k = {} into {}", fmt::join(ks, ", "), folder);
    const RowNames names = read_row_names(job.study, clustering.features());
    const ArtifactReader features(job.study.path(Kind::features, clustering.features()));
    const TableText text = job.options.flag("exact") ? TableText::exact : TableText::harmless;
    make_folder(folder);
    for (const auto k : ks) {
      const std::string stem = folder + (ks.size() == 1 ? "/assignments" : fmt::format("/assignments-k{}", k));
      write_assignments(stem, clustering, k, names, text);
      job.say("wrote {}.csv and .tsv: {} rows", stem, names.names.size());
      if (clustering.algorithm() != "mixture") continue;
      const std::string path =
          folder + (ks.size() == 1 ? "/more_than_one.csv" : fmt::format("/more_than_one-k{}.csv", k));
      const auto shared = write_shared(path, clustering, k, names, job.options.real("threshold"), text);
      job.say("wrote {}: {} images in more than one cluster, by probabilities above {}", path, shared,
              job.options.text("threshold"));
    }
    if (clustering.artifact().has("linkage")) {
      const auto merges = clustering.artifact().shape("linkage").at(0);
      write_npy<double>(folder + "/linkage.npy", clustering.artifact().read<double>("linkage").data(), {merges, 4});
      job.say("wrote {}/linkage.npy: the whole tree, as scipy has it", folder);
    }
    if (fs::exists(job.study.images_path()) && !features.has("name")) {
      const ImageTable images = read_image_table(job.study.images_path());
      write_skipped(folder + "/", images, features, text);
      job.say("wrote {0}/skipped.csv and {0}/duplicates.csv", folder);
      if (job.options.text("pictures") != "none")
        for (const auto k : ks) place_pictures(job, folder, clustering, k, names, images);
    } else {
      require(job.options.text("pictures") == "none",
              "--pictures wants a study whose images were scanned and extracted");
    }
    if (!job.options.flag("write-features")) return;
    write_features(folder + "/features.npy", StoreRows(features, "features", good_rows(features)));
    job.say("wrote {}/features.npy", folder);
  });
}

}  // namespace coterie::jobs
