// Writes the made-up report for looking at: sample_report FOLDER [--files]

#include <fmt/format.h>
#include <filesystem>

#include "coterie/base/errors.hpp"
#include "coterie/report/page.hpp"
#include "made_up_report.hpp"

int main(int argc, char** argv) try {
  using namespace coterie;
  require(argc >= 2, "usage: sample_report FOLDER [--files]");
  const std::string folder = argv[1];
  const Report report = made_up_report();
  ThreadPool pool(2);
  write_report(report, made_up_image, folder, pool, {.single_file = argc < 3});
  std::filesystem::create_directories(folder + "/montages");
  std::filesystem::create_directories(folder + "/figures");
  for (const auto& chart : report_charts(report)) write_chart(chart, folder + "/figures");
  std::vector<MontageRow> rows, numbered;
  for (std::size_t c = 0; c < report.solutions[1].clusters.size(); ++c) {
    const auto& cluster = report.solutions[1].clusters[c];
    rows.push_back({fmt::format("Cluster {}: {} images, silhouette {:.3f}", c, cluster.size, cluster.silhouette),
                    cluster.nearest});
    numbered.push_back({fmt::format("{}", c), cluster.nearest});
  }
  draw_montage(rows, {}, made_up_image, folder + "/montages/k8.png", pool);
  MontageStyle peng = peng_style();
  peng.columns = 10;
  draw_montage(numbered, peng, made_up_image, folder + "/montages/k8-peng.jpg", pool);
} catch (const std::exception& error) {
  fmt::print(stderr, "{}\n", error.what());
  return 1;
}
