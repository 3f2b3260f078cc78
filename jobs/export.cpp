#include <algorithm>
#include <filesystem>
#include <fstream>

#include "coterie/base/digest.hpp"
#include "coterie/base/npy.hpp"
#include "coterie/images/decode.hpp"
#include "coterie/store/store_rows.hpp"
#include "job.hpp"
#include "skipped_table.hpp"
#include "solution_pictures.hpp"
#include "table_file.hpp"

namespace coterie {
namespace fs = std::filesystem;
namespace {

constexpr std::int64_t kBlockRows = 4096;

void write_assignments(const std::string& stem, const ClusteringReader& clustering, std::int64_t k,
                       const RowNames& names) {
  const auto labels = clustering.labels(k);
  const auto distances = clustering.distances(k);
  const auto probabilities = clustering.probabilities(k);
  const std::size_t components = probabilities.empty() ? 0 : static_cast<std::size_t>(k);
  for (const auto& [suffix, delimiter] : {std::pair{".csv", ','}, std::pair{".tsv", '\t'}}) {
    TableFile table(stem + suffix);
    std::vector<std::string> header = {"path", "label", "distance"};
    for (std::size_t c = 0; c < components; ++c) header.push_back(fmt::format("p{}", c));
    header.insert(header.end(), names.columns.begin(), names.columns.end());
    table.line(header, delimiter);
    for (std::size_t i = 0; i < labels.size(); ++i) {
      std::vector<std::string> fields = {harmless(names.names[i]), fmt::to_string(labels[i]),
                                         fmt::format("{:.9g}", distances[i])};
      for (std::size_t c = 0; c < components; ++c)
        fields.push_back(fmt::format("{:.6g}", probabilities[i * components + c]));
      for (const auto& column : names.values) fields.push_back(harmless(column[i]));
      table.line(fields, delimiter);
    }
    table.finish();
  }
}

// The images that a mixture gives to two clusters or more, each with a probability above the threshold.
std::int64_t write_shared(const std::string& path, const ClusteringReader& clustering, std::int64_t k,
                          const RowNames& names, double threshold) {
  const auto labels = clustering.labels(k);
  const auto probabilities = clustering.probabilities(k);
  const auto components = static_cast<std::size_t>(k);
  TableFile table(path);
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
    std::vector<std::string> fields = {harmless(names.names[i]), fmt::to_string(labels[i]),
                                       fmt::format("{}", fmt::join(clusters, " "))};
    for (const float p : own) fields.push_back(fmt::format("{:.6g}", p));
    table.line(fields, ',');
  }
  table.finish();
  return shared;
}

void write_features(const std::string& path, const RowSource& rows) {
  TableFile file(path);
  const std::string header = npy_header_bytes("<f4", {rows.rows(), rows.columns()});
  file.stream() << header;
  std::vector<float> block;
  for (std::int64_t begin = 0; begin < rows.rows(); begin += kBlockRows) {
    const RowRange range{begin, std::min(begin + kBlockRows, rows.rows())};
    block.resize(static_cast<std::size_t>(range.size() * rows.columns()));
    rows.read(range, block.data());
    file.stream().write(reinterpret_cast<const char*>(block.data()),
                        static_cast<std::streamsize>(block.size() * sizeof(float)));
  }
  file.finish();
}

// "cats/a b.png" -> "cats_a b.png": base names alone would clash. Of a path that is longer than a file's name may be, its
// end, told apart by a hash of it all.
std::string flat_name(const std::string& path) {
  constexpr std::size_t kLongest = 255, kKept = 200;
  std::string name = path;
  std::replace(name.begin(), name.end(), '/', '_');
  if (name.size() <= kLongest) return name;
  return fmt::format("{:016x}_{}", hash64(path.data(), path.size()), name.substr(name.size() - kKept));
}

// A copy, or a link where that is asked for and the image is a file: out of a shard it always is a copy.
void place_picture(const Job& job, const ImagePlace& place, const std::string& name, bool link, const fs::path& to) {
  if (fs::is_symlink(to) || fs::exists(to)) fs::remove(to);
  if (link && place.bytes < 0) return fs::create_symlink(fs::absolute(place.file), to);
  try {
    const auto bytes = image_bytes(place);
    std::ofstream file(to, std::ios::binary);
    file.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    file.close();
    if (!file) throw FileError(to.string(), "cannot be written; is the disk full?");
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
    const fs::path into = fs::path(folder) / fmt::format("pictures-k{}", k) / fmt::format("cluster_{:03}", c);
    fs::create_directories(into);
    const auto rows = way == "sample" ? draw_sample(members[c], job.options.count("sample"), random) : members[c];
    for (const auto row : rows) {
      const std::string& name = names.names[static_cast<std::size_t>(row)];
      place_picture(job, place_of(images, names.images[static_cast<std::size_t>(row)]), name, way == "links",
                    into / flat_name(name));
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
    fs::create_directories(folder);
    for (const auto k : ks) {
      const std::string stem = folder + (ks.size() == 1 ? "/assignments" : fmt::format("/assignments-k{}", k));
      write_assignments(stem, clustering, k, names);
      job.say("wrote {}.csv and .tsv: {} rows", stem, names.names.size());
      if (clustering.algorithm() != "mixture") continue;
      const std::string path =
          folder + (ks.size() == 1 ? "/more_than_one.csv" : fmt::format("/more_than_one-k{}.csv", k));
      const auto shared = write_shared(path, clustering, k, names, job.options.real("threshold"));
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
      write_skipped(folder + "/", images, features);
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

}  // namespace coterie
