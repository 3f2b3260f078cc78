#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "coterie/base/csv.hpp"
#include "coterie/base/npy.hpp"
#include "coterie/images/listing.hpp"
#include "coterie/store/store_rows.hpp"
#include "job.hpp"
#include "solution_pictures.hpp"

namespace coterie {
namespace fs = std::filesystem;
namespace {

constexpr std::int64_t kBlockRows = 4096;

// A table that appears whole or not at all.
class TableFile {
 public:
  explicit TableFile(std::string path) : path_(std::move(path)), file_(path_ + ".tmp", std::ios::binary) {}
  void line(const std::vector<std::string>& fields, char delimiter) { file_ << csv_line(fields, delimiter); }
  std::ofstream& stream() { return file_; }
  void finish() {
    file_.close();
    if (!file_) throw FileError(path_, fmt::format("cannot be written ({})", std::strerror(errno)));
    fs::rename(path_ + ".tmp", path_);
  }

 private:
  std::string path_;
  std::ofstream file_;
};

// A spreadsheet would run a text that begins so as a formula; an apostrophe makes it a text.
std::string harmless(const std::string& text) {
  return !text.empty() && std::string_view("=+-@\t\r").find(text.front()) != std::string_view::npos ? "'" + text : text;
}

void write_assignments(const std::string& stem, const ClusteringReader& clustering, std::int64_t k,
                       const RowNames& names) {
  const auto labels = clustering.labels(k);
  const auto distances = clustering.distances(k);
  for (const auto& [suffix, delimiter] : {std::pair{".csv", ','}, std::pair{".tsv", '\t'}}) {
    TableFile table(stem + suffix);
    std::vector<std::string> header = {"path", "label", "distance"};
    header.insert(header.end(), names.columns.begin(), names.columns.end());
    table.line(header, delimiter);
    for (std::size_t i = 0; i < labels.size(); ++i) {
      std::vector<std::string> fields = {harmless(names.names[i]), fmt::to_string(labels[i]),
                                         fmt::format("{:.9g}", distances[i])};
      for (const auto& column : names.values) fields.push_back(harmless(column[i]));
      table.line(fields, delimiter);
    }
    table.finish();
  }
}

// Every image that has no label, with its reason; with assignments.csv it adds up to the list.
void write_skipped(const std::string& folder, const ImageTable& images, const ArtifactReader& features) {
  TableFile skipped(folder + "/skipped.csv"), duplicates(folder + "/duplicates.csv");
  skipped.line({"path", "fate", "reason"}, ',');
  duplicates.line({"path", "duplicate_of"}, ',');
  const auto fates = final_fates(images, features);
  for (std::size_t i = 0; i < fates.size(); ++i) {
    const std::string reason = images.reasons[i].empty() ? std::string(fate_explanation(fates[i])) : images.reasons[i];
    if (fates[i] != Fate::ok) skipped.line({harmless(images.paths[i]), std::string(fate_name(fates[i])), reason}, ',');
    if (images.duplicate_of[i] >= 0)
      duplicates.line(
          {harmless(images.paths[i]), harmless(images.paths[static_cast<std::size_t>(images.duplicate_of[i])])}, ',');
  }
  skipped.finish();
  duplicates.finish();
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

// "cats/a b.png" -> "cats_a b.png": base names alone would clash.
std::string flat_name(std::string path) {
  std::replace(path.begin(), path.end(), '/', '_');
  return path;
}

void place_pictures(const Job& job, const std::string& folder, const ClusteringReader& clustering, std::int64_t k,
                    const RowNames& names, const std::string& root) {
  const std::string way = job.options.text("pictures");
  const auto members = pick_pictures(clustering, k, 0, 0).members;
  const Random random(static_cast<std::uint64_t>(job.options.count("sample-seed")), Purpose::export_sample);
  for (std::size_t c = 0; c < members.size(); ++c) {
    const fs::path into = fs::path(folder) / fmt::format("pictures-k{}", k) / fmt::format("cluster_{:03}", c);
    fs::create_directories(into);
    const auto rows = way == "sample" ? draw_sample(members[c], job.options.count("sample"), random) : members[c];
    for (const auto row : rows) {
      const std::string& name = names.names[static_cast<std::size_t>(row)];
      const fs::path from = fs::absolute(image_file(root, name)), to = into / flat_name(name);
      if (fs::is_symlink(to) || fs::exists(to)) fs::remove(to);
      if (way == "links")
        fs::create_symlink(from, to);
      else if (fs::exists(from))
        fs::copy_file(from, to);
      else
        job.say("{} is gone; no copy was made", from.string());
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
    }
    if (fs::exists(job.study.images_path()) && !features.has("name")) {
      const ImageTable images = read_image_table(job.study.images_path());
      write_skipped(folder, images, features);
      job.say("wrote {0}/skipped.csv and {0}/duplicates.csv", folder);
      if (job.options.text("pictures") != "none")
        for (const auto k : ks) place_pictures(job, folder, clustering, k, names, images.root);
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
