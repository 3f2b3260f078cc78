#pragma once

#include <optional>
#include <string>
#include <vector>

#include "command/job.hpp"
#include "coterie/artifacts/codebook.hpp"
#include "coterie/artifacts/descriptors.hpp"
#include "coterie/artifacts/images.hpp"
#include "coterie/artifacts/topic_models.hpp"
#include "coterie/report/topic_page.hpp"
#include "stages/topic_source.hpp"

namespace coterie::jobs {

/// Takes the topic model that the report shows: --topic-model, else the newest; "" where there is none, or the newest
/// is of another generation, which it says. Collective.
std::string take_topic_model(Job& job);

/// A topic model as pages of the report. One rank.
class ReportTopicPages {
 public:
  /// Throws InvalidArgument where --topics names a number that the model does not hold.
  ReportTopicPages(const Job& job, const std::string& name);

  /// What the report says of it, with links to the pages.
  ReportTopics summary() const;

  /// Where the images are that it was made of, and what became of them; without images their number alone.
  const RowNames& names() const { return names_; }
  const ImageTable& images() const { return images_; }
  std::vector<ImageStatus> statuses() const;
  bool scanned() const { return images_.size() > 0; }
  const TopicReader& model() const { return reader_; }

  /// The numbers of topics that are shown, first the one that was taken, and why: a clause without its full stop; ""
  /// where they were asked for.
  const std::vector<std::int64_t>& shown() const { return shown_; }
  const std::string& shown_because() const { return shown_because_; }

  /// Writes FOLDER/topics-K.html for each number of topics to show.
  void write(const std::string& folder, const std::string& title, const std::string& when) const;

 private:
  TopicPage page_of(const TopicSolution& solution) const;
  void fill_topics(const TopicSolution& solution, TopicPage& page) const;
  void fill_mosaics(TopicPage& page) const;
  void fill_coloured(const TopicSolution& solution, TopicPage& page) const;
  ColouredWords coloured(const TopicSolution& solution, const std::vector<double>& phi, std::int64_t document,
                         const std::string& heading) const;
  void fill_labels(const TopicSolution& solution, TopicPage& page) const;
  void fill_links(TopicPage& page) const;
  bool shows(std::int64_t document) const;

  const Job& job_;
  TopicReader reader_;
  TopicSource source_;
  std::optional<CodebookReader> codebook_;       // none of imported counts
  std::optional<DescriptorReader> descriptors_;  // whose words the codebook's are
  RowNames names_;
  ImageTable images_;  // empty of imported rows
  DecodeOptions decode_;
  std::vector<std::int64_t> words_, frequencies_;  // of each document, of each word
  std::vector<std::int64_t> shown_;                // numbers of topics
  std::string shown_because_;
};

}  // namespace coterie::jobs
