// What the commands make of artifacts: tables, names of files, pictures.

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>

#include "coterie/artifacts/selection.hpp"
#include "coterie/base/digest.hpp"
#include "coterie/base/errors.hpp"
#include "outputs/assignment_table.hpp"
#include "outputs/comparison_output.hpp"
#include "outputs/picture_key.hpp"
#include "outputs/picture_reader.hpp"
#include "outputs/selection_output.hpp"
#include "outputs/table_file.hpp"
#include "stages/plain_words.hpp"
#include "temporary_folder.hpp"

namespace coterie::jobs {
namespace {

std::string bytes_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

Comparison compared(const std::vector<std::string>& names) {
  Comparison comparison;
  comparison.images = 4;
  for (const auto& name : names) comparison.labellings.push_back({name, true, {"x", "y"}});
  for (std::size_t a = 0; a < names.size(); ++a)
    for (std::size_t b = a + 1; b < names.size(); ++b)
      comparison.pairs.push_back({a, b, {2, 2, {2, 0, 0, 2}}, {}, {{0, 1}, 4}});
  return comparison;
}

// A picture of 2 × 2 pixels, in the simplest format there is.
std::string picture(char level) { return "P6 2 2 255\n" + std::string(12, level); }

}  // namespace

TEST_CASE("no two crosstabs of a comparison have one name") {
  CHECK(crosstab_names(compared({"x-kmeans:4", "kind"})) ==
        std::vector<std::string>{"crosstab-x-kmeans-4-by-kind.csv"});
  CHECK(crosstab_names(compared({"a b", "a-b", "a/b"})) == std::vector<std::string>{"crosstab-a-b-by-a-b-2.csv",
                                                                                    "crosstab-a-b-by-a-b-3.csv",
                                                                                    "crosstab-a-b-2-by-a-b-3.csv"});
  for (const auto& names : std::vector<std::vector<std::string>>{
           {"a b", "a-b", "a-b-2", "a/b"}, {"a-by-b", "c", "a", "b-by-c"}, {"", "-", "."}, {"x", "x-by-x", "x by x"}}) {
    const auto files = crosstab_names(compared(names));
    CHECK(std::set<std::string>(files.begin(), files.end()).size() == names.size() * (names.size() - 1) / 2);
    CHECK(crosstab_names(compared(names)) == files);
  }
}

TEST_CASE("a file is called what a column is called, in any alphabet, without what a name may not hold") {
  CHECK(file_stem("Größe (cm)") == "Größe--cm-");
  CHECK(file_stem("تصنيف/٢") == "تصنيف-٢");
  CHECK(file_stem("a\u202Eb\xFF") == "a-b-");
  CHECK(file_stem(std::string(1000, 'x')) == std::string(120, 'x'));
}

TEST_CASE("the table of pairs names the crosstab of each") {
  const TemporaryFolder folder;
  const std::string to = folder.path().string();
  write_comparison_tables(to + "/pairs.csv", to + "/matrix.csv", to, compared({"a b", "a-b"}));
  CHECK(bytes_of(to + "/pairs.csv") ==
        "first,second,adjusted_rand,adjusted_mutual_info,normalised_mutual_info,homogeneity,completeness,v_measure,"
        "purity,matched,crosstab\na b,a-b,0,0,0,0,0,0,0,1,crosstab-a-b-by-a-b-2.csv\n");
  CHECK(bytes_of(to + "/crosstab-a-b-by-a-b-2.csv") == "a b,x,y,best_match\nx,2,0,x\ny,0,2,y\n");
  CHECK(bytes_of(to + "/matrix.csv") == "adjusted_rand,a b,a-b\na b,1,0\na-b,0,1\n");
}

TEST_CASE("no two columns of a table have one name") {
  const TemporaryFolder folder;
  const std::string to = folder.path().string();
  Comparison comparison = compared({"adjusted_rand", "kind"});
  comparison.labellings[1].label_names = {"x", "best_match"};
  write_comparison_tables(to + "/pairs.csv", to + "/matrix.csv", to, comparison);
  CHECK(bytes_of(to + "/matrix.csv").starts_with("adjusted_rand,adjusted_rand_2,kind\n"));
  CHECK(bytes_of(to + "/crosstab-adjusted_rand-by-kind.csv").starts_with("adjusted_rand,x,best_match,best_match_2\n"));
}

TEST_CASE("tables are those of the artifact, to the byte") {
  const TemporaryFolder folder;
  Selection selection;
  selection.clustering = "x";
  selection.ks = {2, 3, 4};
  selection.recommended = 3;
  selection.reason = "because";
  selection.measures = {{"inertia", "sum", {1.0 / 3, 0.25, 1e-9}, {}, 0, 0, false},
                        {"elbow", "knee", {1.0 / 3, 0.25, 1e-9}, {}, 0, 3, true},
                        {"bootstrap_stability", "mean", {0.5, 1.0 / 7, 0.75}, {0.1, 0.2, 0.3}, 20, 4, false}};
  selection.bootstrap = {{{0.5}, 0.5, 2.0 / 3}, {{}, 0.1, 0.2}, {{0.75}, 0.75, 0.75}};
  std::vector<std::string> tables;
  for (const bool read_back : {false, true}) {
    if (read_back) {
      write_selection(folder / "x.h5", Recipe("select", 1), selection);
      selection = read_selection(ArtifactReader(folder / "x.h5"));
    }
    write_selection_tables(folder.path().string(), selection);
    tables.push_back(bytes_of(folder / "k_selection.csv") + bytes_of(folder / "k_measures.csv"));
  }
  CHECK(tables[0] == tables[1]);
  CHECK(tables[0].starts_with(
      "k,inertia,bootstrap_stability,bootstrap_stability_error,bootstrap_stability_low,bootstrap_stability_high,"
      "recommended\n2,0.333333333,0.5,0.1,0.5,0.666666667,\n"));
}

TEST_CASE("an assignment's table leaves out what a single cluster cannot have") {
  const TemporaryFolder folder;
  const AssignedImages images{"x", 1, {"a"}, {0}, {0.5F}, {-1}, {0}, {0.25}, {1}, {}};
  write_assignment_table(folder / "a.csv", images, TableText::harmless);
  CHECK(bytes_of(folder / "a.csv") ==
        "path,label,distance,second,second_distance,share_as_far,outlier\na,0,0.5,,,0.25,yes\n");
}

TEST_CASE("pictures are shown as they were scanned or not at all, in any order of the list") {
  const TemporaryFolder folder;
  ImageTable table;
  table.root = folder.path().string();
  for (const char* name : {"b.ppm", "a.ppm", "10.ppm", "9.ppm"}) {  // in no order
    const std::string bytes = picture(name[0]);
    std::ofstream(folder / name, std::ios::binary) << bytes;
    table.paths.emplace_back(name);
    table.statuses.push_back(ImageStatus::ok);
    table.bytes.push_back(std::ssize(bytes));
    table.hashes.push_back(hash64(bytes.data(), bytes.size()));
  }
  const ImageReader read = picture_reader(table, Recipe("extract", 1));
  for (const auto& path : table.paths) CHECK(read(path).rgb[0] == static_cast<std::uint8_t>(path[0]));
  std::ofstream(folder / "unlisted.ppm", std::ios::binary) << picture('u');
  CHECK_THROWS_WITH_AS(read("unlisted.ppm"), doctest::Contains("no image of the list"), InvalidArgument);
  CHECK_THROWS_AS(read(folder / "a.ppm"), InvalidArgument);
  std::ofstream(folder / "a.ppm", std::ios::binary) << picture('z');  // of the same size
  try {
    read("a.ppm");
    FAIL("an edited picture was shown");
  } catch (const DecodeError& error) {
    CHECK(error.status() == ImageStatus::changed);
  }
}

TEST_CASE("plain words say of a number what it means, the same everywhere") {
  CHECK(seed_words(0.53) == "another seed gives rather different clusters");
  CHECK(seed_words(0.8) == "another seed gives much the same clusters");
  CHECK(seed_words(0.1) == "another seed gives other clusters: they depend on chance");
  CHECK(agreement_words(1) == "the same groups, or nearly");
  CHECK(agreement_words(-0.1) == "no more in common than by chance");
  CHECK(silhouette_words(0.2) == "no clear groups: clusters touch or overlap");
  CHECK(silhouette_words(0.8) == "clear groups");
}

TEST_CASE("the key of a montage names cluster, row and column of each cell as they are counted by eye") {
  const TemporaryFolder folder;
  RowNames names;
  names.names = {"a.png", "b.png", "=c.png"};
  TableFile key(folder / "nearest.csv");
  key.line(kCellColumns, ',');
  add_cells(key, {}, {{2, 0, 1}, {}, {1}}, names, {0.5, 1, 0.25}, 2);
  key.finish();
  CHECK(bytes_of(folder / "nearest.csv") ==
        "cluster,row,column,path,distance\n0,1,1,'=c.png,0.25\n0,1,2,a.png,0.5\n0,2,1,b.png,1\n2,1,1,b.png,1\n");
}

}  // namespace coterie::jobs
