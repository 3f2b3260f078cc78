#include "outputs/report_topics.hpp"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <filesystem>
#include <numeric>
#include <set>

#include "coding/coded_study.hpp"
#include "command/lineage.hpp"
#include "coterie/base/csv.hpp"
#include "coterie/images/preprocess.hpp"
#include "coterie/topics/divergence.hpp"
#include "coterie/topics/relevance.hpp"
#include "coterie/topics/topic_map.hpp"
#include "outputs/picture_reader.hpp"
#include "outputs/solution_pictures.hpp"
#include "outputs/topic_mosaics.hpp"
#include "stages/feature_request.hpp"

namespace coterie::jobs {
namespace {

constexpr std::int64_t kWords = 8, kImages = 8;  // of each topic: a row on a wide screen
constexpr std::int64_t kMostMosaics = 1600;      // of a page, with the repeated ones: about 6 MB
constexpr std::int64_t kMosaicImages = 400;      // that patches are cut from: a few seconds of decoding
constexpr std::int64_t kCircles = 1500;          // on one image
constexpr std::int64_t kLeastWords = 10;         // of an image that is shown with its words
constexpr std::size_t kMostLabels = 40;          // of a column

double mean(const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return values.empty() ? kNotMeasured : sum / static_cast<double>(values.size());
}

// The number of topics that the report shows of several, and why.
std::pair<std::int64_t, std::string> best_number(const TopicReader& reader) {
  if (reader.numbers().size() == 1) return {reader.numbers().front(), ""};
  std::int64_t completes = 0, coherent = 0;
  double most_completion = -INFINITY, most_npmi = -INFINITY;
  for (const auto topics : reader.numbers()) {
    const TopicEvidence evidence = reader.evidence(topics);
    if (const double value = evidence.held_out_completion; value > most_completion)
      most_completion = value, completes = topics;
    if (const double value = mean(evidence.npmi); value > most_npmi) most_npmi = value, coherent = topics;
  }
  if (completes > 0) return {completes, fmt::format("{} topics complete held-out documents best", completes)};
  if (coherent == 0) coherent = reader.numbers().front();
  return {coherent, fmt::format("no documents were held out; {} topics are the most coherent by NPMI", coherent)};
}

std::string nats(double log_likelihood) {
  return fmt::format("{}{:.4f} nats a word", log_likelihood < 0 ? "−" : "", std::fabs(log_likelihood));
}

double entropy(const double* theta, std::int64_t topics) {
  double sum = 0;
  for (std::int64_t k = 0; k < topics; ++k) sum -= theta[k] > 0 ? theta[k] * std::log(theta[k]) : 0;
  return sum;
}

}  // namespace

std::string take_topic_model(Job& job) {
  bool there = false;
  job.comm.on_root([&] {
    if (there = job.options.given(Kind::topics.one); there) return;
    const auto names = job.study.list(Kind::topics);
    if (names.empty()) return;
    const Manifest manifest = read_manifest(job.study);
    const std::string newest = names.size() == 1 ? names.front() : manifest.newest(Kind::topics, names);
    if (newest.empty())
      return job.say("leaves out the topic models: which is the newest is not known (--topic-model names one)");
    const std::string address = Study::address(Kind::topics, newest);
    const Lineage lineage = lineage_of(job.study, job.context.commands, manifest, {address});
    there = lineage.only(Stale::Fault::list);
    if (!there) job.say("leaves out {}: {} {}", address, lineage.stale.back().address, lineage.stale.back().reason);
  });
  job.comm.broadcast(std::span(&there, 1));
  return there ? job.take(Kind::topics) : "";
}

ReportTopicPages::ReportTopicPages(const Job& job, const std::string& name)
    : job_(job),
      reader_(job.study, name),
      source_(read_topic_source(job.study, reader_.codebook(), reader_.features())),
      names_(document_names(job.study, source_)) {
  if (!source_.codebook.empty()) {
    codebook_.emplace(job.study, source_.codebook);
    descriptors_.emplace(job.study, codebook_->codebook().descriptors);
    decode_ = word_picture_options(descriptors_->recipe());
  }
  if (!names_.imported && job.study.holds("images")) images_ = read_image_table(job.study.images_path());
  frequencies_.assign(static_cast<std::size_t>(source_.whole.vocabulary), 0);
  for (std::int64_t d = 0; d < source_.whole.global_documents; ++d) {
    const auto words = source_.whole.words_of(d), counts = source_.whole.counts_of(d);
    for (std::size_t i = 0; i < words.size(); ++i) frequencies_[static_cast<std::size_t>(words[i])] += counts[i];
    words_.push_back(std::accumulate(counts.begin(), counts.end(), std::int64_t{0}));
  }
  shown_ = job.options.counts("topics");
  for (const auto topics : shown_)
    require(std::find(reader_.numbers().begin(), reader_.numbers().end(), topics) != reader_.numbers().end(),
            "{} holds no solution with {} topics, only with {}", Study::address(Kind::topics, name), topics,
            fmt::join(reader_.numbers(), ", "));
  if (!shown_.empty()) return;
  const auto [best, because] = best_number(reader_);
  shown_ = {best};
  shown_because_ = because;
  for (const auto topics : judged_topics(job.study, name)) {
    const auto& held = reader_.numbers();  // another generation of the model may lack it
    if (topics != best && std::find(held.begin(), held.end(), topics) != held.end()) shown_.push_back(topics);
  }
}

bool ReportTopicPages::shows(std::int64_t document) const {
  return names_.there(document) && words_[static_cast<std::size_t>(document)] > 0;
}

std::vector<ImageStatus> ReportTopicPages::statuses() const {
  if (descriptors_) return final_statuses(images_, descriptors_->identities(), descriptors_->statuses());
  return final_statuses(images_, FeatureReader(job_.study, source_.features));
}

ReportTopics ReportTopicPages::summary() const {
  ReportTopics topics{.name = reader_.name(), .shown_because = {}, .numbers = {}};
  if (!shown_because_.empty()) {
    topics.shown_because = shown_because_ + "; coterie report --topics K,... shows others.";
    topics.shown_because.front() = static_cast<char>(std::toupper(topics.shown_because.front()));
  }
  for (const auto number : reader_.numbers()) {
    const TopicEvidence evidence = reader_.evidence(number);
    const bool shown = std::find(shown_.begin(), shown_.end(), number) != shown_.end();
    topics.numbers.push_back({number, evidence.word_bound, evidence.held_out_completion, evidence.stability,
                              mean(evidence.npmi), mean(evidence.exclusivity), shown ? topic_page_file(number) : ""});
  }
  return topics;
}

void ReportTopicPages::fill_topics(const TopicSolution& solution, TopicPage& page) const {
  const std::int64_t k = solution.model.topics;
  const auto phi = topic_words(solution.model);
  const auto all = static_cast<double>(std::accumulate(frequencies_.begin(), frequencies_.end(), std::int64_t{0}));
  const std::int64_t listed =
      std::min(std::clamp<std::int64_t>(kMostMosaics / (2 * k), 2, kWords), solution.model.vocabulary);
  const auto likeliest = top_words(solution.model, listed);
  const auto relevant = relevant_words(solution.model, frequencies_, listed, page.weight);
  std::vector<std::int64_t> documents;
  for (std::int64_t d = 0; d < std::ssize(words_); ++d)
    if (shows(d)) documents.push_back(d);
  const auto kept = static_cast<std::ptrdiff_t>(std::min(kImages, std::int64_t{std::ssize(documents)}));
  const TopicEvidence& evidence = solution.evidence;
  for (std::int64_t t = 0; t < k; ++t) {
    const auto at = static_cast<std::size_t>(t);
    TopicPageTopic topic{.share = evidence.share[at],
                         .npmi = evidence.npmi[at],
                         .region_npmi = evidence.region_npmi.empty() ? kNotMeasured : evidence.region_npmi[at],
                         .umass = evidence.umass[at],
                         .exclusivity = evidence.exclusivity[at]};
    const auto word = [&](std::int32_t w) {
      return TopicPageWord{w, phi[static_cast<std::size_t>(w * k + t)],
                           static_cast<double>(frequencies_[static_cast<std::size_t>(w)]) / all};
    };
    for (std::int64_t i = t * listed; i < (t + 1) * listed; ++i) {
      topic.likeliest.push_back(word(likeliest[static_cast<std::size_t>(i)]));
      if (const auto w = relevant[static_cast<std::size_t>(i)]; w >= 0) topic.relevant.push_back(word(w));
    }
    const auto share = [&](std::int64_t d) { return solution.local_theta[static_cast<std::size_t>(d * k + t)]; };
    std::partial_sort(documents.begin(), documents.begin() + kept, documents.end(),
                      [&](auto a, auto b) { return share(a) != share(b) ? share(a) > share(b) : a < b; });
    for (std::ptrdiff_t i = 0; i < kept; ++i) {
      const auto d = documents[static_cast<std::size_t>(i)];
      topic.images.push_back({names_.names[static_cast<std::size_t>(d)], share(d)});
    }
    page.topics.push_back(std::move(topic));
  }
}

void ReportTopicPages::fill_mosaics(TopicPage& page) const {
  if (!codebook_) {
    page.words_note = "The counts were made elsewhere: what the words look like is not known, so they are numbers.";
    return;
  }
  std::set<std::int64_t> words;
  std::vector<std::int64_t> documents;
  for (const auto& topic : page.topics)
    for (const auto* list : {&topic.likeliest, &topic.relevant})
      for (const auto& word : *list) words.insert(word.word);
  for (std::int64_t d = 0; d < std::ssize(words_); ++d)
    if (shows(d)) documents.push_back(d);
  const std::int64_t all = std::ssize(documents);
  documents = draw_sample(documents, kMosaicImages,
                          Random(static_cast<std::uint64_t>(job_.options.count("seed")), Purpose::topic_page_sample));
  std::sort(documents.begin(), documents.end());
  const MosaicRequest request{.words = {words.begin(), words.end()}, .documents = documents};
  page.mosaics =
      word_mosaics(*codebook_, *descriptors_, request, names_.names, picture_reader(images_, decode_), job_.pool);
  page.words_note = fmt::format(
      "Each word is shown by the {} of its places nearest to its centre, looked for in {}: {}. A word that occurs in "
      "none of these is shown by its number.",
      request.patches,
      all > kMosaicImages ? fmt::format("{} images that were drawn from {}", kMosaicImages, all)
                          : fmt::format("all {} images", all),
      is_layer(*descriptors_) ? "receptive fields" : "the squares that SIFT describes, turned upright");
}

ColouredWords ReportTopicPages::coloured(const TopicSolution& solution, const std::vector<double>& phi,
                                         std::int64_t document, const std::string& heading) const {
  const std::int64_t k = solution.model.topics;
  const auto at = static_cast<std::size_t>(document);
  const RowRange rows{descriptors_->first()[at], descriptors_->first()[at + 1]};
  const auto words = codebook_->words_of(rows);
  const auto places = descriptors_->keypoints(rows);
  ColouredWords image{.heading = heading,
                      .path = names_.names[at],
                      .width = descriptors_->extents()[2 * at],
                      .height = descriptors_->extents()[2 * at + 1],
                      .words = {}};
  std::vector<std::int64_t> drawn(words.size());
  std::iota(drawn.begin(), drawn.end(), std::int64_t{0});
  if (std::ssize(drawn) > kCircles)
    drawn = draw_sample(drawn, kCircles,
                        Random(static_cast<std::uint64_t>(job_.options.count("seed")), Purpose::topic_page_sample, 1));
  std::sort(drawn.begin(), drawn.end());
  image.left_out = std::ssize(words) - std::ssize(drawn);
  const double* theta = solution.local_theta.data() + document * k;
  const auto edge = static_cast<float>(std::max(image.width, image.height));
  for (const auto i : drawn) {
    const auto n = static_cast<std::size_t>(i);
    const double* likely = phi.data() + words[n] * k;
    std::int64_t best = 0;
    for (std::int64_t t = 1; t < k; ++t)
      if (theta[t] * likely[t] > theta[best] * likely[best]) best = t;
    // Receptive fields cover each other: of a layer a circle says where, and not how large.
    const float radius = is_layer(*descriptors_) ? 0.012F * edge : std::max(places[n].size / 2, 0.006F * edge);
    image.words.push_back({places[n].x, places[n].y, radius, words[n], static_cast<std::int32_t>(best)});
  }
  return image;
}

void ReportTopicPages::fill_coloured(const TopicSolution& solution, TopicPage& page) const {
  if (!codebook_) return;
  const std::int64_t k = solution.model.topics;
  std::int64_t purest = -1, mixed = -1;
  double most_share = -1, most_entropy = -1;
  for (std::int64_t d = 0; d < std::ssize(words_); ++d) {
    if (!shows(d) || words_[static_cast<std::size_t>(d)] < kLeastWords) continue;
    const double* theta = solution.local_theta.data() + d * k;
    if (const double share = *std::max_element(theta, theta + k); share > most_share) most_share = share, purest = d;
    // The more words, the more the mixture is the image's own and not the prior's.
    const double value = entropy(theta, k) * std::log(static_cast<double>(words_[static_cast<std::size_t>(d)]));
    if (value > most_entropy) most_entropy = value, mixed = d;
  }
  if (purest < 0) return;
  const auto phi = topic_words(solution.model);
  page.coloured.push_back(coloured(solution, phi, purest, "The image that one topic has the highest share of"));
  if (mixed != purest) page.coloured.push_back(coloured(solution, phi, mixed, "One with many words of several topics"));
}

void ReportTopicPages::fill_labels(const TopicSolution& solution, TopicPage& page) const {
  for (std::size_t c = 0; c < names_.columns.size(); ++c) {
    std::set<std::string> values(names_.values[c].begin(), names_.values[c].end());
    std::erase_if(values, [](const std::string& value) { return is_missing(value); });
    if (values.size() < 2) continue;
    const Classes classes = classes_of(names_, names_.columns[c]);
    if (classes.names.size() < 2 || classes.names.size() > kMostLabels) continue;
    const auto labels = std::ssize(classes.names);
    TopicPageLabels found{classes.column, classes.names, std::vector<std::int64_t>(classes.names.size()), {}};
    for (const auto label : classes.labels)
      if (label >= 0) ++found.images[static_cast<std::size_t>(label)];
    found.means = label_topics(solution.local_theta, solution.model.topics, classes.labels, labels,
                               solution.local.size(), Communicator::self())
                      .shares;
    page.labels.push_back(std::move(found));
  }
}

void ReportTopicPages::fill_links(TopicPage& page) const {
  if (scanned()) {
    const PathNumbers numbers = numbers_by_path(images_);
    for (const auto& topic : page.topics)
      for (const auto& image : topic.images)
        if (const std::string link = picture_link(job_.study, place_of(images_, numbers.at(image.path))); !link.empty())
          page.image_links[image.path] = link;
  }
  for (const auto& file : {fmt::format("topics-{}.csv", page.topics.size()),
                           fmt::format("documents-{}.csv", page.topics.size()), std::string("evidence.csv")})
    if (const std::string table = fmt::format("tables/topics/{}/{}", reader_.name(), file);
        std::filesystem::exists(job_.study.folder() + "/" + table))
      page.tables.push_back({file, "../" + table});
}

TopicPage ReportTopicPages::page_of(const TopicSolution& solution) const {
  TopicPage page;
  page.model = reader_.name();
  page.pictures = scanned();
  if (names_.imported) page.documents = "documents";
  const auto empty = std::count(words_.begin(), words_.end(), 0);
  page.overview = {
      {"Model", fmt::format("{}: {}", reader_.name(), reader_.spatial() ? "spatial LDA" : "LDA")},
      {"Words", fmt::format("{} of {}", source_.whole.vocabulary, source_.name())},
      {names_.imported ? "Documents" : "Images",
       fmt::format("{}{}", words_.size(), empty > 0 ? fmt::format(", {} without a word", empty) : "")},
      {"Bound", fmt::format("{}, {} passes", nats(solution.evidence.word_bound), solution.evidence.n_iter)}};
  if (!std::isnan(solution.evidence.held_out_completion))
    page.overview.push_back({"Held-out completion", nats(solution.evidence.held_out_completion)});
  if (!std::isnan(solution.evidence.stability))
    page.overview.push_back({"Stability", fmt::format("{:.3f}", solution.evidence.stability)});
  const PlaneMap map = topic_map(solution.model);
  page.x = map.x, page.y = map.y, page.shown = map.shown;
  fill_topics(solution, page);
  fill_mosaics(page);
  fill_coloured(solution, page);
  fill_labels(solution, page);
  fill_links(page);
  return page;
}

void ReportTopicPages::write(const std::string& folder, const std::string& title, const std::string& when) const {
  const DecodeOptions decode = descriptors_ ? decode_ : DecodeOptions{};
  const ImageReader read = picture_reader(images_, decode);
  for (const auto topics : shown_) {
    TopicPage page = page_of(reader_.solution(topics));
    page.title = fmt::format("{}: {} topics", title, topics);
    page.when = when;
    write_topic_page(page, read, folder, job_.pool);
  }
}

}  // namespace coterie::jobs
