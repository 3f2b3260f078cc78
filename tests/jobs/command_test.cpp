// What holds a study together: the manifest's order, the lineage of artifacts, folders that one command owns, and the
// list of stages.

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>

#include "command/all_commands.hpp"
#include "command/lineage.hpp"
#include "command/manifest.hpp"
#include "coterie/base/errors.hpp"
#include "outputs/output_folder.hpp"
#include "temporary_folder.hpp"

namespace coterie::jobs {
namespace {

namespace fs = std::filesystem;

// An artifact of one number, made from these parents as they are now, and known to the manifest.
std::string make(const Study& study, const std::string& address, double value,
                 const std::vector<std::string>& parents = {}, const std::string& arguments = "") {
  Recipe recipe("stage", 1);
  recipe.set("value", fmt::format("{}", value));
  for (const auto& parent : parents) recipe.parent(parent, ArtifactReader(study.path(parent)).digest());
  ArtifactWriter writer(study.path(address), recipe, Communicator::self());
  writer.put_value<double>("x", value);
  writer.finish();
  std::string content = ArtifactReader(study.path(address)).digest();
  record_generation(study, {address, content, recipe, timestamp(), "stage", arguments, ""});
  return content;
}

void write(const std::string& path, const std::string& text) { std::ofstream(path) << text; }

std::string text_of(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

TEST_CASE("the newest is what was made last by the manifest, and where no order is known nobody guesses") {
  const TemporaryFolder folder;
  const Study study(folder.path().string());
  for (const char* name : {"b", "a", "c"}) make(study, Study::address(Kind::clusterings, name), 1);
  const Manifest manifest = read_manifest(study);
  CHECK(manifest.newest(Kind::clusterings, {"a", "b", "c"}) == "c");
  CHECK(manifest.newest(Kind::clusterings, {"a", "b"}) == "a");  // c is not there any more
  CHECK(manifest.newest(Kind::clusterings, {"strange"}) == "strange");
  CHECK(manifest.newest(Kind::clusterings, {"strange", "stranger"}).empty());
  CHECK(Manifest{}.newest(Kind::clusterings, {"a", "b"}).empty());
}

TEST_CASE("a choice is kept, replaced and forgotten, and a manifest of an earlier version is read") {
  const TemporaryFolder folder;
  const Study study(folder.path().string());
  record_choice(study, Choice{"x", 10, "select", "abc"});
  make(study, "clusterings/x", 1);
  REQUIRE(read_manifest(study).choice);
  CHECK(read_manifest(study).choice->k == 10);
  record_choice(study, std::nullopt);
  CHECK_FALSE(read_manifest(study).choice);
  write(folder / "manifest.json", R"({"commands": [], "artifacts": [{"name": "features/net.h5", "content": "abc",
    "recipe": {"stage": "extract", "revision": 2, "parameters": {}, "inputs": {"images": "def"}, "software": {}}}]})");
  const Manifest manifest = read_manifest(study);
  REQUIRE(manifest.last("features/net") != nullptr);
  CHECK(manifest.last("features/net")->recipe.parents().at("images") == "def");
  write(folder / "manifest.json", "[1, 2]");
  CHECK_THROWS_WITH_AS(read_manifest(study), doctest::Contains("is damaged"), FileError);
}

TEST_CASE("a parent that was made again makes its children stale, down to the one that is asked for") {
  const TemporaryFolder folder;
  const Study study(folder.path().string());
  const CommandList commands = all_commands();
  make(study, "features/net", 1, {}, "--weights A");
  make(study, "reductions/pca", 2, {"features/net"});
  make(study, "clusterings/k", 3, {"reductions/pca"}, "--k 3");
  make(study, "clusterings/other", 4, {"features/net"});
  CHECK(lineage_of(study, commands, read_manifest(study), {"clusterings/k"}).current());
  make(study, "features/net", 5, {}, "--weights B");
  const Manifest manifest = read_manifest(study);
  const Lineage lineage = lineage_of(study, commands, manifest, {"clusterings/k"});
  REQUIRE(lineage.stale.size() == 1);
  CHECK(lineage.stale[0].address == "reductions/pca");
  CHECK(lineage.stale[0].reason.find("value: 1 then, 5 now") != std::string::npos);
  CHECK(lineage.again == std::vector<std::string>{"reductions/pca", "clusterings/k"});
  CHECK(commands_for(study, commands, manifest, lineage.again) ==
        std::vector<std::string>{fmt::format("coterie stage --study {} --overwrite", study.folder()),
                                 fmt::format("coterie stage --study {} --k 3 --overwrite", study.folder())});
  CHECK(lineage_of_all(study, commands, manifest).again.size() == 3);
}

TEST_CASE("what is missing or was edited by hand is to be made again, and what was made from it") {
  const TemporaryFolder folder;
  const Study study(folder.path().string());
  const CommandList commands = all_commands();
  make(study, "features/net", 1);
  make(study, "reductions/pca", 2, {"features/net"});
  make(study, "clusterings/k", 3, {"reductions/pca"});
  const auto place = ArtifactReader(study.path("reductions/pca")).place("x");
  {
    std::fstream file(study.path("reductions/pca"), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(place.offset);
    file.put('\x7f');
  }
  const Lineage edited = lineage_of(study, commands, read_manifest(study), {"clusterings/k"});
  CHECK(edited.any(Stale::Fault::damaged));
  CHECK(edited.again == std::vector<std::string>{"reductions/pca", "clusterings/k"});
  fs::remove(study.path("reductions/pca"));
  const Lineage missing = lineage_of(study, commands, read_manifest(study), {"clusterings/k"});
  CHECK_FALSE(missing.any(Stale::Fault::damaged));
  CHECK(missing.stale.at(0).reason.find("is not there any more") != std::string::npos);
  CHECK(missing.again == std::vector<std::string>{"reductions/pca", "clusterings/k"});
}

TEST_CASE("a folder that a command owns is replaced whole, and what a person changed is kept") {
  const TemporaryFolder folder;
  const Provenance about{"export", {{"clusterings/x", "abc"}}, {{"k", "3"}}};
  const auto fill = [&](const std::string& file, const std::string& text, bool overwrite = false) {
    OutputFolder out(folder.path().string(), "tables/x-k3", about, overwrite);
    write(out.place(file), text);
    out.finish();
  };
  fill("first.csv", "1");
  const std::string path = folder / "tables/x-k3";
  CHECK(OutputFolder::is_current(path, about));
  Provenance other = about;
  other.made_of["clusterings/x"] = "def";
  CHECK_FALSE(OutputFolder::is_current(path, other));
  fill("second.csv", "2");
  CHECK_FALSE(fs::exists(path + "/first.csv"));
  CHECK_FALSE(fs::exists(path + ".tmp"));
  write(path + "/second.csv", "edited");
  CHECK_FALSE(OutputFolder::is_current(path, about));
  CHECK_THROWS_WITH_AS(fill("third.csv", "3"), doctest::Contains("was changed after coterie wrote it"), FileError);
  CHECK(text_of(path + "/second.csv") == "edited");
  fill("third.csv", "3", true);
  CHECK_FALSE(fs::exists(path + "/second.csv"));
}

TEST_CASE("a folder that coterie did not write, or a link, is never replaced") {
  const TemporaryFolder folder;
  fs::create_directories(folder / "tables/mine");
  write(folder / "tables/mine/work.csv", "years");
  CHECK_THROWS_WITH_AS(OutputFolder(folder.path().string(), "tables/mine", {}, true),
                       doctest::Contains("did not write"), FileError);
  fs::create_directory_symlink(folder / "tables/mine", folder / "tables/link");
  CHECK_THROWS_WITH_AS(OutputFolder(folder.path().string(), "tables/link", {}, true), doctest::Contains("is a link"),
                       FileError);
  CHECK(text_of(folder / "tables/mine/work.csv") == "years");
}

TEST_CASE("every default passes its own check, and each stage names kinds that some stage makes") {
  const CommandList commands = all_commands();
  const auto kinds = kinds_of(commands);
  for (const auto& command : commands) {
    CAPTURE(command.name());
    for (const auto& option : command.options.own())
      if (!option.fallback.empty()) CHECK_NOTHROW(check_value(option, std::string(option.fallback)));
    if (!command.stage) continue;
    for (const auto& kind : command.stage->reads(Options(command.options)))
      CHECK(std::find(kinds.begin(), kinds.end(), kind) != kinds.end());
  }
}

TEST_CASE("settling fills in what an algorithm means, and leaves out what means nothing to it") {
  const CommandList commands = all_commands();
  const Command& cluster = find_command(commands, "cluster");
  const auto settle = [&](const std::vector<std::string>& arguments) {
    return settled(cluster, parse_command_line(cluster.options, arguments));
  };
  const Options kmeans = settle({"--k", "8-9"});
  CHECK(kmeans.canonical("n-init") == "10");
  CHECK(kmeans.canonical("tol") == "0.0001");
  CHECK(kmeans.canonical("covariance").empty());
  CHECK(kmeans.canonical("k") == settle({"--k", "9,8"}).canonical("k"));
  CHECK(settle({"--algorithm", "ward", "--seed", "5"}).canonical("seed").empty());
  CHECK(settle({"--algorithm", "mixture"}).canonical("max-iter") == "100");
  CHECK_THROWS_WITH_AS(settle({"--algorithm", "ward", "--n-init", "3"}),
                       doctest::Contains("--n-init means nothing to --algorithm ward"), InvalidArgument);
  const std::string dumped = study_file_text({kmeans});
  CHECK(dumped.find("\nn-init = 10\n") != std::string::npos);
  CHECK(dumped.find("\ncovariance = \n") != std::string::npos);
  CHECK(dumped.find("overwrite") == std::string::npos);
}

// Whatever is typed: an answer at once, which is a refusal of ours or a value whose canonical form stays as it is.
TEST_CASE("every option takes or refuses the strangest texts") {
  const std::vector<std::string> texts = {"",
                                          " ",
                                          "0",
                                          "-0",
                                          "1",
                                          "-1",
                                          "+1",
                                          "01",
                                          "1.",
                                          ".5",
                                          "1e3",
                                          "1e400",
                                          "-1e400",
                                          "4.9406564584124654e-324",
                                          "1e-400",
                                          "9223372036854775807",
                                          "9223372036854775808",
                                          "-9223372036854775808",
                                          "1-9223372036854775807",
                                          "nan",
                                          "inf",
                                          "0x10",
                                          "9223372036854775806-9223372036854775807",
                                          "-9223372036854775808-9223372036854775807",
                                          "1,2,3",
                                          "1,,2",
                                          "5-1",
                                          "1-99999,200000-299999",
                                          "1e15",
                                          "999999999999999999999999",
                                          "4GiB",
                                          "9999999TiB",
                                          "-1MB",
                                          "0.5KiB",
                                          "1e30B",
                                          "auto",
                                          "true",
                                          "TRUE",
                                          "yes",
                                          "--k",
                                          "a=b",
                                          "\n",
                                          "\xff\xfe",
                                          "\u00a01",
                                          std::string(100'000, '9'),
                                          std::string(300, ',')};
  int taken = 0;
  for (const auto& command : all_commands())
    for (const auto& option : command.options.all())
      for (const auto& text : texts) {
        try {
          check_value(option, text);
        } catch (const InvalidArgument&) {
          continue;
        }
        INFO(command.name() << " --" << option.name << " " << text.substr(0, 40));
        const std::string canonical = canonical_value(option, text);
        CHECK_NOTHROW(check_value(option, canonical));
        CHECK(canonical_value(option, canonical) == canonical);
        ++taken;
      }
  CHECK(taken > 1000);
}

}  // namespace coterie::jobs
