#include "made_up_report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <opencv2/imgproc.hpp>

#include "coterie/base/digest.hpp"
#include "coterie/base/random.hpp"
#include "coterie/report/coding_charts.hpp"

namespace coterie {
namespace {

const std::vector<std::string> kClasses = {"circles", "squares", "triangles", "stripes", "rings", "dots", "crosses"};
constexpr std::int64_t kClustered = 771;
const Random kRandom(7, Purpose::test_data);

/// Shares out `total` over `parts`, unevenly.
std::vector<std::int64_t> shared_out(std::int64_t total, std::size_t parts, std::uint64_t draw) {
  std::vector<double> weights;
  for (std::size_t i = 0; i < parts; ++i) weights.push_back(0.15 + std::pow(kRandom.uniform(draw * 1000 + i), 2));
  const double sum = std::accumulate(weights.begin(), weights.end(), 0.0);
  std::vector<std::int64_t> counts;
  for (const double weight : weights)
    counts.push_back(static_cast<std::int64_t>(static_cast<double>(total) * weight / sum));
  counts.front() += total - std::accumulate(counts.begin(), counts.end(), std::int64_t{0});
  return counts;
}

std::string path_of(std::size_t cluster, std::size_t place) {
  return fmt::format("{}/{:04}.png", kClasses[(cluster + (place % 5 == 4 ? 1 : 0)) % kClasses.size()],
                     cluster * 37 + place * 3);
}

ReportCluster made_up_cluster(std::size_t label, std::int64_t size) {
  ReportCluster cluster{.size = size};
  const double centre = 0.34 - 0.04 * static_cast<double>(label);
  for (std::int64_t i = 0; i < size; ++i)
    cluster.silhouettes.push_back(
        std::clamp(centre + 0.14 * kRandom.normal(label * 10000 + static_cast<std::uint64_t>(i)), -0.6, 0.9));
  cluster.silhouette =
      std::accumulate(cluster.silhouettes.begin(), cluster.silhouettes.end(), 0.0) / static_cast<double>(size);
  for (std::size_t i = 0; i < 10; ++i) cluster.nearest.push_back(path_of(label, i));
  for (std::size_t i = 0; i < 10; ++i) cluster.random.push_back(path_of(label, 20 + i * 7));
  return cluster;
}

ReportSolution made_up_solution(std::size_t k) {
  ReportSolution solution{.name = fmt::format("clusterings/kmeans-k{}.h5", k)};
  const auto sizes = shared_out(kClustered, k, k);
  for (std::size_t label = 0; label < k; ++label) solution.clusters.push_back(made_up_cluster(label, sizes[label]));
  ReportAgreement folder{.column = "folder", .ari = 0.21, .nmi = 0.38, .purity = 0.552, .classes = kClasses};
  ReportAgreement year{.column = "year", .ari = 0.004, .nmi = 0.071, .purity = 0.093};
  for (int y = 1984; y < 2024; ++y) year.classes.push_back(fmt::format("{}", y));
  for (std::size_t label = 0; label < k; ++label) {
    auto counts = shared_out(sizes[label], kClasses.size(), 50 + label);
    std::swap(*std::max_element(counts.begin(), counts.end()), counts[label % kClasses.size()]);
    folder.counts.insert(folder.counts.end(), counts.begin(), counts.end());
    const auto years = shared_out(sizes[label], year.classes.size(), 90 + label);
    year.counts.insert(year.counts.end(), years.begin(), years.end());
  }
  solution.agreements = {folder, year};
  solution.links = {{"the montage of all clusters", fmt::format("montages/k{}.png", k)},
                    {"the label of each image", fmt::format("../tables/assignments-k{}.csv", k)}};
  return solution;
}

void add_related(Report& report) {
  ReportSolution& shown = report.solutions[report.chosen];
  const std::int64_t k = std::ssize(shown.clusters);
  shown.clusters[0].excess = {{"folder", "circles", 40, 60, 90, 771, 5.7, 1e-9},
                              {"place", "<b>Bath</b>", 12, 60, 71, 700, 1.97, 0.0312}};
  for (const auto& path : shown.clusters[0].nearest) report.image_links[path] = "../../shapes/" + path;
  report.pictures_note = "Each picture leads to its image.";
  report.excess_note = "By Fisher's exact test, p < 0.05.";
  report.tables = {{"the evidence for each number of clusters", "tables/evaluation.csv"}};
  ReportAssignment assignment{.name = "new & <old>", .k = k, .link = "../tables/assignments/new/assigned.csv"};
  assignment.counts.assign(static_cast<std::size_t>(k), 2);
  assignment.outliers.assign(static_cast<std::size_t>(k), 0);
  assignment.outliers[1] = 1;
  assignment.pictures = {{"rings/new-1.png", "rings/new-2.png"}};
  report.assignments = {assignment};
  const std::vector<std::string> names = {"kmeans:8", "ward:8", "folder"};
  report.comparisons = {
      {.name = "comparison",
       .own = "kmeans:8",
       .images = 771,
       .pairs = {{"ward:8", 0.61, 0.7, 0.81}, {"folder", 0.21, 0.4, 0.55}},
       .map = agreement_map("map", "Agreement of each two (ARI)", names, {1, 0.61, 0.21, 0.61, 1, 0.2, 0.21, 0.2, 1}),
       .link = "../tables/comparisons/comparison/pairs.csv"}};
}

void add_evidence(Report& report) {
  double left = 1;
  for (int i = 0; i < 32; ++i) report.variance.cumulative.push_back(1 - (left *= 0.93 + 0.0015 * i));
  report.variance.chosen = 32;
  report.variance.rule = "--components 32";
  for (const std::int64_t k : {6, 8, 10, 12})
    report.ks.push_back({.k = k,
                         .inertia = 612.4 * std::pow(static_cast<double>(k), -0.31),
                         .silhouette = 0.16 + 0.008 * static_cast<double>(k % 5) - 0.006 * static_cast<double>(k),
                         .calinski_harabasz = 88.0 - 3.1 * static_cast<double>(k),
                         .davies_bouldin = 2.1 - 0.02 * static_cast<double>(k),
                         .stability = k == 8 ? 0.78 : 0.71,
                         .n_iter = 11 + k});
}

void add_provenance(Report& report) {
  report.artifacts = {
      {"scan", "images.h5", {{"source", "/data/shapes"}, {"images", "796"}, {"list digest", sha256("list")}}},
      {"extract",
       "features/efficientnet_lite0.h5",
       {{"backbone", "efficientnet_lite0"},
        {"weights", sha256("weights")},
        {"layer", "pooled"},
        {"precision", "fp32"}}},
      {"reduce", "reductions/default.h5", {{"normalize", "l2"}, {"components", "32"}, {"normalize-after", "l2"}}},
      {"cluster", "clusterings/kmeans-k8.h5", {{"k", "8"}, {"n-init", "10"}, {"seed", "1"}, {"tol", "1e-4"}}}};
  report.environment = {{"coterie", "0.1.0+3f2a91c"},
                        {"machine", "node17, 2 × AMD EPYC 7543"},
                        {"ranks × threads", "2 × 1"},
                        {"libraries", "LibTorch 1.13.1, OpenCV 4.6.0, HDF5 1.10.8, Open MPI 4.1.4"},
                        {"time", "extract 14 s, reduce 1 s, cluster 1 s, evaluate 2 s"}};
  report.commands = {"coterie scan --study demo --images /data/shapes",
                     "mpirun -n 2 coterie extract --study demo --backbone efficientnet_lite0",
                     "mpirun -n 2 coterie cluster --study demo --k 6,8,10,12 --n-init 10 --seed 1",
                     "coterie report --study demo"};
  report.config =
      "[study]\nname = demo\n\n[extract]\nbackbone = efficientnet_lite0\n\n[cluster]\nk = 6,8,10,12\nn-init = 10\nseed "
      "= 1\n";
  report.citation = "coterie 0.1.0, commit 3f2a91c; EfficientNet-Lite0 weights, Apache-2.0.";
}

}  // namespace

Report made_up_report() {
  Report report{
      .title = "Shapes & <forms>",
      .when = "22 November 2026, 13:15 UTC",
      .summary =
          "771 of 796 listed images were grouped into 8 clusters of 24 to 153 images. Runs that differ only in "
          "their random start agree well (ARI 0.78), and the clusters follow the folders in part (ARI 0.21).",
      .overview = {{"Collection", "/data/shapes"},
                   {"Features", "EfficientNet-Lite0, pooled, 1,280 numbers an image"},
                   {"Reduction", "L2, PCA to 32 components, L2"},
                   {"Method", "k-means, k = 6, 8, 10, 12"}},
      .warnings = {"The network's weights are random numbers (--weights random:7): the clusters mean nothing."},
      .images_listed = 796,
      .statuses = {{"ok", kClustered, "decoded and clustered"},
                   {"unreadable", 3, "the file could not be opened or decoded"},
                   {"empty", 1, "a file without content"},
                   {"unsupported", 12, "a format that coterie does not decode"},
                   {"duplicate", 9, "the same bytes as an image before it in the list"}},
      .skipped_link = "../tables/skipped.csv",
      .chosen = 1,
      .chosen_because = "8 clusters are shown in full because their runs agree best."};
  add_evidence(report);
  for (const std::size_t k : {6, 8, 10, 12}) report.solutions.push_back(made_up_solution(k));
  report.solutions[1].clusters[0].nearest[2] = kHostileName;
  report.solutions[1].clusters[3].nearest[1] = kUnreadableName;
  add_related(report);
  add_provenance(report);
  report.codings.push_back({.name = "k8-fit",
                            .question = "2 people were asked <what>, in 160 items.",
                            .columns = {"cluster", "sample", "items", "share", "95 % interval"},
                            .clusters = {{"0 \"<a>\"", "random", "20", "0.950", "0.764 to 0.991"}},
                            .totals = {{"Mean of the clusters", "0.950"}},
                            .agreement = {{"Agreement", "0.900"}},
                            .warnings = {"92 % of all answers are one and the same"},
                            .consistency = consistency_chart("c", {{"random", "k = 8", {.95, .8}, .875, {}, {}}}),
                            .link = "../tables/coding/k8-fit/agreement.csv"});
  report.topics = {"sift-300-lda", "12 topics complete held-out documents best.", {}};
  report.topics.numbers.push_back({6, -5.4, -5.5, 0.8, 0.2, 0.4, ""});
  report.topics.numbers.push_back({12, -5.2, -5.3, 0.7, 0.3, 0.4, "topics-12.html"});
  return report;
}

Image made_up_image(const std::string& path) {
  if (path == kUnreadableName) throw FileError(path, "is broken");
  const std::uint64_t seed = hash64(path.data(), path.size());
  const auto below = [&](std::uint64_t draw, int bound) { return static_cast<int>(kRandom.below(seed + draw, bound)); };
  Image image{160 + below(0, 240), 160 + below(1, 160), {}};
  image.rgb.resize(static_cast<std::size_t>(image.width) * static_cast<std::size_t>(image.height) * 3);
  cv::Mat canvas(image.height, image.width, CV_8UC3, image.rgb.data());
  canvas.setTo(cv::Scalar(200 + below(2, 55), 200 + below(3, 55), 190 + below(4, 65)));
  const cv::Scalar colour(below(5, 200), below(6, 200), below(7, 200));
  const cv::Point centre(image.width / 2, image.height / 2);
  const int radius = 40 + below(8, 30);
  const std::string kind = path.substr(0, path.find('/'));
  if (kind == "circles") cv::circle(canvas, centre, radius, colour, cv::FILLED, cv::LINE_AA);
  if (kind == "rings") cv::circle(canvas, centre, radius, colour, 14, cv::LINE_AA);
  if (kind == "squares")
    cv::rectangle(canvas, centre - cv::Point(radius, radius), centre + cv::Point(radius, radius), colour, cv::FILLED);
  if (kind == "crosses") cv::drawMarker(canvas, centre, colour, cv::MARKER_CROSS, 2 * radius, 16, cv::LINE_AA);
  if (kind == "triangles")
    cv::fillConvexPoly(canvas,
                       std::vector<cv::Point>{centre + cv::Point(0, -radius), centre + cv::Point(radius, radius),
                                              centre + cv::Point(-radius, radius)},
                       colour, cv::LINE_AA);
  for (int i = -2; i <= 2; ++i) {
    if (kind == "dots")
      cv::circle(canvas, centre + cv::Point(i * 30, (i % 2) * 25), 12, colour, cv::FILLED, cv::LINE_AA);
    if (kind == "stripes")
      cv::line(canvas, {centre.x + 30 * i, 0}, {centre.x + 30 * i - 40, image.height}, colour, 10, cv::LINE_AA);
  }
  return image;
}

}  // namespace coterie
