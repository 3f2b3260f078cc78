#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <unordered_map>

#include "command/all_commands.hpp"
#include "command/job.hpp"
#include "command/shared_options.hpp"
#include "coterie/artifacts/features.hpp"
#include "coterie/base/csv.hpp"
#include "coterie/base/digest.hpp"
#include "coterie/images/listing.hpp"
#include "coterie/store/foreign_matrix.hpp"
#include "planning/effort.hpp"
#include "stages/import_precision.hpp"

namespace coterie::jobs {
namespace fs = std::filesystem;
namespace {

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

// The bytes behind each name, where the study knows an image of it: 0 elsewhere.
std::vector<std::uint64_t> hashes_of(const Study& study, const std::vector<std::string>& names) {
  std::unordered_map<std::string, std::uint64_t> known;
  if (std::filesystem::exists(study.images_path())) {
    ImageTable table = read_image_places(study.images_path());
    for (std::size_t i = 0; i < table.hashes.size(); ++i)
      if (table.fates[i] == Fate::ok) known.emplace(std::move(table.paths[i]), table.hashes[i]);
  }
  std::vector<std::uint64_t> hashes;
  for (const auto& name : names) {
    const auto found = known.find(name);
    hashes.push_back(found == known.end() ? 0 : found->second);
  }
  return hashes;
}

void take_over(Job& job) {
  const std::string file = job.options.required("file"), names = job.options.text("names");
  const std::string name = artifact_name(job.command, job.options);
  require_artifact_name(name);
  std::string file_digest, names_digest;
  job.comm.on_root([&] {
    require(fs::exists(file), "--file: {} is not there", file);
    file_digest = sha256_of_file(file);
    if (!names.empty()) names_digest = sha256_of_file(names);
  });
  job.comm.broadcast(file_digest);
  job.comm.broadcast(names_digest);
  job.read_input("file", file_digest);
  job.read_input("names", names_digest);
  if (!job.must_make(Kind::features, name)) return;
  job.comm.on_root([&] {
    Imported imported = read_features(file, job.options.text("dataset"));
    require(imported.rows->rows() > 0 && imported.rows->columns() > 0, "{} holds no rows", file);
    if (!names.empty()) read_names(imported, names, job.options.text("path-column"));
    complete_names(imported);
    auto hashes = hashes_of(job.study, imported.names);
    write_imported(
        job.study.path(Kind::features, name), job.recipe, file, *imported.rows,
        {{std::move(imported.names), std::move(hashes)}, std::move(imported.columns), std::move(imported.values)});
    job.say("{} rows of {} numbers", imported.rows->rows(), imported.rows->columns());
    if (const std::string notice = precision_notice(*imported.rows); !notice.empty()) job.say("{}", notice);
  });
  job.made(Kind::features, name);
}

// Which column or dataset is read decides the result, though it says where things lie.
constexpr Option for_result(Option option) {
  option.role = Role::result;
  return option;
}

std::string name_of(const Options& options, const std::string&) {
  return fs::path(options.text("file")).stem().string();
}

double disk_of(const Workload& study) { return 4.0 * static_cast<double>(study.images * study.dimensions); }

const StageEffort kEffort{.on_root = true, .disk = disk_of};

}  // namespace

Command import_features() {
  return {.options = OptionList("import", {for_result(option::path_column), option::file, for_result(option::dataset),
                                           option::names, option::name}),
          .summary = "takes over features made elsewhere",
          .example = "coterie import --study vec --file vgg.npy --names names.txt --name vgg",
          .run = take_over,
          .stage = Stage{.reads = [](const Options&) { return std::vector<Kind>{}; },
                         .makes = Kind::features,
                         .name = name_of,
                         .revision = 2,
                         .effort = &kEffort}};
}

}  // namespace coterie::jobs
