#include "coterie/report/page.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <tuple>

#include "coterie/base/errors.hpp"
#include "coterie/base/new_file.hpp"
#include "coterie/report/html.hpp"
#include "page_frame.hpp"
#include "page_parts.hpp"

namespace coterie::inline report {
namespace {

void ensure(bool condition, const std::string& contradiction) {
  if (!condition) throw Error("the report contradicts itself: " + contradiction);
}

void check(const ReportSolution& solution, const ReportAgreement& agreement) {
  const std::size_t classes = agreement.classes.size(), clusters = solution.clusters.size();
  ensure(agreement.counts.size() == clusters * classes,
         fmt::format("crosstab of '{}' has {} counts for {} clusters and {} classes", agreement.column,
                     agreement.counts.size(), clusters, classes));
  for (std::size_t c = 0; c < clusters; ++c) {
    const auto begin = agreement.counts.begin() + static_cast<std::ptrdiff_t>(c * classes);
    const auto sum = std::accumulate(begin, begin + static_cast<std::ptrdiff_t>(classes), std::int64_t{0});
    ensure(sum <= solution.clusters[c].size, fmt::format("crosstab of '{}' holds {} images in cluster {}, which has {}",
                                                         agreement.column, sum, c, solution.clusters[c].size));
  }
}

void check(const Report& report) {
  std::int64_t accounted = 0;
  for (const auto& status : report.statuses) accounted += status.count;
  ensure(report.statuses.empty() || accounted == report.images_listed,
         fmt::format("{} images are listed, {} accounted for", report.images_listed, accounted));
  ensure(report.solutions.empty() || report.chosen < report.solutions.size(),
         fmt::format("solution {} of {} is chosen", report.chosen, report.solutions.size()));
  for (const auto& solution : report.solutions) {
    ensure(images_of(solution) == images_of(report.solutions.front()),
           fmt::format("'{}' holds {} images, '{}' {}", solution.name, images_of(solution),
                       report.solutions.front().name, images_of(report.solutions.front())));
    for (const auto& agreement : solution.agreements) check(solution, agreement);
  }
  for (const auto& assignment : report.assignments)
    ensure(std::ssize(assignment.counts) == assignment.k && std::ssize(assignment.outliers) == assignment.k &&
               std::ssize(assignment.pictures) <= assignment.k,
           fmt::format("the new images of '{}' are given to {} clusters, not {}", assignment.name,
                       assignment.counts.size(), assignment.k));
}

std::vector<std::string> pictures(const Report& report, const PageOptions& options) {
  std::vector<std::string> paths;
  for (std::size_t s = 0; s < report.solutions.size(); ++s) {
    const std::size_t most = pictures_per_strip(report, s, options);
    const auto add = [&](const std::vector<std::string>& strip) {
      paths.insert(paths.end(), strip.begin(),
                   strip.begin() + static_cast<std::ptrdiff_t>(std::min(most, strip.size())));
    };
    for (const auto& cluster : report.solutions[s].clusters) {
      add(cluster.nearest);
      if (s == report.chosen) add(cluster.random);
    }
  }
  for (const auto& assignment : report.assignments)
    for (const auto& strip : assignment.pictures) paths.insert(paths.end(), strip.begin(), strip.end());
  return paths;
}

/// Links to the sections that are there.
std::string contents(const std::string& body) {
  constexpr std::pair<const char*, const char*> kSections[] = {{"images", "Images"},
                                                               {"components", "Components"},
                                                               {"choice", "How many clusters"},
                                                               {"clusters", "The clusters"},
                                                               {"map", "Map"},
                                                               {"agreement", "Agreement"},
                                                               {"topics", "Topics"},
                                                               {"training", "Training of the network"},
                                                               {"assigned", "New images"},
                                                               {"comparisons", "Comparisons"},
                                                               {"codings", "What people see"},
                                                               {"others", "Other numbers of clusters"},
                                                               {"tables", "Tables"},
                                                               {"provenance", "How it was made"},
                                                               {"repeat", "Repeat and cite"}};
  std::string out = "<nav aria-label=\"Contents\"><ul>\n";
  for (const auto& [id, name] : kSections)
    if (body.find(fmt::format("<section id=\"{}\">", id)) != std::string::npos)
      out += fmt::format("<li><a href=\"#{}\">{}</a></li>\n", id, name);
  return out + "</ul></nav>\n\n";
}

}  // namespace

std::vector<Chart> report_charts(const Report& report) {
  std::vector<std::int64_t> k;
  for (const auto& row : report.ks) k.push_back(row.k);
  const auto column = [&](double ReportK::*field) {
    std::vector<double> values;
    for (const auto& row : report.ks) values.push_back(row.*field);
    return values;
  };
  std::vector<Chart> charts = {
      variance_chart("variance", report.variance.cumulative, report.variance.chosen),
      selection_chart("inertia", "Inertia", k, column(&ReportK::inertia), report.knee, "knee"),
      selection_chart("silhouette", "Silhouette", k, column(&ReportK::silhouette)),
      selection_chart("gap", "Gap statistic", k, column(&ReportK::gap), 0, "", column(&ReportK::gap_error)),
      selection_chart("bootstrap", "Bootstrap stability", k, column(&ReportK::bootstrap)),
      selection_chart("bic", "BIC", k, column(&ReportK::bic))};
  if (!report.merges.empty() && !report.solutions.empty())
    charts.push_back(dendrogram_chart("tree", report.merges, kDendrogramBranches,
                                      std::ssize(report.solutions[report.chosen].clusters)));
  const ReportTraining& training = report.training;
  for (const auto& [name, quantity, values] : {std::tuple{"training-loss", "Loss", &training.loss},
                                               {"training-agreement", "Agreement", &training.agreement},
                                               {"training-entropy", "Entropy", &training.entropy},
                                               {"training-explained", "Explained share", &training.explained}})
    charts.push_back(training_chart(name, quantity, training.epochs, *values));
  for (std::size_t i = 0; i < report.comparisons.size(); ++i) {
    charts.push_back(report.comparisons[i].map);
    charts.back().name = fmt::format("comparison-{}", i + 1);
  }
  for (std::size_t i = 0; i < report.codings.size(); ++i)
    for (const auto& [chart, what] :
         {std::pair(&report.codings[i].consistency, "consistency"), {&report.codings[i].kappa, "kappa"}}) {
      charts.push_back(*chart);
      charts.back().name = fmt::format("coding-{}-{}", i + 1, what);
    }
  for (std::size_t s = 0; s < report.solutions.size(); ++s) {
    std::vector<std::int64_t> sizes;
    std::vector<std::vector<double>> silhouettes;
    for (const auto& cluster : report.solutions[s].clusters) {
      sizes.push_back(cluster.size);
      silhouettes.push_back(cluster.silhouettes);
    }
    const std::string id = solution_id(report, s);
    charts.push_back(sizes_chart(id + "-sizes", sizes));
    charts.push_back(silhouette_chart(id + "-silhouettes", silhouettes, sizes));
  }
  std::erase_if(charts, [](const Chart& chart) { return chart.empty(); });
  return charts;
}

void write_report(const Report& report, const ImageReader& read, const std::string& folder, ThreadPool& pool,
                  const PageOptions& options) {
  check(report);
  make_folder(folder);
  const auto figures = draw_figures(report_charts(report), folder, options, pool);
  const PictureAlbum album(pictures(report, options), report.image_links, read, folder, options, pool);
  const PageMaterial page{report, options, album, figures};
  const std::string body = images_section(page) + components_section(page) + choice_of_k_section(page) +
                           clusters_section(page) + map_section(page) + agreement_section(page) + topics_section(page) +
                           training_section(page) + assigned_section(page) + comparisons_section(page) +
                           codings_section(page) + other_solutions_section(page) + tables_section(page) +
                           provenance_section(page) + repeat_section(page);
  write_new_file(folder + "/index.html",
                 page_head(report.title) + summary_section(page) + contents(body) + body + page_foot());
}

}  // namespace coterie::inline report
