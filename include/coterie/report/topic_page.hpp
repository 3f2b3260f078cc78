#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "coterie/report/page.hpp"

namespace coterie::inline report {

/// A page about one topic model, as plain data. The rules are those of report.hpp: any bytes may stand in texts, what
/// was not measured is kNotMeasured. Topics and words are numbered from 0.

struct TopicPageWord {
  std::int64_t word = 0;
  double probability = 0;  ///< in the topic
  double share = 0;        ///< of all words
};

struct TopicPageImage {
  std::string path;
  double share = 0;  ///< of the topic in it
};

struct TopicPageTopic {
  double share = 0;  ///< of all words
  double npmi = kNotMeasured, region_npmi = kNotMeasured, umass = kNotMeasured, exclusivity = kNotMeasured;
  std::vector<TopicPageWord> likeliest, relevant;
  std::vector<TopicPageImage> images;  ///< those with the most of it
};

/// An image with its words as circles, coloured by topic.
struct ColouredWords {
  struct Word {
    float x = 0, y = 0, radius = 1;  ///< pixels; (0, 0) is the centre of the first one
    std::int32_t word = 0, topic = 0;
  };
  std::string heading, path;
  std::int32_t width = 0, height = 0;  ///< of the image that the words lie in
  std::vector<Word> words;
  std::int64_t left_out = 0;  ///< words beyond those
};

/// The mean share of each topic in the images of each label.
struct TopicPageLabels {
  std::string column;
  std::vector<std::string> labels;
  std::vector<std::int64_t> images;  ///< of each label
  std::vector<double> means;         ///< labels x K
};

struct TopicPage {
  std::string title, when;
  std::string model;  ///< the artifact's name
  std::vector<ReportFact> overview;
  std::string documents = "images";  ///< what the topics are found in
  bool pictures = true;              ///< else the documents are shown by their names
  double weight = 0.6;               ///< lambda of relevance
  std::vector<TopicPageTopic> topics;
  std::vector<double> x, y;                     ///< the topics' places in the plane
  double shown = 0;                             ///< the part of the variance that it shows
  std::map<std::int64_t, std::string> mosaics;  ///< word -> JPEG bytes; a word without one is shown by its number
  std::string words_note;                       ///< where the mosaics come from, or why there are none
  std::vector<ColouredWords> coloured;
  std::vector<TopicPageLabels> labels;
  std::map<std::string, std::string> image_links;  ///< as in Report
  std::vector<ReportFact> tables;                  ///< as in Report
};

/// "topics-20.html": of a model with so many topics.
std::string topic_page_file(std::int64_t topics);

/// The page's charts: "topics-20-shares", "topics-20-map"; those with nothing to draw are left out.
std::vector<Chart> topic_page_charts(const TopicPage& page);

/// Writes FOLDER/topics-K.html beside FOLDER/index.html, which it links to: well-formed, without network and script,
/// its pictures within (options.single_file is not read). Throws Error where numbers of entries do not fit the topics,
/// and as write_report does.
void write_topic_page(const TopicPage& page, const ImageReader& read, const std::string& folder, ThreadPool& pool,
                      const PageOptions& options = {});

}  // namespace coterie::inline report
