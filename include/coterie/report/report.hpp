#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "coterie/report/chart.hpp"

namespace coterie::inline report {

/// What a report tells, as plain data. Texts may hold any bytes: the page escapes them. Numbers that were not
/// measured are NaN and shown as a dash; sections without data are left out.

inline constexpr double kNotMeasured = std::numeric_limits<double>::quiet_NaN();

struct ReportFact {
  std::string name;
  std::string value;
};

/// One way in which images of the list ended ("ok", "unreadable", …).
struct ReportFate {
  std::string fate;
  std::int64_t count = 0;
  std::string meaning;                    ///< half a sentence for the reader who does not know the word
  std::vector<std::string> reasons = {};  ///< why these images, each with how many and an example; may be empty
};

/// What images that were taken have beside the pixels that were taken ("several pages or frames", …).
struct ReportRemark {
  std::string remark;
  std::int64_t count = 0;
  std::string example;  ///< an image, with the remark in figures
  std::string meaning;  ///< a sentence: what was taken
};

struct ReportVariance {
  std::vector<double> cumulative;  ///< shares in [0, 1]; empty when there was no PCA
  std::int64_t chosen = 0;         ///< components kept; 0 for none marked
  std::string rule;                ///< why so many: "--variance 0.95", "--components 32"
};

/// The evidence for one number of clusters.
struct ReportK {
  std::int64_t k = 0;
  double inertia = kNotMeasured;
  double silhouette = kNotMeasured;
  double calinski_harabasz = kNotMeasured;
  double davies_bouldin = kNotMeasured;
  double stability = kNotMeasured;  ///< mean ARI over pairs of the n_init runs
  double bootstrap = kNotMeasured;  ///< mean ARI over pairs of resamples
  double gap = kNotMeasured;        ///< gap statistic
  double gap_error = kNotMeasured;
  double bic = kNotMeasured;  ///< of a mixture
  std::int64_t n_iter = 0;    ///< of the best run; 0 when the method does not iterate
};

struct ReportCluster {
  std::int64_t size = 0;
  double silhouette = kNotMeasured;  ///< mean over all its images
  std::vector<double> silhouettes;   ///< all, a sample, or quantiles, in any order; may be empty
  std::vector<std::string> nearest;  ///< image paths, nearest to the centroid first
  std::vector<std::string> random;   ///< image paths of a seeded random sample
};

/// How the clusters fall on the values of one metadata column.
struct ReportAgreement {
  std::string column;
  double ari = kNotMeasured;
  double nmi = kNotMeasured;
  double purity = kNotMeasured;
  std::vector<std::string> classes;
  std::vector<std::int64_t> counts;  ///< clusters × classes, row-major: images of the class in the cluster
};

/// One clustering. Cluster c of `clusters` carries the label c, as in assignments.csv.
struct ReportSolution {
  std::string name;  ///< the artifact's
  std::vector<ReportCluster> clusters;
  std::vector<ReportAgreement> agreements;
  std::vector<ReportFact> links;  ///< what the reader sees → path relative to the report's folder
};

/// One artifact and how it was made.
struct ReportArtifact {
  std::string stage;  ///< "extract"
  std::string name;   ///< "features/efficientnet_lite0.h5"
  std::vector<ReportFact> recipe;
};

struct Report {
  std::string title;
  std::string when;                   ///< date and time as it should be read
  std::string summary;                ///< the result in a sentence or two
  std::vector<ReportFact> overview;   ///< the few facts that say what was run: images, backbone, method
  std::vector<std::string> warnings;  ///< what the reader must know before believing a number
  std::int64_t images_listed = 0;
  std::vector<ReportFate> fates;      ///< counts add up to images_listed
  std::vector<ReportRemark> remarks;  ///< on images of the list that are ok
  std::string skipped_link;           ///< path of skipped.csv relative to the report's folder; may be empty
  ReportVariance variance;
  std::vector<ReportK> ks;                ///< ascending k
  std::int64_t knee = 0;                  ///< the k at the knee of the inertia; 0 for none
  std::vector<std::string> choice_notes;  ///< what each measure names, which are approximate; one sentence each
  std::vector<DendrogramMerge> merges;    ///< of a tree: all its merges, ascending by distance; may be empty
  std::vector<ReportSolution> solutions;
  std::size_t chosen = 0;      ///< index of the solution shown in full; the others are folded
  std::string chosen_because;  ///< one sentence; may be empty
  std::vector<ReportArtifact> artifacts;
  std::vector<ReportFact> environment;  ///< versions, machine, ranks × threads, times
  std::vector<std::string> commands;    ///< command lines, in their order
  std::string config;                   ///< the complete effective INI
  std::string citation;                 ///< how to cite; may be empty
};

}  // namespace coterie::inline report
