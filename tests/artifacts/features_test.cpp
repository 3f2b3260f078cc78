#include "coterie/artifacts/features.hpp"

#include <filesystem>
#include <limits>

#include "coterie/artifacts/row_names.hpp"
#include "coterie/store/foreign_matrix.hpp"
#include "harmed.hpp"
#include "image_tables.hpp"
#include "temporary_folder.hpp"

namespace coterie {
namespace {

const Communicator& world() { return Communicator::world(); }

constexpr std::int64_t kColumns = 2;

RowIdentities identities_of(const ImageTable& table) {
  RowIdentities identities;
  for (const auto number : usable_images(table)) {
    identities.paths.push_back(table.paths[static_cast<std::size_t>(number)]);
    identities.hashes.push_back(table.hashes[static_cast<std::size_t>(number)]);
  }
  return identities;
}

// Of a.png, b.png and d.png; the second could not be read any more.
void extract(const Study& study, const std::string& name) {
  const RowIdentities identities = identities_of(sample_table());
  FeatureFile file(study.path(Kind::features, name), Recipe("extract", 1), {3, kColumns, 4}, identities, false,
                   Communicator::self());
  file.commit(0, std::vector<float>{1, 2, 0, 0, 5, 6},
              std::vector<std::uint8_t>{0, static_cast<std::uint8_t>(ImageStatus::not_found), 0});
  file.finish();
}

ImportedRows sample_import() {
  return {{{"a.png", "x", "d.png"}, {11, 0, 99}}, {"folder", "kind"}, {{"", "", ""}, {"one", "", "two"}}};
}

void import(const Study& study, const std::string& name, const ImportedRows& imported = sample_import()) {
  write_imported(study.path(Kind::features, name), Recipe("import", 1), "x.csv",
                 OwnedRows({1, 2, 3, 4, 5, 6}, 3, kColumns), imported);
}

std::vector<float> all_rows(const RowSource& rows) {
  std::vector<float> values(static_cast<std::size_t>(rows.rows() * rows.columns()));
  rows.read({0, rows.rows()}, values.data());
  return values;
}

Sound sound_features(const Study& study, const std::string& name) {
  return {study.path(Kind::features, name), {}, [study, name] {
            const FeatureReader features(study, name);
            features.identities();
            features.open_rows();
            std::vector<std::string> columns;
            std::vector<std::vector<std::string>> values;
            if (features.imported()) features.read_metadata(columns, values);
          }};
}

}  // namespace

TEST_CASE("extracted features come back with what their rows stand for, and only good ones are seen later") {
  const TemporaryFolder folder;
  const Study study(folder.path().string());
  world().on_root([&] { extract(study, "net"); });
  const FeatureReader features(study, "net");
  CHECK(features.columns() == kColumns);
  CHECK(features.statuses() == std::vector<ImageStatus>{ImageStatus::ok, ImageStatus::not_found, ImageStatus::ok});
  CHECK(features.good() == std::vector<std::int64_t>{0, 2});
  CHECK_FALSE(features.imported());
  CHECK(features.identities().paths == std::vector<std::string>{"a.png", "b.png", "d.png"});
  CHECK(features.identities().hashes == std::vector<std::uint64_t>{11, 12, 11});
  CHECK(all_rows(*features.open_rows()) == std::vector<float>{1, 2, 5, 6});
}

TEST_CASE("imported features come back with their names and metadata, and numbers that are none are refused") {
  const TemporaryFolder folder;
  const Study study(folder.path().string());
  world().on_root([&] { import(study, "vgg"); });
  const FeatureReader features(study, "vgg");
  CHECK(features.imported());
  CHECK(features.identities().paths == sample_import().identities.paths);
  CHECK(features.identities().hashes == sample_import().identities.hashes);
  CHECK(all_rows(*features.open_rows()) == std::vector<float>{1, 2, 3, 4, 5, 6});
  const RowNames rows = read_row_names(study, "vgg");
  CHECK(rows.names == sample_import().identities.paths);
  CHECK(rows.columns == sample_import().columns);
  CHECK(rows.values == sample_import().values);
  CHECK(rows.count_there() == 3);
  CHECK(classes_of(rows, "kind").names == std::vector<std::string>{"one", "two"});
  CHECK(classes_of(rows, "kind").labels == std::vector<std::int32_t>{0, -1, 1});
  CHECK(classes_of(rows, "kind").without == 1);
  CHECK_THROWS_WITH_AS(column_of(rows, "knd"), doctest::Contains("did you mean \"kind\"?"), InvalidArgument);
  const OwnedRows bad({1, 2, 3, std::numeric_limits<float>::infinity()}, 2, 2);
  world().on_root([&] {
    CHECK_THROWS_WITH_AS(write_imported(folder / "bad.h5", Recipe("import", 1), "x.csv", bad, {}),
                         doctest::Contains("x.csv: row 1 (from zero)"), InvalidArgument);
  });
}

TEST_CASE("rows are matched by path and bytes, wherever the images stand in the list") {
  const ImageTable table = sample_table();
  const auto match = [&](std::vector<std::string> paths, std::vector<std::uint64_t> hashes, const ImageTable& now) {
    return match_rows(RowIdentities{std::move(paths), std::move(hashes)}, now);
  };
  SUBCASE("as they were") {
    const RowMatch found = match({"a.png", "b.png", "d.png"}, {11, 12, 11}, table);
    CHECK(found.images == std::vector<std::int64_t>{0, 1, 3});
    CHECK(found.gone + found.changed == 0);
    CHECK(found.without.empty());
  }
  SUBCASE("in another order") {
    CHECK(match({"d.png", "a.png", "b.png"}, {11, 11, 12}, table).images == std::vector<std::int64_t>{3, 0, 1});
  }
  SUBCASE("removed") {
    const RowMatch found = match({"a.png", "removed.png", "d.png"}, {11, 12, 11}, table);
    CHECK(found.images == std::vector<std::int64_t>{0, -1, 3});
    CHECK(found.gone == 1);
    CHECK(found.changed == 0);
    CHECK(found.without == std::vector<std::int64_t>{1});
  }
  SUBCASE("edited") {
    const RowMatch found = match({"a.png", "b.png", "d.png"}, {11, 77, 11}, table);
    CHECK(found.images == std::vector<std::int64_t>{0, -1, 3});
    CHECK(found.gone == 0);
    CHECK(found.changed == 1);
    CHECK(found.without == std::vector<std::int64_t>{1});
  }
  SUBCASE("of the same bytes under another path, which is another image") {
    const RowMatch found = match({"copy of a.png"}, {11}, table);
    CHECK(found.images == std::vector<std::int64_t>{-1});
    CHECK(found.gone == 1);
  }
  SUBCASE("damaged since") {
    const RowMatch found = match({"caf\xe9.png"}, {13}, table);
    CHECK(found.images == std::vector<std::int64_t>{-1});
    CHECK(found.changed == 1);
  }
  SUBCASE("added") {
    CHECK(match({"a.png"}, {11}, table).without == std::vector<std::int64_t>{1, 3});
    CHECK(match({}, {}, table).without == std::vector<std::int64_t>{0, 1, 3});
  }
  SUBCASE("twice") {
    const RowMatch found = match({"a.png", "a.png"}, {11, 11}, table);
    CHECK(found.images == std::vector<std::int64_t>{0, 0});
    CHECK(found.without == std::vector<std::int64_t>{1, 3});
  }
  SUBCASE("without a hash: by path") {
    CHECK(match({"a.png", "b.png"}, {0, 0}, table).images == std::vector<std::int64_t>{0, 1});
    ImageTable old = table;
    old.hashes.clear();
    CHECK(match({"a.png", "b.png"}, {1, 2}, old).images == std::vector<std::int64_t>{0, 1});
  }
}

TEST_CASE("the status of each image tells what befell it after the scan, and what has no row yet") {
  const TemporaryFolder folder;
  const Study study(folder.path().string());
  world().on_root([&] { extract(study, "net"); });
  const FeatureReader features(study, "net");
  ImageTable table = sample_table();
  CHECK(final_statuses(table, features) ==
        std::vector<ImageStatus>{ImageStatus::ok, ImageStatus::not_found, ImageStatus::damaged, ImageStatus::ok});
  CHECK(match_rows(features, table).images == std::vector<std::int64_t>{0, 3});
  CHECK(match_rows(features, table).without.empty());
  table.hashes[3] = 5;
  table.paths[1] = "new.png";
  CHECK(final_statuses(table, features) ==
        std::vector<ImageStatus>{ImageStatus::ok, ImageStatus::pending, ImageStatus::damaged, ImageStatus::pending});
  CHECK(match_rows(features, table).without == std::vector<std::int64_t>{1, 3});
}

TEST_CASE("rows are named from the list as it is now, with nothing said of images that are gone") {
  const TemporaryFolder folder;
  const Study study(folder.path().string());
  world().on_root([&] {
    extract(study, "net");
    import(study, "vgg");
  });
  CHECK_THROWS_WITH_AS(read_row_names(study, "net"), doctest::Contains("run coterie scan first"), InvalidArgument);
  world().barrier();
  ImageTable table = sample_table();
  table.columns[1] = "renamed";
  table.values[1][0] = "9";
  table.paths[3] = "e.png";
  world().on_root([&] { write_image_table(study.images_path(), Recipe("scan", 1), table); });
  const RowNames rows = read_row_names(study, "net");
  CHECK(rows.names == std::vector<std::string>{"a.png", "d.png"});
  CHECK(rows.images == std::vector<std::int64_t>{0, -1});
  CHECK(rows.columns == std::vector<std::string>{"folder", "renamed"});
  CHECK(rows.values == std::vector<std::vector<std::string>>{{"", ""}, {"9", ""}});
  CHECK(rows.gone == 1);
  CHECK(rows.changed == 0);
  CHECK(rows.without == 1);
  CHECK(rows.there(0));
  CHECK_FALSE(rows.there(1));
  CHECK(rows.count_there() == 1);
  const RowNames imported = read_row_names(study, "vgg");
  CHECK(imported.images == std::vector<std::int64_t>{0, -1, -1});
  CHECK(imported.values == sample_import().values);
  CHECK(imported.there(1));
}

TEST_CASE("features that an earlier version made are read as long as the list is the one they were made of") {
  const TemporaryFolder folder;
  const Study study(folder.path().string());
  world().on_root([&] {
    write_image_table(study.images_path(), Recipe("scan", 1), sample_table());
    Recipe recipe("extract", 1);
    recipe.parent("images", ArtifactReader(study.images_path()).digest());
    ArtifactWriter writer(study.path(Kind::features, "net"), recipe, Communicator::self());
    writer.put<float>("features", {2, 1}, std::vector<float>{1, 2});
    writer.put<std::uint8_t>("status", {2}, std::vector<std::uint8_t>{0, 0});
    writer.put<std::int64_t>("image", {2}, std::vector<std::int64_t>{1, 3});
    writer.finish();
    ArtifactWriter older(study.path(Kind::features, "vgg"), Recipe("import", 1), Communicator::self());
    older.put<float>("features", {1, 1}, std::vector<float>{1});
    older.put<std::uint8_t>("status", {1}, std::vector<std::uint8_t>{0});
    older.put<std::int64_t>("image", {1}, std::vector<std::int64_t>{-1});
    older.put_texts("name", {"b.png"});
    older.put_texts("columns", {"folder"});
    older.put_texts("metadata/0", {""});
    older.finish();
  });
  CHECK(FeatureReader(study, "net").identities().paths == std::vector<std::string>{"b.png", "d.png"});
  CHECK(FeatureReader(study, "net").identities().hashes == std::vector<std::uint64_t>{12, 11});
  CHECK(read_row_names(study, "vgg").images == std::vector<std::int64_t>{1});
  world().barrier();
  ImageTable other = sample_table();
  std::swap(other.paths[0], other.paths[1]);
  world().on_root([&] { write_image_table(study.images_path(), Recipe("scan", 1), other); });
  CHECK(FeatureReader(study, "net").open_rows()->rows() == 2);
  CHECK_THROWS_WITH_AS(FeatureReader(study, "net").identities(),
                       doctest::Contains("was made by an earlier version of coterie"), FileError);
  CHECK_THROWS_WITH_AS(FeatureReader(study, "net").identities(),
                       doctest::Contains("coterie extract --overwrite makes it anew"), FileError);
}

TEST_CASE("features whose parts are of another type, another length or missing are refused by name") {
  const TemporaryFolder folder;
  const Study study(folder.path().string());
  world().on_root([&] {
    import(study, "vgg");
    Sound imported = sound_features(study, "vgg");
    imported.optional = {"path", "columns"};  // then they pass for what earlier versions made
    check_every_harm(imported);
    extract(study, "net");
    Sound extracted = sound_features(study, "net");
    extracted.attributes = {"block_rows"};
    extracted.optional = {"path"};
    extracted.unchecked = {"block_hash"};  // the journal is extract's and verify's
    check_every_harm(extracted);
  });
}

}  // namespace coterie
