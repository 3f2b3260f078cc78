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

TEST_CASE("an artifact is found by its name, and the newest without one") {
  const TemporaryFolder folder;
  const Study study(folder.path().string() + "/");
  CHECK_THROWS_WITH_AS(study.find(Kind::reductions, ""), doctest::Contains("coterie reduce"), InvalidArgument);
  make_artifact(study.path(Kind::reductions, "pca32"), "32");
  make_artifact(study.path(Kind::reductions, "alpha"), "8");
  const auto now = std::filesystem::last_write_time(study.path(Kind::reductions, "pca32"));
  if (Communicator::world().is_root())
    std::filesystem::last_write_time(study.path(Kind::reductions, "alpha"), now + std::chrono::seconds(5));
  Communicator::world().barrier();
  CHECK(study.list(Kind::reductions) == std::vector<std::string>{"alpha", "pca32"});
  CHECK(study.find(Kind::reductions, "") == "alpha");
  CHECK(study.find(Kind::reductions, "pca32") == "pca32");
  CHECK_THROWS_WITH_AS(study.find(Kind::reductions, "pca23"), doctest::Contains("did you mean \"pca32\"?"),
                       InvalidArgument);
}

TEST_CASE("the standing of an artifact follows from its recipe") {
  const TemporaryFolder folder;
  const Study study(folder.path().string());
  const std::string path = study.path(Kind::reductions, "pca");
  Recipe wanted("reduce", 1);
  wanted.set("components", "32");
  CHECK(study.standing(path, wanted, false) == Standing::missing);
  make_artifact(path, "32");
  CHECK(study.standing(path, wanted, false) == Standing::current);
  wanted.set("components", "64");
  CHECK_THROWS_WITH_AS(study.standing(path, wanted, false), doctest::Contains("components: 32 there, 64 now"),
                       InvalidArgument);
  CHECK(study.standing(path, wanted, true) == Standing::replaced);
}

TEST_CASE("a damaged artifact is told with the command that makes it anew, and --overwrite lets that command do so") {
  const TemporaryFolder folder;
  const Study study(folder.path().string());
  const std::string path = study.path(Kind::reductions, "pca");
  make_artifact(path, "32");
  Recipe wanted("reduce", 1);
  wanted.set("components", "32");
  if (Communicator::world().is_root()) std::filesystem::resize_file(path, std::filesystem::file_size(path) / 2);
  Communicator::world().barrier();
  CHECK_THROWS_WITH_AS(study.standing(path, wanted, false),
                       doctest::Contains("; coterie reduce --overwrite makes it anew"), FileError);
  CHECK(study.standing(path, wanted, true) == Standing::replaced);
}

TEST_CASE("each place of an artifact knows its command") {
  CHECK(maker_of("s/images.h5") == "coterie scan");
  CHECK(maker_of("s/clusterings/kmeans.h5") == "coterie cluster");
  CHECK(maker_of("s/assignments/new.h5") == "coterie assign");
  CHECK(maker_of("s/assignments/new/features/of.h5") == "coterie assign");
}

TEST_CASE("study.h5 shows every artifact") {
  const TemporaryFolder folder;
  const Study study(folder.path().string());
  make_artifact(study.path(Kind::reductions, "pca"), "32");
  make_artifact(study.path(Kind::clusterings, "kmeans"), "32");
  if (Communicator::world().is_root()) {
    study.link_all();
    study.link_all();  // again over itself
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
