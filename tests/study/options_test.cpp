#include "coterie/study/options.hpp"

#include <doctest/doctest.h>

#include <fstream>
#include <set>

#include "coterie/base/errors.hpp"
#include "temporary_folder.hpp"

namespace coterie {
namespace {

const std::vector<std::string> kStages = {"scan", "extract", "reduce", "cluster"};

std::string study_file(const TemporaryFolder& folder, const std::string& text) {
  std::ofstream(folder / "study.ini") << text;
  return folder / "study.ini";
}

}  // namespace

TEST_CASE("every option's default passes its own check, and no two of a command share a name") {
  for (const auto& option : option_table())
    if (!option.fallback.empty()) CHECK_NOTHROW(check_value(option, std::string(option.fallback)));
  std::set<std::string_view> names;
  for (const auto& option : option_table()) CHECK(names.insert(option.name).second);
}

TEST_CASE("the command line gives values, and the table the rest") {
  const Options options = parse_command_line("cluster", {"--study", "demo", "--k=6,8-10", "--raw", "--tol", "1e-3"});
  CHECK(options.text("study") == "demo");
  CHECK(options.counts("k") == std::vector<std::int64_t>{6, 8, 9, 10});
  CHECK(options.flag("raw"));
  CHECK(options.real("tol") == 1e-3);
  CHECK(options.count("seed") == 1);
  CHECK_FALSE(options.given("seed"));
  CHECK(options.count("n-init", 10) == 10);  // its default depends on the algorithm, so the caller says it
  CHECK(options.real("tol", 0.5) == 1e-3);
}

TEST_CASE("a slip is answered with the nearest name and the right form") {
  CHECK_THROWS_WITH_AS(parse_command_line("extract", {"--backbon", "x"}),
                       doctest::Contains("did you mean \"backbone\"?"), InvalidArgument);
  CHECK_THROWS_WITH_AS(parse_command_line("reduce", {"--normalize", "l3"}),
                       doctest::Contains("one of none, standard, l2"), InvalidArgument);
  CHECK_THROWS_WITH_AS(parse_command_line("reduce", {"--components", "-4"}), doctest::Contains("at least 0"),
                       InvalidArgument);
  CHECK_THROWS_AS(parse_command_line("reduce", {"--variance", "nan"}), InvalidArgument);
  CHECK_THROWS_AS(parse_command_line("reduce", {"--variance", "1.5"}), InvalidArgument);
  CHECK_THROWS_AS(parse_command_line("scan", {"--components", "3"}), InvalidArgument);  // another command's
  CHECK_THROWS_AS(parse_command_line("scan", {"photos"}), InvalidArgument);
  CHECK_THROWS_AS(parse_command_line("scan", {"--images"}), InvalidArgument);
  CHECK_THROWS_WITH_AS(parse_command_line("scan", {}).required("images"), doctest::Contains("--images PATH"),
                       InvalidArgument);
}

TEST_CASE("sizes and lists of counts read as people write them") {
  CHECK(parse_size("4GiB") == std::int64_t{4} << 30);
  CHECK(parse_size("500MB") == 500'000'000);
  CHECK(parse_size("1.5K") == 1536);
  for (const std::string bad : {"", "GiB", "4XB", "-1GB", "1e30GB"}) CHECK_THROWS_AS(parse_size(bad), InvalidArgument);
  CHECK(parse_counts("10,8,8-9") == std::vector<std::int64_t>{8, 9, 10});
  for (const std::string bad : {"", "a", "5-", "9-5", "5,,6", "1-9999999"})
    CHECK_THROWS_AS(parse_counts(bad), InvalidArgument);
}

TEST_CASE("a study file sets each stage that it names, and the command line stands above it") {
  const TemporaryFolder folder;
  const std::string path =
      study_file(folder, "[study]\nstudy = demo\nthreads = 2\n\n[scan]\nimages = photos\n[reduce]\n");
  const auto stages = read_study_file(path, kStages, parse_command_line("run", {path, "--images", "elsewhere"}));
  REQUIRE(stages.size() == 2);
  CHECK(stages[0].command() == "scan");
  CHECK(stages[0].text("study") == "demo");
  CHECK(stages[0].text("images") == "elsewhere");
  CHECK(stages[1].command() == "reduce");
  CHECK(stages[1].count("threads") == 2);
}

TEST_CASE("the dumped configuration repeats the study") {
  const TemporaryFolder folder;
  const auto stages = read_study_file(
      study_file(folder, "[study]\nstudy=demo\n[reduce]\ncomponents=64\n[cluster]\nk=5-7\n"), kStages, Options("run"));
  const std::string text = study_file_text(stages);
  const auto again = read_study_file(study_file(folder, text), kStages, Options("run"));
  CHECK(study_file_text(again) == text);
  CHECK(again.at(0).count("components") == 64);
  CHECK(again.at(1).text("k") == "5-7");
}

TEST_CASE("a mistake in a study file is told with its place") {
  const TemporaryFolder folder;
  const auto read = [&](const std::string& text) {
    return read_study_file(study_file(folder, text), kStages, Options("run"));
  };
  CHECK_THROWS_WITH_AS(read("[extrakt]\n"), doctest::Contains("did you mean \"extract\"?"), InvalidArgument);
  CHECK_THROWS_WITH_AS(read("[extract]\nbackbon = x\n"), doctest::Contains("[extract]"), InvalidArgument);
  CHECK_THROWS_WITH_AS(read("backbone = x\n[extract]\n"), doctest::Contains("above all sections"), InvalidArgument);
  CHECK_THROWS_WITH_AS(read("[study]\nbackbone = x\n[extract]\n"), doctest::Contains("belongs under a stage"),
                       InvalidArgument);
  CHECK_THROWS_WITH_AS(read(""), doctest::Contains("asks for no stage"), InvalidArgument);
  CHECK_THROWS_AS(read("[extract]\nno equals sign\n"), InvalidArgument);
  CHECK_THROWS_WITH_AS(read_study_file(folder / "none.ini", kStages, Options("run")), doctest::Contains("none.ini"),
                       InvalidArgument);
}

}  // namespace coterie
