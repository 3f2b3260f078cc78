#include "coterie/report/topic_page.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "coloured_words.hpp"
#include "coterie/base/errors.hpp"
#include "coterie/base/new_file.hpp"
#include "coterie/report/html.hpp"
#include "crosstab.hpp"
#include "page_frame.hpp"
#include "page_parts.hpp"
#include "text.hpp"

namespace coterie::inline report {
namespace {

constexpr int kColouredEdge = 800;  // px

std::string percent(double share) { return std::isfinite(share) ? fmt::format("{:.1f} %", 100 * share) : "–"; }

void check(const TopicPage& page) {
  const std::size_t k = page.topics.size();
  const auto ensure = [](bool fits, const std::string& what) {
    if (!fits) throw Error("the topic page contradicts itself: " + what);
  };
  ensure(k > 0, "it has no topic");
  ensure(page.x.size() == k && page.y.size() == k,
         fmt::format("{} and {} places of {} topics", page.x.size(), page.y.size(), k));
  for (const auto& labels : page.labels)
    ensure(labels.means.size() == labels.labels.size() * k && labels.images.size() == labels.labels.size(),
           fmt::format("{} means of {} labels and {} topics", labels.means.size(), labels.labels.size(), k));
  for (const auto& image : page.coloured)
    for (const auto& word : image.words)
      ensure(word.topic >= 0 && static_cast<std::size_t>(word.topic) < k,
             fmt::format("a word of {} has the topic {} of {}", image.path, word.topic, k));
}

std::vector<std::string> pictures(const TopicPage& page) {
  std::vector<std::string> paths;
  if (!page.pictures) return paths;
  for (const auto& topic : page.topics)
    for (const auto& image : topic.images) paths.push_back(image.path);
  return paths;
}

std::string chart_name(const TopicPage& page, const char* what) {
  return fmt::format("topics-{}-{}", page.topics.size(), what);
}

std::string header(const TopicPage& page) {
  std::string out = fmt::format(
      "<header>\n<p class=\"kind\">Topics · <a href=\"./index.html\">the report</a></p>\n"
      "<h1>{}</h1>\n",
      html_text(page.title));
  if (!page.when.empty()) out += fmt::format("<p class=\"when\">{}</p>\n", html_text(page.when));
  out += "</header>\n<dl class=\"overview\">\n";
  for (const auto& fact : page.overview)
    out += fmt::format("<div><dt>{}</dt><dd>{}</dd></div>\n", html_text(fact.name), html_text(fact.value));
  return out + "</dl>\n\n";
}

std::string overview_section(const TopicPage& page, const std::map<std::string, std::string>& figures) {
  std::string charts;
  for (const char* what : {"shares", "map"})
    if (const auto found = figures.find(chart_name(page, what)); found != figures.end()) charts += found->second;
  HtmlTable table{.caption = fmt::format("The {} topics; their numbers are those of the tables", page.topics.size()),
                  .columns = {{"topic", true}, {"share", true}, {"NPMI", true}}};
  const bool regions = std::isfinite(page.topics.front().region_npmi);
  if (regions) table.columns.push_back({"NPMI of regions", true});
  table.columns.push_back({"UMass", true});
  table.columns.push_back({"exclusivity", true});
  table.columns.push_back({"likeliest words"});
  for (std::size_t k = 0; k < page.topics.size(); ++k) {
    const TopicPageTopic& topic = page.topics[k];
    std::vector<std::string> row = {fmt::format("<a href=\"#topic{0}\">{0}</a>", k), percent(topic.share),
                                    index_text(topic.npmi)};
    if (regions) row.push_back(index_text(topic.region_npmi));
    row.push_back(index_text(topic.umass));
    row.push_back(index_text(topic.exclusivity));
    std::vector<std::int64_t> words;
    for (const auto& word : topic.likeliest) words.push_back(word.word);
    row.push_back(fmt::format("<span class=\"numbers\">{}</span>", fmt::join(words, " ")));
    table.rows.push_back(std::move(row));
  }
  const std::string reading = fmt::format(
      "<p class=\"note\">How to read it. <b>Share</b>: of all words of all {0}. <b>NPMI</b> and <b>UMass</b> say how "
      "often a topic's ten likeliest words occur together in one image, more often than by chance where NPMI is above "
      "0 (at most 1); the higher, the more coherent. <b>Exclusivity</b>: how far these words are the topic's own, 1 "
      "where no other topic has them. In the map two topics are the nearer, the more alike they use words.</p>\n",
      html_text(page.documents));
  return section("overview", fmt::format("The {} topics", page.topics.size()),
                 (charts.empty() ? "" : "<div class=\"charts\">\n" + charts + "</div>\n") + table.html() + reading);
}

std::string coloured_section(const TopicPage& page, const ImageReader& read, const PageOptions& options) {
  std::string body;
  for (const auto& image : page.coloured) {
    bool readable = false;
    const std::string jpeg = thumbnail_jpeg(read, image.path, kColouredEdge, options.jpeg_quality, &readable);
    if (readable) body += coloured_words_figure(image, data_uri("image/jpeg", jpeg));
  }
  if (!body.empty())
    body =
        "<p>Each circle is a word where it was found. Its colour is the likeliest topic for this word in this image, "
        "by the image's topics and the topics' words.</p>\n<div class=\"coloured-pair\">\n" +
        body + "</div>\n";
  return section("coloured", "Words in an image", body);
}

std::string labels_section(const TopicPage& page) {
  std::string body;
  const std::size_t k = page.topics.size();
  for (const auto& labels : page.labels) {
    HtmlTable table{.caption = fmt::format("Mean share of each topic, in %, in the images of each {}; the darker, the "
                                           "larger",
                                           html_text(labels.column)),
                    .columns = {{html_text(labels.column)}},
                    .style = "crosstab"};
    for (std::size_t t = 0; t < k; ++t)
      table.columns.push_back({fmt::format("<a href=\"#topic{0}\">{0}</a>", t), true});
    table.columns.push_back({"images", true});
    for (std::size_t label = 0; label < labels.labels.size(); ++label) {
      std::vector<std::string> row = {class_text(labels.labels[label])};
      for (std::size_t t = 0; t < k; ++t) {
        const double mean = labels.means[label * k + t];
        row.push_back(std::isfinite(mean) ? shaded(mean, fmt::format("{:.0f}", 100 * mean)) : "–");
      }
      row.push_back(with_commas(labels.images[label]));
      table.rows.push_back(std::move(row));
    }
    body += table.html();
  }
  return section("labels", "Topics and labels", body);
}

std::string word_strip(const TopicPage& page, const std::string& heading, const std::vector<TopicPageWord>& words) {
  if (words.empty()) return "";
  std::string out = fmt::format("<p class=\"strip-title\">{}</p>\n<ul class=\"tiles\">", heading);
  for (const auto& word : words) {
    const std::string about = fmt::format("word {}: {} of the topic's words, {} of all", word.word,
                                          percent(word.probability), percent(word.share));
    const auto mosaic = page.mosaics.find(word.word);
    out += fmt::format("<li title=\"{}\">", about);
    out += mosaic == page.mosaics.end() ? fmt::format("<span class=\"bare\">{}</span>", word.word)
                                        : fmt::format("<img src=\"{}\" alt=\"patches of word {}\" loading=\"lazy\"/>",
                                                      data_uri("image/jpeg", mosaic->second), word.word);
    out += fmt::format("<span class=\"under\">{} · {}</span></li>", word.word, percent(word.probability));
  }
  return out + "</ul>\n";
}

std::string image_strip(const PictureAlbum& album, const TopicPage& page, const TopicPageTopic& topic) {
  if (topic.images.empty()) return "";
  std::string out = fmt::format("<p class=\"strip-title\">The {} with most of it</p>\n<ul class=\"tiles\">",
                                html_text(page.documents));
  for (const auto& image : topic.images)
    out += !page.pictures
               ? fmt::format("<li>{}<span class=\"under\">{}</span></li>", html_text(image.path), percent(image.share))
               : fmt::format("<li>{}<span class=\"under\">{}</span></li>", album.img(image.path), percent(image.share));
  return out + "</ul>\n";
}

std::string topic_article(const PictureAlbum& album, const TopicPage& page, std::size_t k) {
  const TopicPageTopic& topic = page.topics[k];
  std::string out = fmt::format(
      "<article class=\"cluster\" id=\"topic{0}\">\n<h3>Topic {0} <small>{1} of all words, NPMI "
      "{2}, exclusivity {3}</small></h3>\n<p class=\"walk\">",
      k, percent(topic.share), index_text(topic.npmi), index_text(topic.exclusivity));
  if (k > 0) out += fmt::format("<a href=\"#topic{0}\">← Topic {0}</a> ", k - 1);
  out += "<a href=\"#overview\">all topics</a>";
  if (k + 1 < page.topics.size()) out += fmt::format(" <a href=\"#topic{0}\">Topic {0} →</a>", k + 1);
  return out + "</p>\n" + word_strip(page, "The likeliest words", topic.likeliest) +
         word_strip(page, fmt::format("The most relevant words (λ = {})", page.weight), topic.relevant) +
         image_strip(album, page, topic) + "</article>\n";
}

std::string topics_part(const PictureAlbum& album, const TopicPage& page) {
  std::string body = fmt::format(
      "<p>Below each word: its number, and how likely it is in the topic. Relevance weighs this, λ = {}, against how "
      "much likelier the word is here than anywhere, so that words of every topic stand back.{}</p>\n",
      page.weight, page.words_note.empty() ? "" : fmt::format(" {}", html_text(page.words_note)));
  for (std::size_t k = 0; k < page.topics.size(); ++k) body += topic_article(album, page, k);
  return section("each", "Each topic", body);
}

std::string tables_part(const TopicPage& page) {
  if (page.tables.empty()) return "";
  return section("tables", "Tables beside this page", "<p>" + links_to(page.tables) + "</p>\n");
}

}  // namespace

std::string topic_page_file(std::int64_t topics) { return fmt::format("topics-{}.html", topics); }

std::vector<Chart> topic_page_charts(const TopicPage& page) {
  std::vector<double> shares;
  for (const auto& topic : page.topics) shares.push_back(topic.share);
  std::vector<Chart> charts = {shares_chart(chart_name(page, "shares"), shares),
                               topic_map_chart(chart_name(page, "map"), page.x, page.y, shares, page.shown)};
  std::erase_if(charts, [](const Chart& chart) { return chart.empty(); });
  return charts;
}

void write_topic_page(const TopicPage& page, const ImageReader& read, const std::string& folder, ThreadPool& pool,
                      const PageOptions& options) {
  check(page);
  make_folder(folder);
  PageOptions within = options;
  within.single_file = true;
  const auto figures = draw_figures(topic_page_charts(page), folder, within, pool);
  const PictureAlbum album(pictures(page), page.image_links, read, folder, within, pool);
  const std::string body = overview_section(page, figures) + coloured_section(page, read, within) +
                           labels_section(page) + topics_part(album, page) + tables_part(page);
  write_new_file(folder + "/" + topic_page_file(std::ssize(page.topics)),
                 page_head(page.title) + header(page) + body + page_foot());
}

}  // namespace coterie::inline report
