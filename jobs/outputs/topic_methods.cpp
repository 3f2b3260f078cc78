#include "coterie/artifacts/codebook.hpp"
#include "coterie/artifacts/descriptors.hpp"
#include "outputs/methods_text.hpp"
#include "outputs/methods_writing.hpp"

namespace coterie::jobs {
namespace {

void say_descriptors(MethodsWriting& writing, const Recipe& made) {
  const std::string detector = made.parameter("detector"), most = made.parameter("max-keypoints", "0");
  if (detector == "cnn")
    return writing.say(fmt::format("Each image was described by the places of the layer {} of the network {}{}.",
                                   made.parameter("layer"), made.parameter("backbone"),
                                   cite_network(writing, made.parameter("backbone"))));
  writing.say(fmt::format("Each image was described by SIFT descriptors{} {}{}.", writing.cite("lowe2004sift"),
                          detector == "sift" ? "at its keypoints" : "on a grid",
                          most == "0" ? "" : fmt::format(", {} at most", most)));
}

void say_words(MethodsWriting& writing, const Study& study, const TopicReader& model) {
  if (model.codebook().empty())
    return writing.say(fmt::format("Counts of words ({}) were made elsewhere [say how].", model.features()));
  const CodebookReader codebook(study, model.codebook());
  say_descriptors(writing, DescriptorReader(study, codebook.codebook().descriptors).recipe());
  const Recipe& made = codebook.recipe();
  const bool minibatch = made.parameter("algorithm") == "minibatch";
  writing.say(
      fmt::format("These were grouped by {}{} into {} visual words{} (seed {}), which were counted in each image.",
                  minibatch ? "mini-batch k-means" : "k-means", minibatch ? writing.cite("sculley2010minibatch") : "",
                  made.parameter("words"), writing.cite("sivic2003google"), made.parameter("seed", "1")));
}

void say_model(MethodsWriting& writing, const ShownTopics& shown) {
  const Recipe& made = shown.model.recipe();
  const TopicEvidence evidence = shown.model.evidence(shown.topics);
  const auto prior = [&](const char* name) {
    const std::string asked = made.parameter(name, "0");
    return asked == "0" ? fmt::format("1/{}", shown.topics) : asked;
  };
  writing.say(fmt::format(
      "Topics were found by {} with {} topics (variational Bayes, {} passes; priors {} of an image's topics and {} of "
      "a "
      "topic's words; seed {}).",
      shown.model.spatial() ? "spatial latent Dirichlet allocation" + writing.cite("wang2007spatial")
                            : "latent Dirichlet allocation" + writing.cite("blei2003lda"),
      shown.topics, evidence.n_iter, prior("doc-topic-prior"), prior("topic-word-prior"), made.parameter("seed", "1")));
  const auto& numbers = shown.model.numbers();
  if (numbers.size() > 1)
    writing.say(fmt::format("Of {} numbers of topics from {} to {}, {} was taken [say why]{}.", numbers.size(),
                            numbers.front(), numbers.back(), shown.topics,
                            shown.because.empty() ? "" : ": " + shown.because));
}

}  // namespace

MethodsText topic_methods_text(const Study& study, const ShownTopics& shown, const std::vector<CodedStudy>& codings) {
  MethodsWriting writing;
  writing.images(shown.documents, shown.listed);
  say_words(writing, study, shown.model);
  say_model(writing, shown);
  for (const auto& coding : codings) writing.validation(coding);
  return writing.finish();
}

}  // namespace coterie::jobs
