// Figure B3 of Zhang & Peng (SMR 53(3), 2024): every kappa of the published table, and the bar that is drawn of it.

#include <doctest/doctest.h>

#include <array>
#include <cmath>
#include <sstream>

#include "coding/consistency_table.hpp"

namespace coterie::jobs {
namespace {

struct Published {
  const char* model;
  const char* dataset;
  std::array<double, 3> kappas;  // of 6, 8 and 10 clusters
};

constexpr Published kPublished[] = {
    {"ImageNet", "Face", {.9419261, .8852018, .8970903}},     {"Places365", "Face", {.8209518, .8478137, .8437746}},
    {"VGGFace", "Face", {.9632443, .7978339, .9350744}},      {"ImageNet", "Climate", {.6136701, .6622361, .5597257}},
    {"Places365", "Climate", {.9499916, .9154036, .9426277}}, {"VGGFace", "Climate", {.5932349, .8389262, .1775479}}};
constexpr std::array<std::int64_t, 3> kClusters = {6, 8, 10};

double published(const std::string& model, const std::string& dataset, std::size_t k) {
  for (const auto& each : kPublished)
    if (each.model == model && each.dataset == dataset) return each.kappas[k];
  return std::nan("");
}

// "x value low high" of each bar, in the order in which a chart's script draws them.
std::vector<double> bars_of(const std::string& script) {
  std::vector<double> values;
  std::istringstream lines(script);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    if (double x = 0, value = 0, low = 0, high = 0; words >> x >> value >> low >> high) values.push_back(value);
  }
  return values;
}

}  // namespace

TEST_CASE("the 18 kappas of figure B3 are the published ones, and so are the bars") {
  const PublishedTable table = read_published_table(COTERIE_SOURCE_DIR "/tests/data/published/kappas.csv", 20);
  REQUIRE(table.kappas.size() == 18);
  for (const auto& each : kPublished)
    for (std::size_t k = 0; k < kClusters.size(); ++k) {
      std::int64_t found = 0;
      for (const auto& row : table.kappas) {
        if (row.model != each.model || row.dataset != each.dataset || row.k != kClusters[k]) continue;
        CHECK(row.kappa == each.kappas[k]);
        ++found;
      }
      CHECK(found == 1);
    }
  const auto drawn = bars_of(agreement_chart("kappa", "Cohen's Kappa", agreement_bars(table.kappas)).script);
  REQUIRE(drawn.size() == 18);
  // A panel for each number of clusters, in it a shade for each model, of each the two data sets.
  std::size_t at = 0;
  for (std::size_t k = 0; k < kClusters.size(); ++k)
    for (const char* model : {"ImageNet", "Places365", "VGGFace"})
      for (const char* dataset : {"Face", "Climate"})
        CHECK(drawn[at++] == doctest::Approx(published(model, dataset, k)).epsilon(1e-5));
}

}  // namespace coterie::jobs
