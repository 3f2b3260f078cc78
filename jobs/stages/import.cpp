#include <algorithm>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <map>
#include <numeric>

#include "command/artifact_name.hpp"
#include "command/job.hpp"
#include "coterie/base/csv.hpp"
#include "coterie/base/digest.hpp"
#include "coterie/images/listing.hpp"
#include "coterie/store/foreign_matrix.hpp"
#include "stages/image_table.hpp"

namespace coterie::jobs {
namespace {

constexpr int kRevision = 1;
constexpr std::int64_t kBlockRows = 1024;

// The rows and what they stand for.
struct Imported {
  std::unique_ptr<RowSource> rows;
  std::vector<std::string> names;
  std::vector<std::string> columns = {"folder"};
  std::vector<std::vector<std::string>> values = {{}};
};

bool parse_number(const std::string& text, float& value) {
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  return error == std::errc() && stop == end;
}

bool is_number(const std::string& text) {
  float ignored = 0;
  return parse_number(text, ignored);
}

// Columns of numbers are the features; the first other column names the rows, further ones are kept as metadata.
Imported read_csv_features(const std::string& path) {
  CsvTable table = read_csv(path);
  if (std::all_of(table.header.begin(), table.header.end(), is_number)) {  // no header: the first line is data, too
    table.rows.insert(table.rows.begin(), table.header);
    for (std::size_t c = 0; c < table.header.size(); ++c) table.header[c] = fmt::format("column {}", c);
  }
  Imported imported;
  std::vector<std::size_t> numeric;
  for (std::size_t c = 0; c < table.header.size(); ++c) {
    std::vector<std::string> column;
    for (const auto& row : table.rows) column.push_back(row[c]);
    if (std::all_of(column.begin(), column.end(), is_number)) {
      numeric.push_back(c);
    } else if (imported.names.empty()) {
      imported.names = std::move(column);
    } else {
      imported.columns.push_back(table.header[c]);
      imported.values.push_back(std::move(column));
    }
  }
  if (numeric.empty()) throw FileError(path, "has no column that holds only numbers");
  std::vector<float> values;
  for (const auto& row : table.rows)
    for (const auto c : numeric) parse_number(row[c], values.emplace_back());
  imported.rows = std::make_unique<OwnedRows>(std::move(values), static_cast<std::int64_t>(table.rows.size()),
                                              static_cast<std::int64_t>(numeric.size()));
  return imported;
}

Imported read_features(const std::string& path, const std::string& dataset) {
  const std::string suffix = std::filesystem::path(path).extension().string();
  require(std::filesystem::exists(path), "--file: {} is not there", path);
  if (suffix == ".csv" || suffix == ".tsv") return read_csv_features(path);
  Imported imported;
  if (suffix == ".npy") {
    imported.rows = std::make_unique<NpyRows>(path);
  } else {
    require(suffix == ".h5" || suffix == ".hdf5", "--file: {} is none of .npy, .csv, .tsv, .h5, .hdf5", path);
    imported.rows = read_hdf5_matrix(path, dataset);
  }
  return imported;
}

// A list of names, or a table whose path column names the rows: both are what scan reads, too.
void read_names(Imported& imported, const std::string& file, const std::string& path_column) {
  const std::string suffix = std::filesystem::path(file).extension().string();
  if (suffix == ".csv" || suffix == ".tsv") {
    const ImageList list = list_images({file, "", path_column, true});
    imported.names = list.paths;
    imported.columns = list.columns;
    imported.values = list.values;
    return;
  }
  std::ifstream stream(file);
  require(static_cast<bool>(stream), "--names: {} cannot be read", file);
  imported.names.clear();
  for (std::string line; std::getline(stream, line);) {
    if (!line.empty() && line.back() == '\r') line.pop_back();
    imported.names.push_back(line);
  }
}

void complete_names(Imported& imported) {
  const std::int64_t count = imported.rows->rows();
  if (imported.names.empty())
    for (std::int64_t i = 0; i < count; ++i) imported.names.push_back(fmt::to_string(i));
  require(static_cast<std::int64_t>(imported.names.size()) == count, "there are {} rows of features but {} names",
          count, imported.names.size());
  if (!imported.values.front().empty()) return;
  for (const auto& name : imported.names) {
    const auto slash = name.find('/');
    imported.values.front().push_back(slash == std::string::npos ? "" : name.substr(0, slash));
  }
}

// Where the study knows images of these names, so that montages can show them.
std::vector<std::int64_t> match_images(const Study& study, const std::vector<std::string>& names) {
  std::map<std::string, std::int64_t> numbers;
  if (std::filesystem::exists(study.images_path())) {
    const ImageTable table = read_image_table(study.images_path());
    for (std::int64_t i = 0; i < table.size(); ++i) numbers.emplace(table.paths[static_cast<std::size_t>(i)], i);
  }
  std::vector<std::int64_t> images;
  for (const auto& name : names) {
    const auto found = numbers.find(name);
    images.push_back(found == numbers.end() ? -1 : found->second);
  }
  return images;
}

void require_finite(const std::vector<float>& values, std::int64_t first_row, std::int64_t columns,
                    const std::string& file) {
  const auto bad = std::find_if(values.begin(), values.end(), [](float value) { return !std::isfinite(value); });
  require(bad == values.end(), "{}: row {} (from zero) holds NaN or infinity; remove it, or repair what made it", file,
          first_row + (bad - values.begin()) / columns);
}

void write_features(const std::string& path, const Recipe& recipe, const Imported& imported,
                    const std::vector<std::int64_t>& images, const std::string& file) {
  const std::int64_t n = imported.rows->rows(), d = imported.rows->columns();
  ArtifactWriter writer(path, recipe, Communicator::self());
  writer.create<float>("features", {n, d});
  std::vector<float> block;
  for (std::int64_t begin = 0; begin < n; begin += kBlockRows) {
    const RowRange range{begin, std::min(begin + kBlockRows, n)};
    block.resize(static_cast<std::size_t>(range.size() * d));
    imported.rows->read(range, block.data());
    require_finite(block, begin, d, file);
    writer.write_rows<float>("features", begin, block);
  }
  writer.put<std::uint8_t>("fate", {n}, std::vector<std::uint8_t>(static_cast<std::size_t>(n), 0));
  writer.put<std::int64_t>("image", {n}, images);
  writer.put_texts("name", imported.names);
  writer.put_texts("columns", imported.columns);
  for (std::size_t c = 0; c < imported.columns.size(); ++c)
    writer.put_texts(fmt::format("metadata/{}", c), imported.values[c]);
  writer.finish();
}

}  // namespace

void import_features(Job& job) {
  const std::string file = job.options.required("file"), names = job.options.text("names");
  const std::string name = artifact_name(job.options);
  require_artifact_name(name);
  const std::string path = job.study.path(Kind::features, name);
  Recipe recipe("import", kRevision);
  std::string file_digest, names_digest;
  job.comm.on_root([&] {
    file_digest = sha256_of_file(file);
    if (!names.empty()) names_digest = sha256_of_file(names);
  });
  job.comm.broadcast(file_digest);
  job.comm.broadcast(names_digest);
  recipe.set("dataset", job.options.text("dataset"));
  recipe.input("file", file_digest);
  recipe.input("names", names_digest);
  if (!job.must_make(path, recipe)) return;
  job.comm.on_root([&] {
    Imported imported = read_features(file, job.options.text("dataset"));
    require(imported.rows->rows() > 0 && imported.rows->columns() > 0, "{} holds no rows", file);
    if (!names.empty()) read_names(imported, names, job.options.text("path-column"));
    complete_names(imported);
    write_features(path, recipe, imported, match_images(job.study, imported.names), file);
    job.say("{} rows of {} numbers", imported.rows->rows(), imported.rows->columns());
  });
  job.made(path);
}

}  // namespace coterie::jobs
