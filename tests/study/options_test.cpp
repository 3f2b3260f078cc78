#include "coterie/study/options.hpp"

#include <doctest/doctest.h>

#include <fstream>
#include <set>

#include "coterie/base/errors.hpp"
#include "coterie/base/new_file.hpp"
#include "temporary_folder.hpp"

namespace coterie {
namespace {

using enum OptionType;

const OptionList kScan("scan", {{"images", Role::place, text, "", "PATH", "a folder"}});
const OptionList kExtract("extract", {{"backbone", Role::result, text, "lite0", "NAME", "the network"}});
const OptionList kReduce("reduce", {{"normalize", Role::result, choice, "l2", "", "how", 0, kMost, "none|standard|l2"},
                                    {"components", Role::result, count, "32", "N", "how many", 0, kMaxCount},
                                    {"variance", Role::result, real, "0", "SHARE", "how much", 0, 1}});
const OptionList kCluster("cluster", {{"k", Role::result, counts, "", "K", "clusters", 1, kMaxCount},
                                      {"raw", Role::result, flag, "false", "", "without a reduction"},
                                      {"n-init", Role::result, count, "", "N", "starts", 1, 10000},
                                      {"tol", Role::result, real, "", "SHARE", "when to stop", 0, 1},
                                      {"cache", Role::effort, size, "auto", "SIZE", "memory"},
                                      {"seed", Role::result, count, "1", "N", "of the draws", 0, 9e15}});
const std::vector<const OptionList*> kStages = {&kScan, &kExtract, &kReduce, &kCluster};
const OptionList kRun("run", {{"stages", Role::action, text, "", "STAGE,...", "only these"}}, "STUDY.ini",
                      joined(kStages));

std::string study_file(const TemporaryFolder& folder, const std::string& text) {
  std::ofstream(folder / "study.ini") << text;
  return folder / "study.ini";
}

}  // namespace

TEST_CASE("a command takes its own options, the common ones and those that it hands on, each once") {
  CHECK(kReduce.takes("components"));
  CHECK(kReduce.takes("study"));
  CHECK_FALSE(kReduce.takes("backbone"));
  CHECK(kRun.takes("backbone"));
  std::set<std::string_view> names;
  for (const auto& option : kRun.all()) CHECK(names.insert(option.name).second);
  CHECK(kReduce.help().find("--components N") != std::string::npos);
  CHECK(kReduce.help().find("--threads N") != std::string::npos);
  CHECK(kRun.help().find("--components") == std::string::npos);
}

TEST_CASE("texts that mean the same have one canonical form") {
  const auto canonical = [](const OptionList& list, const std::string& name, const std::string& given) {
    Options options(list);
    options.set(name, given);
    return options.canonical(name);
  };
  CHECK(canonical(kReduce, "variance", ".95") == "0.95");
  CHECK(canonical(kReduce, "variance", "0.950") == "0.95");
  CHECK(canonical(kReduce, "components", "064") == "64");
  CHECK(canonical(kCluster, "k", "10,8,9") == "8-10");
  CHECK(canonical(kCluster, "k", "8-9") == "8,9");
  CHECK(canonical(kCluster, "k", "9,8") == "8,9");
  CHECK(canonical(kCluster, "k", "2,4-6,10") == "2,4-6,10");
  CHECK(canonical(kCluster, "cache", "1K") == canonical(kCluster, "cache", "1024"));
  CHECK(Options(kReduce).canonical("components") == "32");
  CHECK(Options(kCluster).canonical("tol").empty());
  Options options(kReduce);
  options.leave_out("components");
  CHECK(options.canonical("components").empty());
  CHECK(options.count("components") == 32);
}

TEST_CASE("the command line gives values, and the table the rest") {
  const Options options = parse_command_line(kCluster, {"--study", "demo", "--k=6,8-10", "--raw", "--tol", "1e-3"});
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
  CHECK_THROWS_WITH_AS(parse_command_line(kExtract, {"--backbon", "x"}),
                       doctest::Contains("did you mean \"backbone\"?"), InvalidArgument);
  CHECK_THROWS_WITH_AS(parse_command_line(kReduce, {"--normalize", "l3"}),
                       doctest::Contains("one of none, standard, l2"), InvalidArgument);
  CHECK_THROWS_WITH_AS(parse_command_line(kReduce, {"--components", "-4"}), doctest::Contains("at least 0"),
                       InvalidArgument);
  CHECK_THROWS_AS(parse_command_line(kReduce, {"--variance", "nan"}), InvalidArgument);
  CHECK_THROWS_AS(parse_command_line(kReduce, {"--variance", "1.5"}), InvalidArgument);
  CHECK_THROWS_AS(parse_command_line(kScan, {"--components", "3"}), InvalidArgument);  // another command's
  CHECK_THROWS_AS(parse_command_line(kScan, {"photos"}), InvalidArgument);
  CHECK_THROWS_AS(parse_command_line(kScan, {"--images"}), InvalidArgument);
  CHECK_THROWS_WITH_AS(parse_command_line(kScan, {}).required("images"), doctest::Contains("--images PATH"),
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

TEST_CASE("a comma in the name of a file that is there parts nothing") {
  const TemporaryFolder folder;
  for (const char* name : {"a,b.csv", "a", "c.pth"}) std::ofstream(folder / name) << "x";
  const auto files = [&](const std::string& text) {
    return parse_command_line(kExtract, {"--backbone", text}).files("backbone");
  };
  const std::string odd = folder / "a,b.csv", plain = folder / "c.pth", beginning = folder / "a";
  CHECK(files(odd + "," + plain) == std::vector{odd, plain});
  CHECK(files("vgg16=" + plain + ",lite0=" + odd) == std::vector{"vgg16=" + plain, "lite0=" + odd});
  CHECK(files(beginning + "," + plain) == std::vector{beginning, plain});
  CHECK(files("no,where,") == std::vector<std::string>{"no", "where"});
  CHECK(files("random:1") == std::vector<std::string>{"random:1"});
}

TEST_CASE("a study file sets each stage that it names, and the command line stands above it") {
  const TemporaryFolder folder;
  const std::string path =
      study_file(folder, "[study]\nstudy = demo\nthreads = 2\n\n[scan]\nimages = photos\n[reduce]\n");
  const auto stages = read_study_file(path, kStages, parse_command_line(kRun, {path, "--images", "elsewhere"}));
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
      study_file(folder, "[study]\nstudy=demo\n[reduce]\ncomponents=64\n[cluster]\nk=5-7\n"), kStages, Options(kRun));
  const std::string text = study_file_text(stages);
  const auto again = read_study_file(study_file(folder, text), kStages, Options(kRun));
  CHECK(study_file_text(again) == text);
  CHECK(again.at(0).count("components") == 64);
  CHECK(again.at(1).text("k") == "5-7");
}

TEST_CASE("a # is a comment at the start of a line and after a blank, and else part of the value") {
  const TemporaryFolder folder;
  const auto images = [&](const std::string& line) {
    const std::string text = "# first\n[study] # then\nstudy = demo\t# tab\n  # indented\n[scan]\nimages" + line + "\n";
    return read_study_file(study_file(folder, text), kStages, Options(kRun)).at(0).text("images");
  };
  const std::pair<const char*, const char*> kLines[] = {
      {" = a#b", "a#b"},         {"=a#b # c", "a#b"},       {" = a # b#c", "a"},
      {" = \"a # b\"", "a # b"}, {"=\"#1\" # x", "#1"},     {" = \" a \"", " a "},
      {" = \"a\" b", "\"a\" b"}, {" = \"a # b", "\"a # b"}, {" = photos/#1/é", "photos/#1/é"},
      {" = a=b#c", "a=b#c"},     {" = \"", "\""},           {" = a#b ", "a#b"}};
  for (const auto& line : kLines) CHECK_MESSAGE(images(line.first) == line.second, line.first);
  for (const char* value : {"a#b", "a # b", "#1", " a", "a ", "a\"b", "\"", "a\t#b", "''"}) {
    CAPTURE(value);
    auto stages = read_study_file(study_file(folder, "[study]\nstudy = demo\n[scan]\n"), kStages, Options(kRun));
    stages.at(0).set("images", value);
    const std::string text = study_file_text(stages);
    CHECK(read_study_file(study_file(folder, text), kStages, Options(kRun)).at(0).text("images") == value);
  }
}

TEST_CASE("a mistake in a study file is reported with its place") {
  const TemporaryFolder folder;
  const auto read = [&](const std::string& text) {
    return read_study_file(study_file(folder, text), kStages, Options(kRun));
  };
  CHECK_THROWS_WITH_AS(read("[extrakt]\n"), doctest::Contains("did you mean \"extract\"?"), InvalidArgument);
  CHECK_THROWS_WITH_AS(read("[extract]\nbackbon = x\n"), doctest::Contains("[extract]"), InvalidArgument);
  CHECK_THROWS_WITH_AS(read("backbone = x\n[extract]\n"), doctest::Contains("above all sections"), InvalidArgument);
  CHECK_THROWS_WITH_AS(read("[study]\nbackbone = x\n[extract]\n"), doctest::Contains("belongs under a stage"),
                       InvalidArgument);
  CHECK_THROWS_WITH_AS(read(""), doctest::Contains("asks for no stage"), InvalidArgument);
  CHECK_THROWS_AS(read("[extract]\nno equals sign\n"), InvalidArgument);
  CHECK_THROWS_WITH_AS(read("[cluster]\nk = 8\nk = 10\n"),
                       doctest::Contains("[cluster] gives k twice: \"8\" and \"10\""), InvalidArgument);
  CHECK_THROWS_WITH_AS(read("[cluster]\nk = 8\n[cluster]\n"), doctest::Contains("[cluster] stands there twice"),
                       InvalidArgument);
  CHECK(read("\xEF\xBB\xBF[cluster]\r\nk = 8\r\n").at(0).text("k") == "8");  // as Notepad writes it
  CHECK_THROWS_WITH_AS(read_study_file(folder / "none.ini", kStages, Options(kRun)),
                       doctest::Contains("none.ini: this study file is not there"), InvalidArgument);
  write_new_file(folder / "peng2021.ini", "[extract]\n");
  CHECK_THROWS_WITH_AS(read_study_file(folder / "peng.ini", kStages, Options(kRun)),
                       doctest::Contains("is not there; did you mean \"peng2021.ini\"?"), InvalidArgument);
}

}  // namespace coterie
