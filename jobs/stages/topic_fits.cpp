#include "stages/topic_fits.hpp"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <limits>

#include "coterie/base/new_file.hpp"
#include "coterie/base/random.hpp"
#include "coterie/base/wall_seconds.hpp"
#include "coterie/dist/exact_scale.hpp"
#include "coterie/dist/progress.hpp"
#include "coterie/dist/stop_signal.hpp"
#include "coterie/topics/coherence.hpp"
#include "coterie/topics/topic_matching.hpp"

namespace coterie::jobs {
namespace fs = std::filesystem;
namespace {

constexpr double kNothing = std::numeric_limits<double>::quiet_NaN();
constexpr std::int64_t kTopWords = 10;  // of a topic, for coherence
constexpr double kSaveEvery = 60;       // seconds between states, at most
constexpr double kLeastBetween = 0.5;   // and at least
constexpr double kSaveShare = 0.02;     // of the time, that saving may take: the more often, the less a kill costs

// The documents of a rank that `keep` names, each a document of a smaller collection: the others are made empty, which
// changes nothing that a fit learns, so that every rank keeps its range.
Documents only(const Documents& all, const std::function<bool(std::int64_t document)>& keep) {
  Documents some = all;
  some.offsets.assign(1, 0);
  some.words.clear();
  some.counts.clear();
  for (std::int64_t d = 0; d < all.local.size(); ++d) {
    if (keep(all.local.begin + d)) {
      const auto words = all.words_of(d);
      const auto counts = all.counts_of(d);
      some.words.insert(some.words.end(), words.begin(), words.end());
      some.counts.insert(some.counts.end(), counts.begin(), counts.end());
    }
    some.offsets.push_back(std::ssize(some.words));
  }
  return some;
}

LdaOptions lda_options(const Job& job, std::int64_t topics) {
  const Options& options = job.options;
  LdaOptions lda;
  lda.topics = topics;
  lda.doc_topic_prior = options.real("doc-topic-prior");
  lda.topic_word_prior = options.real("topic-word-prior");
  lda.updates = options.text("updates") == "online" ? LdaUpdates::online : LdaUpdates::batch;
  lda.max_iter = static_cast<int>(options.count("max-iter"));
  lda.tol = options.real("tol");
  lda.batch_size = options.count("batch-documents", 128);
  lda.seed = static_cast<std::uint64_t>(options.count("seed"));
  return lda;
}

}  // namespace

// What one run of the algorithm gives, spatial or not.
struct TopicFits::Fit {
  TopicModel model;
  std::vector<double> theta;
  std::vector<double> gamma;  ///< of documents; empty of a spatial one
  std::vector<double> bounds;
  std::int64_t n_iter = 0;
  bool converged = false, stopped = false;
};

class TopicFits::Work {
 public:
  Work(const Job& job, const TopicSource& source, std::string name)
      : job_(job), source_(source), name_(std::move(name)) {
    if (!job.options.flag("spatial")) return;
    job.comm.together([&] { placed_ = read_placed_words(job.study, source, source.own.local); });
    regions_.pitch = job.options.real("pitch");
    regions_.sigma = job.options.real("sigma");
    regions_.radius = job.options.real("radius");
    windows_ = region_windows(placed_, regions_, job.comm);
  }

  TopicSolution solve(std::int64_t topics) {
    Fit fit = run(topics, "all", lda_options(job_, topics).seed, source_.own, placed_);
    TopicSolution solution;
    solution.local = source_.own.local;
    solution.evidence = judge(fit);
    const Completed held = held_out(topics);
    solution.evidence.held_out_bound = held.bound;
    solution.evidence.held_out_completion = held.completion;
    solution.evidence.stability = stability(topics, fit.model);
    solution.model = std::move(fit.model);
    solution.local_theta = std::move(fit.theta);
    solution.bounds = std::move(fit.bounds);
    solution.evidence.n_iter = fit.n_iter;
    solution.evidence.converged = fit.converged;
    return solution;
  }

  void forget() const {
    std::error_code ignored;
    fs::remove_all(folder(), ignored);
  }

 private:
  struct Completed {
    double bound = kNothing, completion = kNothing;
  };

  std::string folder() const { return job_.study.folder() + "/" + Kind::topics.folder + "/" + name_ + ".partial"; }

  // One fit, from the state that is there; on the way its state is saved, for a kill and where it is stopped.
  Fit run(std::int64_t topics, const std::string& which, std::uint64_t seed, const Documents& documents,
          const PlacedWords& placed) {
    const bool spatial = job_.options.flag("spatial");
    const std::string path = fmt::format("{}/{}-{}.h5", folder(), topics, which);
    job_.comm.on_root([&] { make_folder(folder()); });
    Recipe recipe = job_.recipe;
    recipe.set("fit", fmt::format("{} of {}", which, topics));
    const RowRange rows = gamma_rows();
    const std::int64_t all = job_.comm.max(rows.end);
    const auto state = read_topic_state(path, recipe, rows, topics);
    const bool resumed = !job_.comm.any(!state.has_value());
    LdaOptions options = lda_options(job_, topics);
    options.seed = seed;
    Progress progress(job_.speaks(), fmt::format("topics {} ({})", topics, which), options.max_iter, "passes");
    std::int64_t shown = 0;
    double saved = wall_seconds(), between = kLeastBetween;
    const TakeState take = [&](const TopicState& reached) {
      progress.advance(std::ssize(reached.bounds) - shown);
      shown = std::ssize(reached.bounds);
      const bool stop = job_.comm.any(StopSignal::seen_here());
      if (stop || job_.comm.any(wall_seconds() - saved > between)) {
        const double begun = wall_seconds();
        write_topic_state(path, recipe, reached, rows, all, job_.comm);
        saved = wall_seconds();
        between = std::clamp((saved - begun) / kSaveShare, kLeastBetween, kSaveEvery);
      }
      return !stop;
    };
    StopSignal::remember();
    const TopicState* from = resumed ? &*state : nullptr;
    Fit fit = spatial ? of(spatial_lda(placed, {options, regions_}, job_.comm, job_.pool, take, from))
                      : of(lda(documents, options, job_.comm, job_.pool, take, from));
    StopSignal::end_at_once();
    if (fit.stopped)
      throw Stopped(fmt::format("{}: stopped in good order; the same command goes on from here",
                                job_.study.path(Kind::topics, name_)));
    return fit;
  }

  // Which rows of all ranks' gamma are this one's: a row for each document, or for each region of an image.
  RowRange gamma_rows() const {
    if (!job_.options.flag("spatial")) return source_.own.local;
    const std::int64_t own = std::ssize(windows_.offsets) - 1;
    const auto counts = job_.comm.gather_all(std::span<const std::int64_t>(&own, 1));
    RowRange rows;
    for (int rank = 0; rank < job_.comm.rank(); ++rank) rows.begin += counts[static_cast<std::size_t>(rank)];
    rows.end = rows.begin + own;
    return rows;
  }

  static Fit of(LdaResult found) {
    Fit fit{std::move(found.model), {},           std::move(found.local_gamma), std::move(found.bounds), found.n_iter,
            found.converged,        found.stopped};
    fit.theta = document_topics(fit.gamma, fit.model.topics);
    return fit;
  }
  static Fit of(SpatialLdaResult found) {
    return {std::move(found.model),
            std::move(found.local.theta),
            {},
            std::move(found.bounds),
            found.n_iter,
            found.converged,
            found.stopped};
  }

  TopicEvidence judge(const Fit& fit) {
    TopicEvidence evidence;
    const auto top = top_words(fit.model, kTopWords);
    const std::int64_t count = std::min(kTopWords, fit.model.vocabulary);
    const Coherence of_images = coherence(count_words(top, count, source_.own, job_.comm));
    evidence.umass = of_images.umass;
    evidence.npmi = of_images.npmi;
    if (job_.options.flag("spatial"))
      evidence.region_npmi = coherence(count_words(top, count, windows_, job_.comm)).npmi;
    const Exclusivity own = exclusivity(fit.model, count);
    evidence.exclusivity = own.share;
    evidence.frex = own.frex;
    evidence.share = shares(fit);
    const std::int64_t words = tokens();
    if (!job_.options.flag("spatial")) {
      const auto bound = variational_bound(fit.model, source_.own, fit.gamma, job_.comm, job_.pool);
      evidence.word_bound = bound.documents / static_cast<double>(std::max<std::int64_t>(1, bound.words));
    } else {
      evidence.word_bound = fit.bounds.back() / static_cast<double>(std::max<std::int64_t>(1, words));
    }
    return evidence;
  }

  std::int64_t tokens_of(std::int64_t d) const {
    std::int64_t sum = 0;
    for (const auto count : source_.own.counts_of(d)) sum += count;
    return sum;
  }

  std::int64_t tokens() const {
    std::int64_t sum = 0;
    for (std::int64_t d = 0; d < source_.own.local.size(); ++d) sum += tokens_of(d);
    return job_.comm.sum(sum);
  }

  // Each topic's part of all words: an exact sum over documents.
  std::vector<double> shares(const Fit& fit) const {
    const std::int64_t topics = fit.model.topics, all = tokens();
    std::int64_t most = 0;
    for (std::int64_t d = 0; d < source_.own.local.size(); ++d) most = std::max(most, tokens_of(d));
    const ExactScale scale(static_cast<double>(job_.comm.max(most)), source_.whole.global_documents);
    std::vector<std::int64_t> sums(static_cast<std::size_t>(topics));
    for (std::int64_t d = 0; d < source_.own.local.size(); ++d) {
      const auto words = static_cast<double>(tokens_of(d));
      for (std::int64_t k = 0; k < topics; ++k)
        sums[static_cast<std::size_t>(k)] +=
            scale.quantise(words * fit.theta[static_cast<std::size_t>(d * topics + k)]);
    }
    job_.comm.sum(std::span(sums));
    std::vector<double> result;
    for (const auto sum : sums)
      result.push_back(scale.value(sum) / static_cast<double>(std::max<std::int64_t>(1, all)));
    return result;
  }

  // How well a model of the other documents expects those that were held out.
  Completed held_out(std::int64_t topics) {
    const double share = job_.options.real("held-out");
    if (share <= 0 || job_.options.flag("spatial")) return {};
    const auto seed = static_cast<std::uint64_t>(job_.options.count("seed"));
    const Random random(seed, Purpose::held_out_documents);
    const auto out = [&](std::int64_t d) { return random.uniform(static_cast<std::uint64_t>(d)) < share; };
    const Documents fitted = only(source_.own, [&](std::int64_t d) { return !out(d); });
    const Documents scored = only(source_.own, out);
    if (job_.comm.sum(std::ssize(fitted.words)) == 0 || job_.comm.sum(std::ssize(scored.words)) == 0) return {};
    const Fit fit = run(topics, "held-out", seed, fitted, {});
    const auto bound =
        variational_bound(fit.model, scored, infer_gamma(fit.model, scored, job_.pool), job_.comm, job_.pool);
    const Completion completion = document_completion(fit.model, scored, seed, job_.comm, job_.pool);
    return {bound.documents / static_cast<double>(std::max<std::int64_t>(1, bound.words)),
            completion.log_likelihood / static_cast<double>(std::max<std::int64_t>(1, completion.words))};
  }

  double stability(std::int64_t topics, const TopicModel& first) {
    const std::int64_t more = job_.options.count("more-seeds");
    if (more == 0) return kNothing;
    std::vector<TopicModel> models{first};
    const auto seed = static_cast<std::uint64_t>(job_.options.count("seed"));
    for (std::int64_t i = 1; i <= more; ++i)
      models.push_back(run(topics, fmt::format("seed-{}", seed + static_cast<std::uint64_t>(i)),
                           seed + static_cast<std::uint64_t>(i), source_.own, placed_)
                           .model);
    return topic_stability(models);
  }

  const Job& job_;
  const TopicSource& source_;
  const std::string name_;
  PlacedWords placed_;  // of a spatial model
  RegionOptions regions_;
  Documents windows_;
};

TopicFits::TopicFits(const Job& job, const TopicSource& source, std::string name)
    : work_(std::make_unique<Work>(job, source, std::move(name))) {}
TopicFits::~TopicFits() = default;
TopicSolution TopicFits::solve(std::int64_t topics) { return work_->solve(topics); }
void TopicFits::forget() const { work_->forget(); }

}  // namespace coterie::jobs
