#include "coding/coded_target.hpp"

#include "coterie/artifacts/clustering.hpp"
#include "coterie/artifacts/codebook.hpp"
#include "coterie/artifacts/descriptors.hpp"
#include "coterie/artifacts/topic_models.hpp"
#include "outputs/picture_reader.hpp"
#include "stages/topic_source.hpp"

namespace coterie::jobs {

CodedTarget coded_target(const Study& study, const std::string& clustering, const std::string& topic_model) {
  if (topic_model.empty()) {
    const std::string features = ClusteringReader(study, clustering).features();
    return {read_row_names(study, features), picture_options(FeatureReader(study, features).recipe())};
  }
  const TopicReader model(study, topic_model);
  const TopicSource source = read_topic_source(study, model.codebook(), model.features());
  CodedTarget target{document_names(study, source), {}};
  if (!source.codebook.empty()) {
    const CodebookReader codebook(study, source.codebook);
    target.decode = word_picture_options(DescriptorReader(study, codebook.codebook().descriptors).recipe());
  }
  return target;
}

CodedTarget coded_target(const Study& study, const Coding& coding) {
  return coded_target(study, coding.clustering, coding.topic_model);
}

const char* group_word(const Coding& coding) { return coding.topic_model.empty() ? "cluster" : "topic"; }

}  // namespace coterie::jobs
