#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "coterie/base/thread_pool.hpp"
#include "coterie/dist/communicator.hpp"
#include "coterie/topics/documents.hpp"
#include "coterie/topics/topic_model.hpp"

namespace coterie::inline topics {

/// From which documents lambda is updated.
enum class LdaUpdates {
  batch,   ///< from all
  online,  ///< from a few at a time (Hoffman, Blei & Bach, NIPS 2010): for collections of which a part says enough
};

/// What latent Dirichlet allocation is asked for. Names, meanings and defaults are scikit-learn's where it has one,
/// but for `topics` (10), `max_iter` (10) and `tol` (no such thing).
///
/// To do exactly as LatentDirichletAllocation.fit: max_iter 10, tol 0, restart_gamma; online also shuffle off. Its own
/// gamma starts are draws, though, that depend on n_jobs; ours are ones, as its transform() has them.
struct LdaOptions {
  std::int64_t topics = 20;     ///< K, at least 1; may exceed the number of documents
  double doc_topic_prior = 0;   ///< alpha; 0: 1 / K
  double topic_word_prior = 0;  ///< eta; 0: 1 / K
  LdaUpdates updates = LdaUpdates::batch;
  int max_iter = 100;             ///< passes over the documents
  double tol = 1e-4;              ///< ends when a pass changes the bound by less than this part of it; 0: never
  double learning_decay = 0.7;    ///< online: kappa, in [0, 1]
  double learning_offset = 10;    ///< online: tau_0, at least 0
  std::int64_t batch_size = 128;  ///< online: documents an update
  bool shuffle = true;            ///< online: each pass in an order drawn by (seed, pass); false: as they stand
  int max_doc_update_iter = 100;  ///< of one document's gamma in one pass
  double mean_change_tol = 1e-3;  ///< a document's gamma is left when its mean absolute change is smaller
  bool restart_gamma = false;     ///< batch: gamma starts at ones in each pass, not where the last one left it
  std::uint64_t seed = 0;         ///< of the first lambda and of the order
  std::span<const double> initial_lambda = {};  ///< V x K, positive; empty: Gamma(100, 0.01) draws, number k V + w
                                                ///< of (seed, topic_start) for word w in topic k
};

/// What was found. All but the local fields is the same on every rank.
struct LdaResult {
  TopicModel model;
  RowRange local_documents;         ///< those of this rank
  std::vector<double> local_gamma;  ///< n x K: their Dirichlet posteriors under the final model (document_topics()
                                    ///< makes distributions of them); all alpha where the document is empty
  std::vector<double> bounds;       ///< batch: before each update of lambda, and the final one: never falls, unless
                                    ///< restart_gamma. Online: of each pass, each document under the lambda that its
                                    ///< batch found, then the final one.
  double bound = 0;                 ///< the final one: of this lambda and these gamma
  std::int64_t n_iter = 0;          ///< passes
  bool converged = false;           ///< by tol; false when max_iter ended it
  bool stopped = false;             ///< by `take`: what there is, is not final
};

/// Latent Dirichlet allocation (Blei, Ng & Jordan, JMLR 3, 2003) by variational Bayes with smoothed topics. Collective;
/// the same bits on any number of ranks and threads. All in double.
///
/// E-step of a document with counts c_w, B = exp(E[log beta]): t = exp(E[log theta]), n_w = t . B_w + 2^-52,
/// gamma_k = alpha + t_k sum over w of (c_w / n_w) B_kw, until gamma rests. M-step: lambda_kw = eta + the sum over
/// documents of t_k B_kw c_w / n_w; online lambda = (1 - rho) lambda + rho (eta + D / |batch| times that), rho =
/// (tau_0 + update)^-kappa. The sums are exact (ExactScale, steps of at most 2^-52 of a word's largest count in all).
///
/// Batch infers each document from ones in each pass, and from the last pass's gamma where that still has the higher
/// bound: so no step can lower the bound. scikit-learn forgets the last gamma, and its perplexity goes up and down; to
/// go on from it in any case is as monotone, but ends in far worse optima: a topic that a document gave up under an
/// early lambda does not come back (docs/benchmarks.md). The fit ends with an E-step, so that gamma and bound are of
/// the lambda that is returned.
///
/// A topic that holds less than 1e-5 mean_change_tol of a document's words is left aside while its gamma is updated:
/// an error of that size in gamma, for rows that shrink to some ten of 100 topics.
///
/// tol = 1e-4: see docs/benchmarks.md for what 1e-3 to 1e-6 cost and gain.
///
/// Throws InvalidArgument on every rank: documents that check_documents() refuses, no word at all, options out of
/// range, a first lambda or a state of another size or not positive.
///
/// Cost of one update of a document's gamma with m distinct words and K topics not left aside: 4 m K flops over 8 m K
/// bytes, which stay in the second cache, and 40 K flops for psi. Of an M-step: 120 V K flops on every rank, shared
/// out to its threads; messages of 8 (K V + 1) and 8 bytes. Online: batches are cut from the whole collection, so a
/// batch of 128 occupies many ranks only if shuffled.
/// Memory of a rank, in bytes, beside the documents: 8 V K (threads + 4) + 8 n K, and online 16 for each document of
/// the collection.
LdaResult lda(const Documents& documents, const LdaOptions& options, const Communicator& comm, ThreadPool& pool,
              const TakeState& take = {}, const TopicState* resume = nullptr);

/// gamma of documents under a finished model, n x K, from ones (scikit-learn's transform before it normalises): not
/// collective, and a document's bits do not depend on the others. `updates`: max_doc_update_iter and mean_change_tol
/// alone are read. Throws InvalidArgument where the vocabulary is not the model's.
std::vector<double> infer_gamma(const TopicModel& model, const Documents& documents, ThreadPool& pool,
                                const LdaOptions& updates = {});

/// The evidence lower bound in its two parts, in nats.
struct VariationalBound {
  double documents = 0;    ///< E[log p(words | theta, beta)] + E[log p(theta) - log q(theta)]
  double topics = 0;       ///< E[log p(beta) - log q(beta)]: of the model alone
  std::int64_t words = 0;  ///< tokens of the documents

  double whole() const { return documents + topics; }  ///< scikit-learn's score()

  /// exp(-bound / words) without the topics' part, which is the training's and would be divided by the number of the
  /// test's words (scikit-learn issue 20032); and with it, which is scikit-learn's perplexity().
  double perplexity() const;
  double perplexity_with_topics() const;
};

/// Of documents with these gamma. Collective. Throws InvalidArgument as infer_gamma() does, on every rank.
VariationalBound variational_bound(const TopicModel& model, const Documents& documents,
                                   const std::vector<double>& gamma, const Communicator& comm, ThreadPool& pool);

/// How well the model completes documents of which it sees a half.
struct Completion {
  double log_likelihood = 0;  ///< sum over the scored words of log(E[theta] . E[beta_w])
  std::int64_t words = 0;     ///< that were scored: those of each document that were not fitted

  double perplexity() const;
};

/// Of each document floor(n / 2) of its n words, those with the lowest draws of (seed, document_completion), are
/// fitted, and the others scored (Wallach, Murray, Salakhutdinov & Mimno, ICML 2009; Hoffman et al. 2013). Collective;
/// the same bits on any ranks. Throws InvalidArgument as infer_gamma() does, on every rank.
Completion document_completion(const TopicModel& model, const Documents& documents, std::uint64_t seed,
                               const Communicator& comm, ThreadPool& pool);

}  // namespace coterie::inline topics
