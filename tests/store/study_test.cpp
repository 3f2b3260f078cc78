#include "coterie/store/study.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>

#include "coterie/base/errors.hpp"
#include "temporary_folder.hpp"

namespace coterie {
namespace {

void make_artifact(const std::string& path, const std::string& components) {
  Communicator::world().barrier();  // others may still look at what is there before
  if (Communicator::world().is_root()) {
    Recipe recipe("reduce", 1);
    recipe.set("components", components);
    ArtifactWriter writer(path, recipe, Communicator::self());
    writer.put<double>("x", {1}, std::vector<double>{1.0});
    writer.finish();
  }
  Communicator::world().barrier();
}

}  // namespace

TEST_CASE("artifacts are listed by kind and opened by name, and a missing one names its command") {
  const TemporaryFolder folder;
  const Study study(folder.path().string() + "/");
  CHECK(study.list(Kind::reductions).empty());
  CHECK_THROWS_WITH_AS(study.open(Kind::reductions, "pca"), doctest::Contains("run coterie reduce first"),
                       InvalidArgument);
  make_artifact(study.path(Kind::reductions, "pca32"), "32");
  make_artifact(study.path(Kind::reductions, "alpha"), "8");
  CHECK(study.list(Kind::reductions) == std::vector<std::string>{"alpha", "pca32"});
  CHECK(study.holds("reductions/alpha"));
  CHECK_FALSE(study.holds(Kind::images, "images"));
  CHECK(study.open(Kind::reductions, "pca32").recipe().parameter("components") == "32");
  CHECK(study.images_path() == study.path("images"));
}

TEST_CASE("an artifact is current when it was made by the wanted recipe and is not to be made again") {
  const TemporaryFolder folder;
  const std::string path = Study(folder.path().string()).path(Kind::reductions, "pca");
  Recipe wanted("reduce", 1);
  wanted.set("components", "32");
  CHECK_FALSE(is_current(path, wanted, false));
  make_artifact(path, "32");
  CHECK(is_current(path, wanted, false));
  CHECK_FALSE(is_current(path, wanted, true));
  wanted.set("components", "64");
  CHECK_THROWS_WITH_AS(is_current(path, wanted, false), doctest::Contains("components: 32 then, 64 now"),
                       InvalidArgument);
  CHECK_FALSE(is_current(path, wanted, true));
}

TEST_CASE(
    "a damaged artifact is reported with the command that makes it anew, and --overwrite lets that command do so") {
  const TemporaryFolder folder;
  const Study study(folder.path().string());
  const std::string path = study.path(Kind::reductions, "pca");
  make_artifact(path, "32");
  Recipe wanted("reduce", 1);
  wanted.set("components", "32");
  if (Communicator::world().is_root()) std::filesystem::resize_file(path, std::filesystem::file_size(path) / 2);
  Communicator::world().barrier();
  CHECK_THROWS_WITH_AS(is_current(path, wanted, false), doctest::Contains("; coterie reduce --overwrite makes it anew"),
                       FileError);
  CHECK_THROWS_WITH_AS(study.open(Kind::reductions, "pca"),
                       doctest::Contains("; coterie reduce --overwrite makes it anew"), FileError);
  CHECK_THROWS_WITH_AS(Study(folder.path().string(), "coterie assign").open(Kind::reductions, "pca"),
                       doctest::Contains("; coterie assign --overwrite makes it anew"), FileError);
  CHECK_FALSE(is_current(path, wanted, true));
}

TEST_CASE("study.h5 shows every artifact") {
  const TemporaryFolder folder;
  const Study study(folder.path().string());
  make_artifact(study.path(Kind::reductions, "pca"), "32");
  make_artifact(study.path(Kind::clusterings, "kmeans"), "32");
  if (Communicator::world().is_root()) {
    study.link_all({Kind::images, Kind::reductions, Kind::clusterings});
    study.link_all({Kind::images, Kind::reductions, Kind::clusterings});  // again over itself
  }
  Communicator::world().barrier();
  CHECK(std::filesystem::exists(folder / "study.h5"));
}

TEST_CASE("a study is a folder, and a name is a plain one") {
  const TemporaryFolder folder;
  if (Communicator::world().is_root()) std::ofstream(folder / "file") << "x";
  Communicator::world().barrier();
  CHECK_THROWS_AS(Study(folder / "file"), InvalidArgument);
  CHECK_THROWS_AS(Study(""), InvalidArgument);
  CHECK_NOTHROW(require_artifact_name("vgg16-fc1.pca200"));
  for (const std::string name : {"", "../x", "a/b", ".hidden", "a b"})
    CHECK_THROWS_AS(require_artifact_name(name), InvalidArgument);
}

}  // namespace coterie
