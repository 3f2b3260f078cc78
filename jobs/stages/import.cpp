#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <unordered_map>

#include "command/all_commands.hpp"
#include "command/job.hpp"
#include "command/shared_options.hpp"
#include "coterie/artifacts/features.hpp"
#include "coterie/base/csv.hpp"
#include "coterie/base/digest.hpp"
#include "coterie/base/number.hpp"
#include "coterie/base/text_encoding.hpp"
#include "coterie/dist/progress.hpp"
#include "coterie/images/listing.hpp"
#include "coterie/store/foreign_matrix.hpp"
#include "coterie/store/vector_folder.hpp"
#include "planning/effort.hpp"
#include "stages/import_precision.hpp"
#include "stages/list_options.hpp"
#include "stages/table_columns.hpp"

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

// Says how far it is, as its rows are read from the first to the last.
class ToldRows final : public RowSource {
 public:
  ToldRows(const Job& job, const RowSource& rows)
      : rows_(rows), progress_(job.speaks(), "import", rows.rows(), "rows") {}

  std::int64_t rows() const override { return rows_.rows(); }
  std::int64_t columns() const override { return rows_.columns(); }
  void read(RowRange range, float* out) const override {
    rows_.read(range, out);
    progress_.advance(range.size());
  }

 private:
  const RowSource& rows_;
  mutable Progress progress_;
};

// Rows that a spreadsheet wrote below the last that holds anything.
void drop_empty_rows(CsvTable& table) {
  std::size_t kept = 0;
  for (std::size_t r = 0; r < table.rows.size(); ++r) {
    const auto& row = table.rows[r];
    if (std::all_of(row.begin(), row.end(), [](const auto& field) { return field.empty(); })) continue;
    if (kept != r) {
      table.rows[kept] = std::move(table.rows[r]);
      table.lines[kept] = table.lines[r];
    }
    ++kept;
  }
  table.rows.resize(kept);
  table.lines.resize(kept);
}

CsvTable read_feature_table(const Job& job, const std::string& path) {
  CsvLayout layout{.pool = &job.pool};
  const std::string header = job.options.text("header");
  if (header != "yes") layout.named = [&](const auto& first) { return header == "auto" && names_columns(first); };
  CsvTable table = read_csv(path, layout);
  drop_empty_rows(table);
  if (table.named && header == "auto" && std::any_of(table.header.begin(), table.header.end(), is_number))
    job.say("the first line of {} names its columns (--header no takes it as a row)", path);
  return table;
}

// The bytes behind each name, where the study knows an image of it: 0 elsewhere.
std::vector<std::uint64_t> hashes_of(const Study& study, const std::vector<std::string>& names) {
  std::unordered_map<std::string, std::uint64_t> known;
  if (std::filesystem::exists(study.images_path())) {
    ImageTable table = read_image_places(study.images_path());
    for (std::size_t i = 0; i < table.hashes.size(); ++i)
      if (table.statuses[i] == ImageStatus::ok) known.emplace(std::move(table.paths[i]), table.hashes[i]);
  }
  std::vector<std::uint64_t> hashes;
  for (const auto& name : names) {
    const auto found = known.find(name);
    hashes.push_back(found == known.end() ? 0 : found->second);
  }
  return hashes;
}

// Names that are no UTF-8 are taken as they are where the study has such images, else as Windows-1252.
void decode(const Job& job, Imported& imported, const std::string& path) {
  const auto all_utf8 = [](const auto& texts) { return std::all_of(texts.begin(), texts.end(), is_utf8); };
  if (all_utf8(imported.names) && all_utf8(imported.columns) &&
      std::all_of(imported.values.begin(), imported.values.end(), all_utf8))
    return;
  const std::string encoding = job.options.text("encoding");
  if (encoding == "bytes") return;
  if (encoding == "auto") {
    const auto hashes = hashes_of(job.study, imported.names);
    for (std::size_t i = 0; i < hashes.size(); ++i)
      if (hashes[i] != 0 && !is_utf8(imported.names[i])) return;
    job.say("{} is no UTF-8: its bytes are taken as Windows-1252 (--encoding bytes leaves them as they are)", path);
  }
  const auto convert = [](auto& texts) {
    for (auto& text : texts) text = from_windows_1252(text);
  };
  convert(imported.names);
  convert(imported.columns);
  for (auto& values : imported.values) convert(values);
}

Imported read_table_features(const Job& job, const std::string& path) {
  const CsvTable table = read_feature_table(job, path);
  const ColumnWishes wishes{job.options.texts("feature-columns"), job.options.text("name-column"),
                            job.options.given("names")};
  const TableColumns columns = choose_columns(table, wishes, path, job.pool);
  job.say("{}", columns_text(table, columns));
  Imported imported;
  const auto values_of = [&](std::size_t column) {
    std::vector<std::string> values;
    for (const auto& row : table.rows) values.push_back(row[column]);
    return values;
  };
  if (columns.names) imported.names = values_of(*columns.names);
  for (std::size_t r = 0; r < imported.names.size(); ++r)
    require(!imported.names[r].empty(), "{}: line {} has no value in {}, the column of names", path, table.lines[r],
            table.header[*columns.names]);
  for (const auto c : columns.labels) {
    if (table.header[c] == "folder") {  // its own instead of the computed one
      imported.values.front() = values_of(c);
      continue;
    }
    imported.columns.push_back(table.header[c]);
    imported.values.push_back(values_of(c));
  }
  imported.rows = std::make_unique<OwnedRows>(feature_values(table, columns.features, path, job.pool),
                                              std::ssize(table.rows), std::ssize(columns.features));
  decode(job, imported, path);
  return imported;
}

Imported read_vectors(const std::string& folder) {
  VectorFolder found = read_vector_folder(folder);
  Imported imported;
  const auto rows = std::ssize(found.names);
  imported.rows = std::make_unique<OwnedRows>(std::move(found.values), rows, found.columns);
  imported.names = std::move(found.names);
  return imported;
}

// Of a folder that of all its vectors and their names.
std::string digest_of(const std::string& path) {
  if (!fs::is_directory(path)) return sha256_of_file(path);
  std::string all;
  for (const auto& file : vector_files(path))
    all += fmt::format("{} {}\n", sha256_of_file((fs::path(path) / file).string()), file);
  return sha256(all);
}

Imported read_features(const Job& job, const std::string& path) {
  if (fs::is_directory(path)) return read_vectors(path);
  if (is_table_file(path)) return read_table_features(job, path);
  const std::string suffix = fs::path(path).extension().string();
  Imported imported;
  if (suffix == ".npy") {
    imported.rows = std::make_unique<NpyRows>(path);
  } else {
    require(suffix == ".h5" || suffix == ".hdf5", "--file: {} is none of .npy, .csv, .tsv, .h5, .hdf5, and no folder",
            path);
    imported.rows = read_hdf5_matrix(path, job.options.text("dataset"));
  }
  return imported;
}

// A list of names, or a table whose path column names the rows: both are what scan reads, too.
void read_names(const Job& job, Imported& imported, const std::string& file) {
  if (is_table_file(file)) {
    ListingOptions options{.source = file};
    take_list_options(job.options, options);
    ImageList list = list_images(options);
    for (const auto& note : list.notes) job.say("{}", note);
    imported.names = std::move(list.paths);
    imported.columns = std::move(list.columns);
    imported.values = std::move(list.values);
    return;
  }
  std::ifstream stream(file, std::ios::binary);
  require(static_cast<bool>(stream), "--names: {} cannot be read", file);
  imported.names = lines_of(unmarked_text({std::istreambuf_iterator<char>(stream), {}}, file));
  decode(job, imported, file);
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

void check(const Options& options) {
  const std::string file = options.required("file"), names = options.text("names");
  require(fs::exists(file), "--file: {} is not there", file);
  require(names.empty() || fs::exists(names), "--names: {} is not there", names);
}

void take_over(Job& job) {
  const std::string file = job.options.required("file"), names = job.options.text("names");
  const std::string name = artifact_name(job.command, job.options);
  require_artifact_name(name);
  std::string file_digest, names_digest;
  job.comm.on_root([&] {
    check(job.options);
    file_digest = digest_of(file);
    if (!names.empty()) names_digest = sha256_of_file(names);
  });
  job.comm.broadcast(file_digest);
  job.comm.broadcast(names_digest);
  job.read_input("file", file_digest);
  job.read_input("names", names_digest);
  if (!job.must_make(Kind::features, name)) return;
  job.comm.on_root([&] {
    Imported imported = read_features(job, file);
    require(imported.rows->rows() > 0 && imported.rows->columns() > 0, "{} holds no rows", file);
    if (!names.empty()) read_names(job, imported, names);
    complete_names(imported);
    auto hashes = hashes_of(job.study, imported.names);
    write_imported(
        job.study.path(Kind::features, name), job.recipe, file, ToldRows(job, *imported.rows),
        {{std::move(imported.names), std::move(hashes)}, std::move(imported.columns), std::move(imported.values)});
    job.say("{} rows of {} numbers", imported.rows->rows(), imported.rows->columns());
    if (const std::string notice = precision_notice(*imported.rows); !notice.empty()) job.say("{}", notice);
  });
  job.made(Kind::features, name);
}

constexpr Option any_file = [] {
  Option file = option::file;
  file.help =
      "features made elsewhere: .npy (N x D), .csv/.tsv (a row for each image), .h5, or a folder with a vector for "
      "each image (.dat of joblib; .npz or .txt with a number on each line)";
  return file;
}();

// What only tables have is no part of another file's recipe.
void settle(Options& options) {
  const bool table = is_table_file(options.text("file"));
  for (const char* option : {"feature-columns", "name-column", "header"}) {
    require(table || !options.given(option), "--{} is for tables (.csv, .tsv); --file is {}", option,
            options.text("file"));
    if (!table) options.leave_out(option);
  }
  require(!options.given("name-column") || !options.given("names"), "--names and --name-column both name the rows");
  if (!table && !options.given("names")) options.leave_out("encoding");
}

std::string name_of(const Options& options, const std::string&) {
  const fs::path file = fs::path(options.text("file")).lexically_normal();
  return (file.has_filename() ? file : file.parent_path()).stem().string();
}

double disk_of(const Workload& study, const Calibration&) {
  return 4.0 * static_cast<double>(study.images * study.dimensions);
}

const StageEffort kEffort{.on_root = true, .disk = disk_of};

}  // namespace

Command import_features() {
  return {.options = OptionList("import",
                                {any_file, option::feature_columns, option::name_column, option::header, option::names,
                                 option::for_result(option::path_column), option::for_result(option::encoding),
                                 option::for_result(option::dataset), option::name}),
          .summary = "takes over features made elsewhere",
          .example = "coterie import --study vec --file vgg.npy --names names.txt --name vgg",
          .run = take_over,
          .stage = Stage{.reads = [](const Options&) { return std::vector<Kind>{}; },
                         .makes = Kind::features,
                         .name = name_of,
                         .revision = 4,
                         .settle = settle,
                         .check = check,
                         .effort = &kEffort}};
}

}  // namespace coterie::jobs
