// What was found of clusterings: evaluations, selections, comparisons, assignments.

#include <cmath>
#include <limits>

#include "coterie/artifacts/assignment.hpp"
#include "coterie/artifacts/comparison.hpp"
#include "coterie/artifacts/evaluation.hpp"
#include "coterie/artifacts/selection.hpp"
#include "harmed.hpp"
#include "temporary_folder.hpp"

namespace coterie {
namespace {

const Communicator& world() { return Communicator::world(); }

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

Evaluation sample_evaluation() {
  Evaluation evaluation;
  evaluation.clustering = "net-kmeans";
  evaluation.columns = {{"..", {"x", "y"}}, {"a/b %", {"one", "two", "three"}}};
  Evaluation::Solution single{1, {3}, {0.5}, 9, {}, {}, {}, {}};
  single.agreements = {{{2, 1, {1, 2}}, {0, 1, 2, 3, 4, 5, 6}}, {{3, 1, {1, 1, 1}}, {6, 5, 4, 3, 2, 1, 0}}};
  Evaluation::Solution pair{2, {2, 1}, {0.5, 0.25}, 4, 10.5, 0.75, {{{0.5F, 0.25F, 0}, {0.375, 0}, 0.25}}, {}};
  pair.agreements = {{{2, 2, {1, 0, 1, 1}}, {1, 1, 1, 1, 1, 1, 1}},
                     {{3, 2, {1, 0, 1, 0, 0, 1}}, {2, 2, 2, 2, 2, 2, 2}}};
  evaluation.solutions = {single, pair};
  return evaluation;
}

Selection sample_selection() {
  Selection selection;
  selection.clustering = "net-kmeans";
  selection.ks = {2, 3};
  selection.recommended = 3;
  selection.reason = "k = 3 is named by both.";
  selection.measures = {{"inertia", "sum", {5, 4}, {}, 0, 0, false},
                        {"gap", "against uniform data", {0.5, kNan}, {0.1, 0.2}, 10, 3, true},
                        {"ari_a/b", "with a column", {0.5, 1}, {}, 0, 0, false}};
  selection.bootstrap = {{{0.5, 0.75, 1}, 0.525, 0.975}, {{}, kNan, kNan}};
  selection.silhouettes = {{0.5F, 0.25F, 0}, {}};
  return selection;
}

Comparison sample_comparison() {
  Comparison comparison;
  comparison.labellings = {{"x-kmeans:2", false, {"0", "1"}}, {"a b", true, {"one", "two", "three"}}};
  comparison.images = 6;
  comparison.pairs = {{1, 0, {3, 2, {1, 0, 2, 0, 0, 3}}, {0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7}, {{-1, 0, 1}, 5}}};
  return comparison;
}

AssignedImages sample_assignment(bool mixture) {
  AssignedImages images{"net-kmeans", 2, {"a", "caf\xe9"}, {1, 0}, {0.5F, 1}, {0, -1}, {2, 3}, {0.5, 0.01}, {0, 1}, {}};
  if (mixture) images.probabilities = {0.25F, 0.75F, 1, 0};
  return images;
}

void check_numbers(const std::vector<double>& a, const std::vector<double>& b) {
  REQUIRE(a.size() == b.size());
  for (std::size_t i = 0; i < a.size(); ++i) CHECK(((std::isnan(a[i]) && std::isnan(b[i])) || a[i] == b[i]));
}

void check_agreement(const Agreement& a, const Agreement& b) {
  check_numbers({a.adjusted_rand, a.normalised_mutual_info, a.adjusted_mutual_info, a.homogeneity, a.completeness,
                 a.v_measure, a.purity},
                {b.adjusted_rand, b.normalised_mutual_info, b.adjusted_mutual_info, b.homogeneity, b.completeness,
                 b.v_measure, b.purity});
}

void check_table(const Contingency& a, const Contingency& b) {
  CHECK(a.rows == b.rows);
  CHECK(a.columns == b.columns);
  CHECK(a.counts == b.counts);
}

}  // namespace

TEST_CASE("an evaluation comes back as it was, whatever columns are called") {
  const TemporaryFolder folder;
  const std::string path = folder / "evaluations/x.h5";
  const Evaluation wanted = sample_evaluation();
  world().on_root([&] { write_evaluation(path, Recipe("evaluate", 1), wanted); });
  const Evaluation there = read_evaluation(ArtifactReader(path));
  CHECK(there.clustering == wanted.clustering);
  REQUIRE(there.columns.size() == 2);
  REQUIRE(there.solutions.size() == 2);
  const bool turned = there.columns[0].name != wanted.columns[0].name;  // the order is that of the encoded names
  for (std::size_t c = 0; c < 2; ++c) {
    CHECK(there.columns[c].name == wanted.columns[turned ? 1 - c : c].name);
    CHECK(there.columns[c].classes == wanted.columns[turned ? 1 - c : c].classes);
  }
  for (std::size_t i = 0; i < 2; ++i) {
    const auto &a = there.solutions[i], &b = wanted.solutions[i];
    CHECK(a.k == b.k);
    CHECK(a.sizes == b.sizes);
    CHECK(a.mean_distance == b.mean_distance);
    CHECK(a.inertia == b.inertia);
    CHECK(a.calinski_harabasz == b.calinski_harabasz);
    CHECK(a.davies_bouldin == b.davies_bouldin);
    REQUIRE(a.silhouettes.has_value() == b.silhouettes.has_value());
    if (a.silhouettes) {
      CHECK(a.silhouettes->values == b.silhouettes->values);
      CHECK(a.silhouettes->cluster_means == b.silhouettes->cluster_means);
      CHECK(a.silhouettes->mean == b.silhouettes->mean);
    }
    REQUIRE(a.agreements.size() == 2);
    for (std::size_t c = 0; c < 2; ++c) {
      check_table(a.agreements[c].table, b.agreements[turned ? 1 - c : c].table);
      check_agreement(a.agreements[c].agreement, b.agreements[turned ? 1 - c : c].agreement);
    }
  }
}

TEST_CASE("a selection comes back as it was, with what could not be measured") {
  const TemporaryFolder folder;
  const std::string path = folder / "selections/x.h5";
  const Selection wanted = sample_selection();
  world().on_root([&] { write_selection(path, Recipe("select", 1), wanted); });
  const Selection there = read_selection(ArtifactReader(path));
  CHECK(there.clustering == wanted.clustering);
  CHECK(there.ks == wanted.ks);
  CHECK(there.recommended == wanted.recommended);
  CHECK(there.reason == wanted.reason);
  REQUIRE(there.measures.size() == wanted.measures.size());
  for (std::size_t i = 0; i < wanted.measures.size(); ++i) {
    const auto &a = there.measures[i], &b = wanted.measures[i];
    CHECK(a.name == b.name);
    CHECK(a.how == b.how);
    check_numbers(a.values, b.values);
    check_numbers(a.errors, b.errors);
    CHECK(a.sample == b.sample);
    CHECK(a.k == b.k);
    CHECK(a.votes == b.votes);
  }
  REQUIRE(there.bootstrap.size() == 2);
  for (std::size_t i = 0; i < 2; ++i) {
    CHECK(there.bootstrap[i].agreement == wanted.bootstrap[i].agreement);
    check_numbers({there.bootstrap[i].low, there.bootstrap[i].high},
                  {wanted.bootstrap[i].low, wanted.bootstrap[i].high});
  }
  CHECK(there.silhouettes == wanted.silhouettes);
  CHECK(there.find("gap")->k == 3);
  CHECK(there.find("none") == nullptr);
}

TEST_CASE("a comparison comes back as it was") {
  const TemporaryFolder folder;
  const std::string path = folder / "comparisons/x.h5";
  const Comparison wanted = sample_comparison();
  world().on_root([&] { write_comparison(path, Recipe("compare", 1), wanted); });
  const Comparison there = read_comparison(ArtifactReader(path));
  REQUIRE(there.labellings.size() == 2);
  for (std::size_t i = 0; i < 2; ++i) {
    CHECK(there.labellings[i].name == wanted.labellings[i].name);
    CHECK(there.labellings[i].column == wanted.labellings[i].column);
    CHECK(there.labellings[i].label_names == wanted.labellings[i].label_names);
  }
  CHECK(there.images == 6);
  REQUIRE(there.pairs.size() == 1);
  CHECK(there.pairs[0].first == 1);
  CHECK(there.pairs[0].second == 0);
  check_table(there.pairs[0].table, wanted.pairs[0].table);
  check_agreement(there.pairs[0].agreement, wanted.pairs[0].agreement);
  CHECK(there.pairs[0].matching.partner == wanted.pairs[0].matching.partner);
  CHECK(there.pairs[0].matching.matched == 5);
  CHECK(there.matrix(&Agreement::adjusted_rand) == std::vector<double>{1, 0.1, 0.1, 1});
}

TEST_CASE("an assignment comes back as it was") {
  const TemporaryFolder folder;
  for (const bool mixture : {false, true}) {
    const std::string path = folder / (mixture ? "assignments/m.h5" : "assignments/x.h5");
    const AssignedImages wanted = sample_assignment(mixture);
    world().on_root([&] { write_assignment(path, Recipe("assign", 1), wanted); });
    const AssignedImages there = read_assignment(ArtifactReader(path));
    CHECK(there.clustering == wanted.clustering);
    CHECK(there.k == 2);
    CHECK(there.paths == wanted.paths);
    CHECK(there.labels == wanted.labels);
    CHECK(there.distances == wanted.distances);
    CHECK(there.seconds == wanted.seconds);
    CHECK(there.second_distances == wanted.second_distances);
    CHECK(there.share_as_far == wanted.share_as_far);
    CHECK(there.outlier == wanted.outlier);
    CHECK(there.probabilities == wanted.probabilities);
  }
}

TEST_CASE("findings whose parts are of another type, another length or missing are refused by name") {
  const TemporaryFolder folder;
  world().on_root([&] {
    const std::string evaluation = folder / "evaluations/x.h5", selection = folder / "selections/x.h5";
    const std::string comparison = folder / "comparisons/x.h5", assignment = folder / "assignments/x.h5";
    write_evaluation(evaluation, Recipe("evaluate", 1), sample_evaluation());
    check_every_harm(
        {evaluation,
         {"clustering"},
         [&] { read_evaluation(ArtifactReader(evaluation)); },
         {"classes/%2E%2E", "classes/a%2Fb %25", "k=2/calinski_harabasz", "k=2/davies_bouldin", "k=2/silhouette"}});
    write_selection(selection, Recipe("select", 1), sample_selection());
    check_every_harm({selection,
                      {"clustering", "reason"},
                      [&] { read_selection(ArtifactReader(selection)); },
                      {"measures/gap/errors", "k=2/bootstrap", "k=2/bootstrap_quantiles", "k=3/bootstrap_quantiles",
                       "k=2/silhouette"},
                      {"k=2/bootstrap", "k=3/bootstrap", "k=2/silhouette"}});
    write_comparison(comparison, Recipe("compare", 1), sample_comparison());
    check_every_harm({comparison, {}, [&] { read_comparison(ArtifactReader(comparison)); }});
    write_assignment(assignment, Recipe("assign", 1), sample_assignment(true));
    check_every_harm(
        {assignment, {"clustering", "k"}, [&] { read_assignment(ArtifactReader(assignment)); }, {"probabilities"}});
  });
}

TEST_CASE("findings with a number that cannot be are refused by name") {
  const TemporaryFolder folder;
  world().on_root([&] {
    const auto refused = [](const Sound& sound, const std::string& name, const auto& values) {
      write_with(sound, name, values);
      CHECK_MESSAGE(fault_of(sound).find("its dataset \"" + name + "\"") == 0, name);
    };
    const std::string comparison = folder / "comparisons/x.h5", assignment = folder / "assignments/x.h5";
    const Sound compared{comparison, {}, [&] { read_comparison(ArtifactReader(comparison)); }};
    for (const auto& [name, values] :
         std::vector<std::pair<std::string, std::vector<std::int64_t>>>{{"pairs/0/labellings", {0, 2}},
                                                                        {"pairs/0/partner", {-1, 0, 2}},
                                                                        {"pairs/0/partner", {-2, 0, 1}},
                                                                        {"pairs/0/crosstab", {1, 0, 2, 0, 0, -3}}}) {
      write_comparison(comparison, Recipe("compare", 1), sample_comparison());
      refused(compared, name, values);
    }
    const Sound assigned{assignment, {"clustering", "k"}, [&] { read_assignment(ArtifactReader(assignment)); }};
    for (const auto& [name, values] : std::vector<std::pair<std::string, std::vector<std::int32_t>>>{
             {"labels", {0, 2}}, {"labels", {0, -1}}, {"seconds", {2, 0}}, {"seconds", {-2, 0}}}) {
      write_assignment(assignment, Recipe("assign", 1), sample_assignment(false));
      refused(assigned, name, values);
    }
  });
}

TEST_CASE("a comparison of an earlier version, which kept no names of labels, is refused with the way out") {
  const TemporaryFolder folder;
  world().on_root([&] {
    const std::string path = folder / "comparisons/x.h5";
    write_comparison(path, Recipe("compare", 1), sample_comparison());
    const Sound sound{path, {}, [&] { read_comparison(ArtifactReader(path)); }};
    write_harmed(sound, "label_names/1", Harm::missing);
    CHECK(fault_of(sound) == "has no dataset \"label_names/1\"; coterie compare --overwrite makes it anew");
  });
}

}  // namespace coterie
