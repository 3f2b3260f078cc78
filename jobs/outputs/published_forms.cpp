#include "outputs/published_forms.hpp"

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>

#include "coterie/base/legacy_shuffle.hpp"
#include "coterie/base/new_file.hpp"
#include "coterie/images/decode.hpp"
#include "outputs/table_file.hpp"

namespace coterie::jobs {
namespace {
namespace fs = std::filesystem;

constexpr std::uint32_t kPublishedSeed = 42;
constexpr std::size_t kPublishedSample = 20;  // images of each cluster

/// What every form is written of. Rows that may not be spoken of are left out.
class Form {
 public:
  Form(const Job& job, const ClusteringReader& clustering, std::int64_t k, const RowNames& names,
       const ImageTable* images, const OutputFolder& folder)
      : job_(job),
        clustering_(clustering),
        k_(k),
        names_(names),
        images_(images),
        folder_(folder),
        labels_(clustering.labels(k)) {
    for (std::size_t row = 0; row < labels_.size(); ++row)
      if (names.there(static_cast<std::int64_t>(row))) rows_.push_back(row);
  }

  void label_distances() const {
    const auto distances = clustering_.distances(k_);
    TableFile table(folder_.place(fmt::format("{}_K={}_label_distance.txt", clustering_.name(), k_)), TableText::exact);
    for (const auto row : rows_)
      table.line({names_.names[row], fmt::to_string(labels_[row]), fmt::format("{:.9g}", distances[row])}, '\t');
    table.finish();
  }

  void labels_and_samples(std::int64_t first_id) const {
    const std::string number = fmt::to_string(k_);
    make_folder_inside(folder_.folder(), number);
    TableFile table(folder_.place(number + "/label.txt"), TableText::exact);
    for (const auto row : rows_) table.line({names_.names[row], fmt::to_string(labels_[row])}, '\t');
    table.finish();
    if (images_ == nullptr) return;
    std::vector<std::size_t> taken(static_cast<std::size_t>(k_), 0);
    const auto order = legacy_permutation(std::ssize(rows_), kPublishedSeed);
    for (std::size_t place = 0; place < order.size(); ++place) {
      const auto row = rows_[static_cast<std::size_t>(order[place])];
      const auto label = static_cast<std::size_t>(labels_[row]);
      if (taken[label]++ >= kPublishedSample || names_.images[row] < 0) continue;
      const std::string inside = fmt::format("{}/{}", number, label);
      make_folder_inside(folder_.place(number), fmt::to_string(label));
      copy(row, folder_.place(inside) + "/" +
                    fmt::format("{} {}", static_cast<std::int64_t>(place) + first_id, file_of(names_.names[row])));
    }
  }

  void labels_and_links() const {
    nlohmann::ordered_json data = nlohmann::ordered_json::array();
    for (const auto row : rows_)
      data.push_back({{"img_file", names_.names[row]}, {"label", fmt::to_string(labels_[row])}, {"prob", "1.0"}});
    make_folder_inside(folder_.folder(), "cluster_label");
    write_new_file(
        folder_.place("cluster_label/" + clustering_.name() + ".json"),
        nlohmann::ordered_json{{"data", data}}.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
    if (images_ == nullptr) return;
    std::vector<std::int64_t> counts(static_cast<std::size_t>(k_), 0);
    for (const auto row : rows_) ++counts[static_cast<std::size_t>(labels_[row])];
    make_folder_inside(folder_.folder(), "link");
    make_folder_inside(folder_.place("link"), clustering_.name());
    std::vector<std::set<std::string>> taken(counts.size());
    for (const auto row : rows_) {
      if (names_.images[row] < 0) continue;
      const auto label = static_cast<std::size_t>(labels_[row]);
      const std::string cluster = fmt::format("{}_{}", label, counts[label]);
      make_folder_inside(folder_.place("link/" + clustering_.name()), cluster);
      link(row, fmt::format("{}/{}/{}", folder_.place("link/" + clustering_.name()), cluster,
                            numbered(file_of(names_.names[row]), taken[label])));
    }
  }

  void ragged_columns() const {
    std::vector<std::vector<std::string>> columns(static_cast<std::size_t>(k_));
    for (const auto row : rows_)
      columns[static_cast<std::size_t>(labels_[row])].push_back(
          fmt::format("'{}'", fs::path(names_.names[row]).stem().string()));
    std::size_t longest = 0;
    std::vector<std::string> header;
    for (std::size_t c = 0; c < columns.size(); ++c) {
      longest = std::max(longest, columns[c].size());
      header.push_back(fmt::format("Cluster_{}", c));
    }
    TableFile table(folder_.place("cluster_result.csv"), TableText::exact);
    table.line(header, ',');
    for (std::size_t i = 0; i < longest; ++i) {
      std::vector<std::string> line;
      for (const auto& column : columns) line.push_back(i < column.size() ? column[i] : "");
      table.line(line, ',');
    }
    table.finish();
  }

 private:
  // A name without a slash cannot lead anywhere else.
  static std::string file_of(std::string path) {
    std::replace(path.begin(), path.end(), '/', '_');
    return path;
  }

  // Bytes of an image that is as it was scanned; what is no image any more is said and left out.
  void copy(std::size_t row, const std::string& to) const {
    try {
      const auto bytes = image_bytes(place_of(*images_, names_.images[row]));
      write_new_file(to, {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
    } catch (const DecodeError& error) {
      job_.say("{}: {}; left out of the sample", names_.names[row], error.reason());
    }
  }

  // To the file itself; out of a shard it is a copy.
  void link(std::size_t row, const std::string& to) const {
    const ImagePlace place = place_of(*images_, names_.images[row]);
    if (place.bytes >= 0) return copy(row, to);
    fs::create_symlink(fs::absolute(place.file), to);
  }

  const Job& job_;
  const ClusteringReader& clustering_;
  std::int64_t k_;
  const RowNames& names_;
  const ImageTable* images_;
  const OutputFolder& folder_;
  std::vector<std::int32_t> labels_;
  std::vector<std::size_t> rows_;  ///< that may be spoken of
};

}  // namespace

void write_published_form(const Job& job, const std::string& form, const ClusteringReader& clustering, std::int64_t k,
                          const RowNames& names, const ImageTable* images, const OutputFolder& folder) {
  const Form writing(job, clustering, k, names, images, folder);
  if (form == "study1") return writing.label_distances();
  if (form == "study2") return writing.labels_and_samples(1);
  if (form == "peng2021") return writing.labels_and_samples(0);
  if (form == "tringn") return writing.labels_and_links();
  if (form == "luoolu") return writing.ragged_columns();
}

}  // namespace coterie::jobs
