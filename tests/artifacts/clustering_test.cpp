#include "coterie/artifacts/clustering.hpp"

#include "coterie/artifacts/features.hpp"
#include "coterie/store/foreign_matrix.hpp"
#include "harmed.hpp"
#include "temporary_folder.hpp"

namespace coterie {
namespace {

const Communicator& world() { return Communicator::world(); }

constexpr std::int64_t kRows = 6, kColumns = 2;
const std::vector<std::int32_t> kLabels2 = {0, 1, 1, 0, 0, 1}, kLabels3 = {0, 1, 2, 0, 0, 1};
const std::vector<float> kDistances = {0.5F, 1, 1.5F, 2, 2.5F, 3};
const std::vector<Merge> kMerges = {{0, 3, 0.5, 2}, {1, 5, 1, 2}, {4, 6, 2, 3}, {2, 7, 3, 3}, {8, 9, 9, 6}};

template <typename T>
std::span<const T> part(const std::vector<T>& all, RowRange own, std::int64_t width = 1) {
  return std::span(all).subspan(static_cast<std::size_t>(own.begin * width),
                                static_cast<std::size_t>(own.size() * width));
}

RowRange own_rows() { return RowPartition(kRows, 1, world().size()).rows_of(world().rank()); }

std::vector<float> centroids_of(std::int64_t k) {
  std::vector<float> centroids;
  for (std::int64_t i = 0; i < k * kColumns; ++i) centroids.push_back(static_cast<float>(i) + 0.25F);
  return centroids;
}

std::vector<std::int64_t> sizes_of(std::int64_t k) {
  return k == 2 ? std::vector<std::int64_t>{3, 3} : std::vector<std::int64_t>{3, 2, 1};
}

void write_solution(ClusteringWriter& writer, std::int64_t k) {
  const auto& labels = k == 2 ? kLabels2 : kLabels3;
  writer.write(Solution{k, kRows, kColumns, own_rows(), part(labels, own_rows()), part(kDistances, own_rows()),
                        centroids_of(k), sizes_of(k), 10.0 / static_cast<double>(k)});
}

ClusteringWriter writer_of(const Study& study, const std::string& name, const std::string& algorithm,
                           const std::string& reduction = "") {
  return {study.path(Kind::clusterings, name), Recipe("cluster", 1), {"net", reduction, algorithm}, {2, 3}, world()};
}

Starts starts_of(bool mixture) {
  Starts starts{7, true, 0.75, {1, 0.75, 0.75, 1}, {}, {}};
  (mixture ? starts.log_likelihood : starts.inertia) = {5.5, 5};
  return starts;
}

void write_kmeans(const Study& study) {
  ClusteringWriter writer = writer_of(study, "kmeans", "k-means", "net-pca");
  for (const std::int64_t k : {2, 3}) {
    write_solution(writer, k);
    writer.write(k, starts_of(false));
  }
  writer.finish();
}

void write_ward(const Study& study) {
  ClusteringWriter writer = writer_of(study, "ward", "ward");
  writer.write(kMerges);
  for (const std::int64_t k : {2, 3}) write_solution(writer, k);
  writer.finish();
}

std::size_t covariance_numbers(Covariance covariance, std::int64_t k) {
  const std::int64_t numbers[] = {k * kColumns * kColumns, kColumns * kColumns, k * kColumns, k};
  return static_cast<std::size_t>(numbers[static_cast<int>(covariance)]);
}

MixtureResult mixture_of(std::int64_t k, Covariance covariance) {
  MixtureResult found;
  const std::size_t numbers = covariance_numbers(covariance, k);
  found.model = {k,
                 kColumns,
                 covariance,
                 std::vector<double>(static_cast<std::size_t>(k), 0.5),
                 std::vector<double>(static_cast<std::size_t>(k * kColumns), 1.5),
                 std::vector<double>(numbers, 2),
                 std::vector<double>(numbers, 3)};
  found.local_rows = own_rows();
  found.local_probabilities.assign(static_cast<std::size_t>(own_rows().size() * k), 0.25F);
  found.log_likelihood = -1;
  found.bic = 100 + static_cast<double>(k);
  found.aic = 90;
  found.parameters = 17;
  return found;
}

void write_mixture(const Study& study, Covariance covariance) {
  ClusteringWriter writer = writer_of(study, "mixture", "mixture");
  for (const std::int64_t k : {2, 3}) {
    write_solution(writer, k);
    writer.write(k, starts_of(true));
    writer.write(mixture_of(k, covariance), kRows);
  }
  writer.finish();
}

Sound sound_clustering(const Study& study, const std::string& name) {
  const auto read = [study, name] {
    const ClusteringReader reader(study, name);
    reader.algorithm();
    reader.merges();
    for (const auto k : reader.ks()) {
      reader.labels(k);
      reader.distances(k);
      reader.centroids(k);
      reader.sizes(k);
      reader.inertia(k);
      reader.starts(k);
      reader.probabilities(k);
      if (reader.criteria(k)) reader.model(k);
    }
  };
  return {study.path(Kind::clusterings, name), {"features", "reduction", "algorithm"}, read};
}

}  // namespace

TEST_CASE("a k-means clustering comes back as it was found") {
  const TemporaryFolder folder;
  const Study study(folder.path().string());
  write_kmeans(study);
  const ClusteringReader reader(study, "kmeans");
  CHECK(reader.features() == "net");
  CHECK(reader.reduction() == "net-pca");
  CHECK(reader.algorithm() == "k-means");
  CHECK(reader.rows() == kRows);
  CHECK(reader.columns() == kColumns);
  CHECK(reader.ks() == std::vector<std::int64_t>{2, 3});
  CHECK(reader.choose({}) == reader.ks());
  CHECK_THROWS_WITH_AS(reader.choose({4}), doctest::Contains("no solution for k = 4, only 2, 3"), InvalidArgument);
  CHECK(reader.labels(2) == kLabels2);
  CHECK(reader.labels(3) == kLabels3);
  CHECK(reader.distances(3) == kDistances);
  CHECK(reader.centroids(3) == centroids_of(3));
  CHECK(reader.sizes(3) == sizes_of(3));
  CHECK(reader.inertia(2) == 5);
  const auto starts = reader.starts(2);
  REQUIRE(starts);
  CHECK(starts->n_iter == 7);
  CHECK(starts->converged);
  CHECK(starts->stability == 0.75);
  CHECK(starts->agreement == starts_of(false).agreement);
  CHECK(starts->inertia == starts_of(false).inertia);
  CHECK(starts->count() == 2);
  CHECK(reader.probabilities(2).empty());
  CHECK_FALSE(reader.criteria(2));
  CHECK(reader.merges().empty());
}

TEST_CASE("a clustering of an earlier study, which calls seed_stability otherwise, is read") {
  const TemporaryFolder folder;
  const Study study(folder.path().string());
  write_kmeans(study);
  const Sound sound{study.path(Kind::clusterings, "kmeans"), {"features", "reduction", "algorithm"}, [] {}};
  world().on_root([&] {
    write_with(sound, "k=2/seed_stability", [](const ArtifactReader& from, ArtifactWriter& to) {
      to.put_value<double>("k=2/stability", from.read<double>("k=2/seed_stability").at(0));
    });
  });
  CHECK(ClusteringReader(study, "kmeans").starts(2)->stability == 0.75);
}

TEST_CASE("Ward's tree comes back as it was found, and is scipy's linkage matrix") {
  const TemporaryFolder folder;
  const Study study(folder.path().string());
  write_ward(study);
  const ClusteringReader reader(study, "ward");
  CHECK_FALSE(reader.starts(2));
  CHECK(linkage_of(reader.merges()) == linkage_of(kMerges));
  CHECK(linkage_of(kMerges)[11] == 3);
  CHECK(reader.merges().size() == 5);
}

TEST_CASE("a mixture comes back with all that new rows want, whatever its covariances") {
  for (const auto covariance : {Covariance::full, Covariance::tied, Covariance::diagonal, Covariance::spherical}) {
    const TemporaryFolder folder;
    const Study study(folder.path().string());
    write_mixture(study, covariance);
    const ClusteringReader reader(study, "mixture");
    const GaussianMixture there = reader.model(3), wanted = mixture_of(3, covariance).model;
    CHECK(there.k == wanted.k);
    CHECK(there.columns == wanted.columns);
    CHECK(there.covariance == covariance);
    CHECK(there.weights == wanted.weights);
    CHECK(there.means == wanted.means);
    CHECK(there.covariances == wanted.covariances);
    CHECK(there.precisions_cholesky == wanted.precisions_cholesky);
    CHECK(reader.probabilities(2) == std::vector<float>(kRows * 2, 0.25F));
    CHECK(reader.starts(2).value().log_likelihood == starts_of(true).log_likelihood);
    const auto criteria = reader.criteria(3);
    REQUIRE(criteria);
    CHECK(criteria->bic == 103);
    CHECK(criteria->aic == 90);
    CHECK(criteria->log_likelihood == -1);
    CHECK(criteria->parameters == 17);
    CHECK(covariance_of(covariance_name(covariance)) == covariance);
  }
}

TEST_CASE("a clustering whose parts are of another type, another length or missing is refused by name") {
  const TemporaryFolder folder;
  const Study study(folder.path().string());
  write_kmeans(study);
  write_ward(study);
  write_mixture(study, Covariance::full);
  world().on_root([&] {
    Sound kmeans = sound_clustering(study, "kmeans");
    for (const char* k : {"k=2/", "k=3/"}) kmeans.optional.insert(std::string(k) + "init_agreement");
    check_every_harm(kmeans);
    Sound ward = sound_clustering(study, "ward");
    ward.optional = {"linkage"};
    check_every_harm(ward);
    Sound mixture = sound_clustering(study, "mixture");
    mixture.attributes.emplace_back("covariance");
    for (const std::string k : {"k=2/", "k=3/"})
      mixture.optional.insert({k + "init_agreement", k + "probabilities", k + "bic"});
    check_every_harm(mixture);
  });
}

TEST_CASE("a clustering with labels, sizes, merges or numbers of clusters that cannot be is refused by name") {
  const TemporaryFolder folder;
  const Study study(folder.path().string());
  const auto refused = [&](const std::string& of, const std::string& name, const auto& values,
                           const std::string& says) {
    of == "ward" ? write_ward(study) : write_kmeans(study);
    world().on_root([&] {
      const Sound sound = sound_clustering(study, of);
      write_with(sound, name, values);
      const std::string fault = fault_of(sound);
      CHECK_MESSAGE(fault.find("its dataset \"" + name + "\" " + says) == 0, fault);
    });
  };
  refused("kmeans", "k=3/labels", std::vector<std::int32_t>{0, 1, 3, 0, 0, 1}, "holds 3, which is none of 0 to 2");
  refused("kmeans", "k=3/labels", std::vector<std::int32_t>{0, -1, 2, 0, 0, 1}, "holds -1");
  refused("kmeans", "k=3/sizes", std::vector<std::int64_t>{7, 0, 0}, "holds 7");
  refused("kmeans", "k", std::vector<std::int64_t>{3, 2}, "lists 3, 2");
  refused("kmeans", "k", std::vector<std::int64_t>{0, 2}, "holds 0");
  auto linkage = linkage_of(kMerges);
  linkage[4] = 7;  // is made later
  refused("ward", "linkage", linkage, "holds 7");
  linkage[4] = -1;
  refused("ward", "linkage", linkage, "holds -1");
}

TEST_CASE("a clustering of other rows than there are now is refused") {
  const TemporaryFolder folder;
  const Study study(folder.path().string());
  write_ward(study);
  const auto import = [&](std::int64_t rows) {
    world().on_root([&] {
      const auto count = static_cast<std::size_t>(rows);
      write_imported(study.path(Kind::features, "net"), Recipe("import", 1), "x.csv",
                     OwnedRows(std::vector<float>(count * kColumns, 1), rows, kColumns),
                     {{std::vector<std::string>(count), std::vector<std::uint64_t>(count)}, {}, {}});
    });
  };
  import(kRows);
  CHECK(ClusteringReader(study, "ward").open_rows()->rows() == kRows);
  world().barrier();
  import(kRows + 1);
  CHECK_THROWS_WITH_AS(ClusteringReader(study, "ward").open_rows(),
                       doctest::Contains("groups 6 rows of 2 numbers, and net has 7 of 2 now"), FileError);
}

}  // namespace coterie
