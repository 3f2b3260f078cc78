#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include "coterie/images/decode.hpp"
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
struct ReportStatus {
  std::string status;
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

/// A value of a metadata column that a cluster's images carry more often than all images do.
struct ReportExcess {
  std::string column, value;
  std::int64_t count = 0;         ///< images of the cluster with the value
  std::int64_t cluster_size = 0;  ///< images of the cluster whose value is known
  std::int64_t value_size = 0;    ///< all images with the value
  std::int64_t images = 0;        ///< all whose value is known
  double lift = 0;                ///< share in the cluster by share among all
  double p_value = 0;             ///< that chance does as much, corrected for all that was compared
};

struct ReportCluster {
  std::string name;    ///< that a person gave it; empty: none
  std::string remark;  ///< what else a person has said: "merged into cluster 5", a note
  std::int64_t size = 0;
  double silhouette = kNotMeasured;  ///< mean over all its images
  std::vector<double> silhouettes;   ///< all, a sample, or quantiles, in any order; may be empty
  std::vector<std::string> nearest;  ///< image paths, nearest to the centroid first
  std::vector<std::string> random;   ///< image paths of a seeded random sample
  std::vector<ReportExcess> excess;  ///< the least probable first
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

/// New images that were given to the clusters of a solution.
struct ReportAssignment {
  std::string name;
  std::int64_t k = 0;
  std::vector<std::int64_t> counts;                ///< images given to each cluster
  std::vector<std::int64_t> outliers;              ///< of these, those flagged
  std::vector<std::vector<std::string>> pictures;  ///< some of each cluster, nearest to the centroid first
  std::string link;                                ///< of their table; may be empty
};

/// How alike the shown solution and other labellings of the same images are.
struct ReportComparison {
  struct Pair {
    std::string other;
    double ari = kNotMeasured, ami = kNotMeasured;
    double matched = kNotMeasured;  ///< share of images in labels that match one to one
  };
  std::string name, own;    ///< the artifact's; what it calls the shown solution
  std::int64_t images = 0;  ///< that all have in common
  std::vector<Pair> pairs;  ///< the most alike first
  Chart map;                ///< of all labellings; may be empty
  std::string link;         ///< of its table; may be empty
};

/// A topic model of the same images, and the evidence for each of its numbers of topics.
struct ReportTopics {
  struct Number {
    std::int64_t topics = 0;
    double word_bound = kNotMeasured;           ///< nats a word
    double held_out_completion = kNotMeasured;  ///< nats a word
    double stability = kNotMeasured;
    double npmi = kNotMeasured, exclusivity = kNotMeasured;  ///< means over topics
    std::string link;                                        ///< to its page; empty where there is none
  };
  std::string name;           ///< the artifact's; empty: there is no topic model
  std::string shown_because;  ///< why these pages; may be empty
  std::vector<Number> numbers;
};

/// The training that the features' network is of. An entry for each epoch; what was not measured is empty.
struct ReportTraining {
  std::string name;  ///< the artifact's; empty: the network was not trained in this study
  std::vector<std::int64_t> epochs;
  std::int64_t clusters = 0;
  std::vector<double> loss, agreement, explained, entropy;
};

/// One artifact and how it was made.
struct ReportArtifact {
  std::string stage;  ///< "extract"
  std::string name;   ///< "features/efficientnet_lite0.h5"
  std::vector<ReportFact> recipe;
};

/// What people thought of the shown solution, by one coding. Texts are formatted already: each is a number with its
/// interval, or a name.
struct ReportCoding {
  std::string name;                  ///< of the answers
  std::string question;              ///< a sentence: who was asked what of how many images
  std::string group = "cluster";     ///< what was coded: "cluster" or "topic"
  std::vector<std::string> columns;  ///< of `clusters`: the first is text, the others numbers
  std::vector<std::vector<std::string>> clusters;
  std::vector<ReportFact> totals;     ///< mean, weighted share, within minus between
  std::vector<ReportFact> agreement;  ///< coefficient -> value with its interval
  std::vector<std::string> warnings;
  Chart consistency, kappa;  ///< may be empty
  std::string link;          ///< of the first table; may be empty
};

/// The images on a map, and where the viewer is.
struct ReportMap {
  std::string name;         ///< "embeddings/tsne"
  std::string caption;      ///< how far to trust it
  Image picture;            ///< coloured by the chosen solution's clusters; of no size: there is no map
  std::string viewer_link;  ///< "../viewer/index.html"; empty where there is no viewer
};

struct Report {
  std::string title;
  std::string when;                   ///< date and time as it should be read
  std::string summary;                ///< the result in a sentence or two
  std::vector<ReportFact> overview;   ///< the few facts that say what was run: images, backbone, method
  std::vector<std::string> warnings;  ///< what the reader must know before believing a number
  std::int64_t images_listed = 0;
  std::vector<ReportStatus> statuses;  ///< counts add up to images_listed
  std::vector<ReportRemark> remarks;   ///< on images of the list that are ok
  std::string skipped_link;            ///< path of skipped.csv relative to the report's folder; may be empty
  ReportVariance variance;
  std::vector<ReportK> ks;                ///< ascending k
  std::int64_t knee = 0;                  ///< the k at the knee of the inertia; 0 for none
  std::vector<std::string> choice_notes;  ///< what each measure names, which are approximate; one sentence each
  std::vector<DendrogramMerge> merges;    ///< of a tree: all its merges, ascending by distance; may be empty
  std::vector<ReportSolution> solutions;
  std::map<std::string, std::string> image_links;  ///< path of a picture -> its image, relative to the report's folder
  std::string pictures_note;                       ///< where the links lead, and which have none; may be empty
  std::vector<ReportFact> tables;                  ///< what the reader sees -> path relative to the report's folder
  std::string excess_note;                         ///< how the clusters' excess was found; may be empty
  std::vector<ReportAssignment> assignments;
  std::vector<ReportComparison> comparisons;
  ReportTopics topics;
  std::vector<ReportCoding> codings;
  ReportTraining training;
  ReportMap map;
  std::size_t chosen = 0;      ///< index of the solution shown in full; the others are folded
  std::string chosen_because;  ///< one sentence; may be empty
  std::vector<ReportArtifact> artifacts;
  std::vector<ReportFact> environment;  ///< versions, machine, ranks × threads, times
  std::vector<std::string> commands;    ///< that lead to this very report, in their order
  std::string config;                   ///< the complete effective INI
  std::string methods;                  ///< a paragraph to paste into a paper; may be empty
  std::string bibtex;                   ///< what it cites, an entry a line
  std::string citation;                 ///< how to cite; may be empty
};

}  // namespace coterie::inline report
