// What tests/oracle/topics_oracle.py compares with scikit-learn and with a plain Python of the same equations. Reads
// .npy files of FOLDER and writes found_*.npy into it, on any number of ranks.
//
//     topics_probe batch FOLDER PASSES         lambda and gamma after each pass from first.npy, and all bounds
//     topics_probe online FOLDER PASSES SIZE   the same in batches of SIZE documents, in their order
//     topics_probe held_out FOLDER PASSES      batch, then theta, score and perplexity of test_*.npy
//     topics_probe coherence FOLDER TOP        of the words top.npy, TOP of each topic, over the documents
//     topics_probe spatial FOLDER PASSES PITCH SIGMA RADIUS      spatial LDA of words.npy with x.npy, y.npy ...

#include <fmt/format.h>

#include <cstdlib>
#include <string>

#include "coterie/base/npy.hpp"
#include "coterie/topics/coherence.hpp"
#include "coterie/topics/spatial_lda.hpp"

namespace {

using namespace coterie;

struct Probe {
  const Communicator& comm;
  std::string folder;
  ThreadPool& pool;

  template <typename T>
  std::vector<T> read(const std::string& name) const {
    return read_npy<T>(folder + "/" + name + ".npy");
  }
  template <typename T>
  void write(const std::string& name, const std::vector<T>& values) const {
    if (comm.is_root()) write_npy(folder + "/found_" + name + ".npy", values.data(), {std::ssize(values)});
  }
  template <typename T>
  std::vector<T> gather(const std::vector<T>& own) const {
    return comm.gather_all(std::span<const T>(own));
  }

  Documents documents(const std::string& which) const {
    Documents whole{.vocabulary = read<std::int64_t>("shape").at(0)};
    whole.offsets = read<std::int64_t>(which + "offsets");
    whole.words = read<std::int32_t>(which + "words");
    whole.counts = read<std::int32_t>(which + "counts");
    whole.global_documents = std::ssize(whole.offsets) - 1;
    whole.local = {0, whole.global_documents};
    return own_documents(whole, comm);
  }

  PlacedWords images() const {
    PlacedWords whole{.vocabulary = read<std::int64_t>("shape").at(0)};
    whole.offsets = read<std::int64_t>("offsets");
    whole.words = read<std::int32_t>("words");
    whole.x = read<float>("x"), whole.y = read<float>("y");
    whole.width = read<float>("width"), whole.height = read<float>("height");
    whole.global_images = std::ssize(whole.width);
    whole.local = {0, whole.global_images};
    return own_images(whole, comm);
  }

  /// Keeps what each pass leaves, one after the other.
  TakeState keep(std::vector<double>& lambda, std::vector<double>& gamma) const {
    return [&](const TopicState& state) {
      lambda.insert(lambda.end(), state.lambda.begin(), state.lambda.end());
      const auto of_all = gather(state.gamma);
      gamma.insert(gamma.end(), of_all.begin(), of_all.end());
      return true;
    };
  }
};

void plain(const Probe& probe, const std::string& what, int passes, std::int64_t batch_size) {
  const auto first = probe.read<double>("first");
  const Documents documents = probe.documents("");
  LdaOptions options{.topics = std::ssize(first) / documents.vocabulary,
                     .max_iter = passes,
                     .tol = 0,
                     .batch_size = batch_size,
                     .shuffle = false,
                     .restart_gamma = true,
                     .initial_lambda = first};
  if (what == "online") options.updates = LdaUpdates::online;
  std::vector<double> lambda, gamma;
  const auto result = lda(documents, options, probe.comm, probe.pool, probe.keep(lambda, gamma));
  probe.write("lambda", lambda);
  probe.write("gamma", gamma);
  probe.write("last_gamma", probe.gather(result.local_gamma));
  probe.write("bounds", result.bounds);
  if (what != "held_out") return;
  const Documents test = probe.documents("test_");
  const auto of_test = infer_gamma(result.model, test, probe.pool);
  const auto bound = variational_bound(result.model, test, of_test, probe.comm, probe.pool);
  probe.write("theta", probe.gather(document_topics(of_test, options.topics)));
  probe.write("scores", std::vector<double>{bound.whole(), bound.perplexity_with_topics(), bound.documents});
}

void coherence_of(const Probe& probe, std::int64_t top) {
  const auto counts = count_words(probe.read<std::int32_t>("top"), top, probe.documents(""), probe.comm);
  const auto found = coherence(counts);
  probe.write("umass", found.umass);
  probe.write("npmi", found.npmi);
}

void spatial(const Probe& probe, int passes, char** regions) {
  const auto first = probe.read<double>("first");
  const PlacedWords images = probe.images();
  SpatialLdaOptions options{.lda = {.topics = std::ssize(first) / images.vocabulary,
                                    .max_iter = passes,
                                    .tol = 0,
                                    .restart_gamma = true,
                                    .initial_lambda = first}};
  options.regions = {std::atof(regions[0]), std::atof(regions[1]), std::atof(regions[2])};
  std::vector<double> lambda, gamma;
  const auto result = spatial_lda(images, options, probe.comm, probe.pool, probe.keep(lambda, gamma));
  probe.write("lambda", lambda);
  probe.write("gamma", gamma);
  probe.write("bounds", result.bounds);
  probe.write("theta", probe.gather(result.local.theta));
  probe.write("word_topics", probe.gather(result.local.word_topics));
}

}  // namespace

int main(int argc, char** argv) {
  const std::string what = argc > 3 ? argv[1] : "";
  if (argc != (what == "spatial" ? 7 : what == "online" ? 5 : 4)) return 2;
  ThreadPool pool(2);
  const Probe probe{Communicator::world(), argv[2], pool};
  if (what == "spatial") {
    spatial(probe, std::atoi(argv[3]), argv + 4);
  } else if (what == "coherence") {
    coherence_of(probe, std::atoll(argv[3]));
  } else {
    plain(probe, what, std::atoi(argv[3]), what == "online" ? std::atoll(argv[4]) : 128);
  }
  Communicator::finalize();
  return 0;
}
