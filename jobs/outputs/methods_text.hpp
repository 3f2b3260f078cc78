#pragma once

#include <string>
#include <vector>

#include "coding/coding_tables.hpp"
#include "coterie/artifacts/topic_models.hpp"
#include "coterie/report/report.hpp"
#include "outputs/report_sources.hpp"

namespace coterie::jobs {

/// What a paper says of how its clusters came about, with the numbers of this study in it, and the works it cites.
struct MethodsText {
  std::string paragraph;
  std::string bibtex;  ///< an entry for each work, in the order of the paragraph
};

/// Of the solution with k clusters: images, network, layer, preprocessing, reduction, algorithm, seed, why so many
/// clusters, software, and what people thought of it. What no recipe tells, as of imported features, it leaves to the
/// author in brackets.
MethodsText methods_text(const ReportSources& from, const Report& report, std::int64_t k,
                         const std::vector<CodedStudy>& codings);

/// What the report shows of a topic model.
struct ShownTopics {
  const TopicReader& model;
  std::int64_t topics = 0;  ///< the number that is shown, the first of several
  std::string because;      ///< why that one, where the model has several
  std::int64_t documents = 0, listed = 0;
};

/// Of a study without clusters: descriptors, words, model, how many topics and why, software, and what people thought.
MethodsText topic_methods_text(const Study& study, const ShownTopics& shown, const std::vector<CodedStudy>& codings);

}  // namespace coterie::jobs
