// mixture_probe ROWS.npy LABELS.npy K COVARIANCE REGULARISATION TOL MAX_ITER OUT: one start from these labels; writes
// OUT_weights.npy, OUT_means.npy, OUT_covariances.npy, OUT_precisions.npy, OUT_probabilities.npy, OUT_labels.npy,
// OUT_again.npy (posteriors() of all rows) and OUT_figures.npy: log likelihood, BIC, AIC, iterations, converged.

#include <cstdlib>
#include <string>

#include "coterie/base/blas.hpp"
#include "coterie/base/errors.hpp"
#include "coterie/base/npy.hpp"
#include "coterie/clustering/gaussian_mixture.hpp"

namespace {

using namespace coterie;

Covariance covariance_named(const std::string& name) {
  if (name == "full") return Covariance::full;
  if (name == "tied") return Covariance::tied;
  if (name == "diag") return Covariance::diagonal;
  if (name == "spherical") return Covariance::spherical;
  throw InvalidArgument("no covariance is called " + name);
}

template <typename T>
void write(const std::string& out, const char* name, const std::vector<T>& values, std::int64_t columns = 1) {
  write_npy(out + "_" + name + ".npy", values.data(), {std::ssize(values) / columns, columns});
}

void fit(char** argv, const Communicator& comm) {
  std::vector<std::int64_t> shape;
  const auto values = read_npy<float>(argv[1], &shape);
  const auto labels = read_npy<std::int32_t>(argv[2]);
  const std::int64_t k = std::atoll(argv[3]);
  const MixtureOptions options{.covariance = covariance_named(argv[4]),
                               .max_iter = std::atoi(argv[7]),
                               .tol = std::atof(argv[6]),
                               .regularisation = std::atof(argv[5]),
                               .initial_labels = labels};
  ThreadPool pool(2);
  const MatrixView<const float> rows{values.data(), shape[0], shape[1]};
  const auto result = gaussian_mixtures(MemoryRows(rows), {&k, 1}, options, comm, pool).front();
  const auto probabilities = comm.gather_all(std::span<const float>(result.local_probabilities));
  const auto final_labels = comm.gather_all(std::span<const std::int32_t>(result.local_labels));
  const auto again = posteriors(result.model, rows, pool);
  if (!comm.is_root()) return;
  const std::string out = argv[8];
  write(out, "weights", result.model.weights);
  write(out, "means", result.model.means, shape[1]);
  write(out, "covariances", result.model.covariances);
  write(out, "precisions", result.model.precisions_cholesky);
  write(out, "probabilities", probabilities, k);
  write(out, "labels", final_labels);
  write(out, "again", again.probabilities, k);
  const std::vector<double> figures{result.log_likelihood, result.bic, result.aic, static_cast<double>(result.n_iter),
                                    static_cast<double>(result.converged)};
  write(out, "figures", figures);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 9) return 2;
  use_single_threaded_blas();
  const auto& comm = Communicator::world();
  fit(argv, comm);
  Communicator::finalize();
  return 0;
}
