#include "coterie/report/topic_page.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <fstream>
#include <iterator>

#include "coloured_words.hpp"
#include "coterie/base/errors.hpp"
#include "coterie/report/html.hpp"
#include "coterie/report/mosaic.hpp"
#include "made_up_report.hpp"
#include "temporary_folder.hpp"
#include "well_formed.hpp"

namespace coterie {
namespace {

/// Three topics, of which each has four words and two images; word 3 has no mosaic.
TopicPage made_up_page() {
  TopicPage page{.title = "Shapes & <forms>", .when = "today", .model = "lda", .overview = {{"Model", "lda: LDA"}}};
  page.x = {-0.5, 0.4, 0.1}, page.y = {0, 0.2, -0.2}, page.shown = 1;
  for (int k = 0; k < 3; ++k) {
    TopicPageTopic topic{.share = 0.2 * (k + 1) - 0.0667, .npmi = 0.1 * k, .umass = -1.0 * k, .exclusivity = 0.5};
    for (int w = 0; w < 4; ++w) {
      topic.likeliest.push_back({w, 0.4 - 0.1 * w, 0.25});
      topic.relevant.push_back({3 - w, 0.1, 0.25});
    }
    topic.images = {{"rings/0001.png", 0.9}, {k == 0 ? kHostileName : "rings/0002.png", 0.8}};
    page.topics.push_back(std::move(topic));
  }
  const Image tile{4, 4, std::vector<std::uint8_t>(48, 90)};
  for (int w = 0; w < 3; ++w) page.mosaics[w] = mosaic_jpeg({tile, tile}, 4, 3);
  page.coloured = {{.heading = "Most of one",
                    .path = "rings/0001.png",
                    .width = 64,
                    .height = 48,
                    .words = {{9.5F, 4.5F, 3, 2, 1}, {0, 0, 1, 0, 1}, {30, 20, 2, 1, 0}},
                    .left_out = 5}};
  page.labels = {{"folder", {"rings", "<i>stripes"}, {20, 10}, {0.5, 0.25, 0.25, 0.004, 0.996, 0}}};
  page.tables = {{"topics-3.csv", "../tables/topics/lda/topics-3.csv"}};
  return page;
}

std::string text_of(const TopicPage& page, const TemporaryFolder& folder) {
  ThreadPool pool(2);
  write_topic_page(page, made_up_image, folder.path().string(), pool);
  std::ifstream file(folder / topic_page_file(std::ssize(page.topics)), std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

std::int64_t occurrences(const std::string& text, const std::string& part) {
  std::int64_t count = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + part.size())) ++count;
  return count;
}

}  // namespace

TEST_CASE("a topic page is well-formed, fetches nothing, and has each topic with its words and images") {
  const TemporaryFolder folder;
  const TopicPage page = made_up_page();
  const std::string text = text_of(page, folder);
  CHECK(markup_fault(text) == "");
  for (const char* unwanted : {"<script", "src=\"http", "href=\"http", "url(", "@import", "<link"})
    CHECK_MESSAGE(!contains(text, unwanted), unwanted);
  CHECK(contains(text, "default-src 'none'"));
  CHECK(contains(text, "Shapes &amp; &lt;forms&gt;"));
  for (int k = 0; k < 3; ++k) CHECK(contains(text, fmt::format("<article class=\"cluster\" id=\"topic{}\">", k)));
  // Of each topic three mosaics in both strips, the word without one as its number, and two images.
  CHECK(occurrences(text, "<img ") == 3 * (3 + 3 + 2));
  CHECK(occurrences(text, "<span class=\"bare\">3</span>") == 3 * 2);
  CHECK(contains(text, "title=\"word 1: 30.0 % of the topic's words, 25.0 % of all\""));
  CHECK(contains(text, html_text(kHostileName)));
  CHECK(contains(text, "<a href=\"./index.html\">"));
  CHECK(contains(text, "href=\"./../tables/topics/lda/topics-3.csv\""));
  for (const auto& chart : topic_page_charts(page)) CHECK(contains(text, html_text(chart.alt)));
  CHECK(topic_page_charts(page).size() == 2);
}

TEST_CASE("labels stand with the topics' mean shares") {
  const TemporaryFolder folder;
  const std::string text = text_of(made_up_page(), folder);
  CHECK(contains(text, "rgba(43,123,186,0.30)\">50</span>"));
  CHECK(contains(text, "rgba(43,123,186,0.60)\">100</span>"));
  CHECK(contains(text, "<span class=\"zero\">0</span>"));  // 0.4 %
  CHECK(contains(text, "&lt;i&gt;stripes"));
}

TEST_CASE("words lie on their image as circles in the colour of their topic") {
  const std::string figure = coloured_words_figure(made_up_page().coloured.front(), "data:image/jpeg;base64,AA");
  CHECK(markup_fault("<div id=\"topic0\"/><div id=\"topic1\"/>" + figure) == "");
  // The centre of the first pixel is half a pixel from the corner. Topic 1 has two words, so the first colour.
  CHECK(contains(figure, fmt::format("<circle cx=\"10.0\" cy=\"5.0\" r=\"3.0\" stroke=\"{}\"><title>word 2, topic 1",
                                     kTopicColours[0])));
  CHECK(contains(figure, fmt::format("stroke=\"{}\"><title>word 1, topic 0", kTopicColours[1])));
  CHECK(contains(figure, "topic 1</a>: 2"));
  CHECK(contains(figure, "5 more words are not drawn"));
  ColouredWords many{.path = "a.png", .width = 9, .height = 9, .words = {}};
  for (std::int32_t topic = 0; topic < 8; ++topic) many.words.push_back({1, 1, 1, 0, topic});
  CHECK(contains(coloured_words_figure(many, ""), "3 other topics: 3"));
}

TEST_CASE("a page of counts from elsewhere has numbers and names for pictures, and one topic no map") {
  const TemporaryFolder folder;
  TopicPage page = made_up_page();
  page.pictures = false;
  page.documents = "documents";
  page.mosaics.clear();
  page.coloured.clear();
  page.labels.clear();
  page.topics.resize(1);
  page.x.resize(1), page.y.resize(1);
  const std::string text = text_of(page, folder);
  CHECK(markup_fault(text) == "");
  CHECK(!contains(text, "<img "));
  CHECK(contains(text, "rings/0001.png"));
  CHECK(topic_page_charts(page).size() == 1);
}

TEST_CASE("a topic page that contradicts itself is refused") {
  const TemporaryFolder folder;
  TopicPage page = made_up_page();
  page.x.pop_back();
  CHECK_THROWS_WITH_AS(text_of(page, folder), "the topic page contradicts itself: 2 and 3 places of 3 topics", Error);
  page = made_up_page();
  page.coloured.front().words.front().topic = 3;
  CHECK_THROWS_AS(text_of(page, folder), Error);
  page = made_up_page();
  page.labels.front().means.pop_back();
  CHECK_THROWS_AS(text_of(page, folder), Error);
  CHECK_THROWS_AS(text_of({}, folder), Error);
}

TEST_CASE("the map of topics has a circle for each, its area the share, on one scale") {
  const Chart chart = topic_map_chart("map", {-0.5, 0.4, 0.1}, {0, 0.2, -0.2}, {0.1, 0.4, 0.1}, 0.75);
  CHECK(contains(chart.script, "set size ratio -1"));
  CHECK(contains(chart.alt, "75 %"));
  CHECK(contains(chart.alt, "Topics 1 and 2 lie nearest"));
  CHECK(contains(chart.alt, "topic 0 farthest"));
  const std::string svg = chart_svg(chart);
  CHECK(markup_fault(svg) == "");
  CHECK(topic_map_chart("map", {0, 0}, {0, 0}, {0.5, 0.5}, 1).script.find("nan") == std::string::npos);
  chart_svg(topic_map_chart("map", {0, 0}, {0, 0}, {0.5, 0.5}, 1));
  CHECK_THROWS_AS(topic_map_chart("map", {0}, {0, 0}, {0.5, 0.5}, 1), InvalidArgument);
}

}  // namespace coterie
