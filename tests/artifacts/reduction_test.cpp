#include "coterie/artifacts/reduction.hpp"

#include "harmed.hpp"
#include "temporary_folder.hpp"

namespace coterie {
namespace {

const Communicator& world() { return Communicator::world(); }

constexpr std::int64_t kRows = 5;

Pca sample_pca() {
  Pca pca;
  pca.normalise = Normalise::standard;
  pca.normalise_after = Normalise::l2;
  pca.whiten = true;
  pca.solver = PcaSolver::randomised;
  pca.error_bound = 0.25;
  pca.dimensions = 3;
  pca.mean = {1, 2, 3};
  pca.scale = {4, 5, 6};
  pca.components = {1, 0, 0, 0, 1, 0};
  pca.explained_variance = {9, 4};
  pca.explained_variance_ratio = {0.6, 0.3};
  pca.singular_values = {6, 4};
  pca.total_variance = 15;
  pca.rows = kRows;
  return pca;
}

float value_at(std::int64_t row, std::int64_t column) { return static_cast<float>(10 * row + column); }

// Each rank writes its share of the rows.
void write_sample(const Study& study, const std::string& name, const Pca& pca) {
  ReductionWriter writer(study.path(Kind::reductions, name), Recipe("reduce", 1), kRows, pca.count(), world());
  const RowRange own = RowPartition(kRows, 1, world().size()).rows_of(world().rank());
  std::vector<float> values;
  for (std::int64_t row = own.begin; row < own.end; ++row)
    for (std::int64_t c = 0; c < pca.count(); ++c) values.push_back(value_at(row, c));
  writer.write_rows(own, values.data());
  writer.finish("net", pca);
}

}  // namespace

TEST_CASE("a reduction comes back with its rows and all that projecting wants") {
  const TemporaryFolder folder;
  const Study study(folder.path().string());
  write_sample(study, "net-pca", sample_pca());
  const ReductionReader reader(study, "net-pca");
  CHECK(reader.features() == "net");
  CHECK(reader.rows() == kRows);
  CHECK(reader.columns() == 2);
  const Pca there = reader.pca(), wanted = sample_pca();
  CHECK(there.normalise == wanted.normalise);
  CHECK(there.normalise_after == wanted.normalise_after);
  CHECK(there.whiten);
  CHECK(there.solver == wanted.solver);
  CHECK(there.error_bound == wanted.error_bound);
  CHECK(there.dimensions == wanted.dimensions);
  CHECK(there.mean == wanted.mean);
  CHECK(there.scale == wanted.scale);
  CHECK(there.components == wanted.components);
  CHECK(there.explained_variance == wanted.explained_variance);
  CHECK(there.explained_variance_ratio == wanted.explained_variance_ratio);
  CHECK(there.singular_values == wanted.singular_values);
  CHECK(there.total_variance == wanted.total_variance);
  CHECK(there.rows == wanted.rows);
  std::vector<float> row(2);
  reader.open_rows()->read({4, 5}, row.data());
  CHECK(row == std::vector<float>{value_at(4, 0), value_at(4, 1)});
}

TEST_CASE("a reduction of an earlier version says in its recipe how rows were normalised") {
  const TemporaryFolder folder;
  const Study study(folder.path().string());
  write_sample(study, "net-pca", sample_pca());
  world().on_root([&] {
    const ArtifactReader from(study.path(Kind::reductions, "net-pca"));
    Recipe recipe("reduce", 1);
    recipe.set("normalize", "l2");
    recipe.set("normalize-after", "none");
    ArtifactWriter to(study.path(Kind::reductions, "old"), recipe, Communicator::self());
    to.attribute("features", "net");
    for (const auto& name : from.datasets()) copy_dataset(from, to, name);
    to.finish();
  });
  const Pca there = ReductionReader(study, "old").pca();
  CHECK(there.normalise == Normalise::l2);
  CHECK(there.normalise_after == Normalise::none);
  CHECK_FALSE(there.whiten);
}

TEST_CASE("a reduction whose parts are of another type, another length or missing is refused by name") {
  const TemporaryFolder folder;
  const Study study(folder.path().string());
  write_sample(study, "net-pca", sample_pca());
  world().on_root([&] {
    Sound sound{study.path(Kind::reductions, "net-pca"),
                {"features", "normalize", "normalize-after", "whiten", "solver"},
                [&] { ReductionReader(study, "net-pca").pca(); }};
    sound.optional = {"error_bound"};
    sound.unchecked = {"rows"};  // a row more is another study's N, of which ClusteringReader::open_rows tells
    check_every_harm(sound);
    write_harmed(sound, "rows", Harm::type);
    CHECK(fault_of(sound).find("its dataset \"rows\" is int32 where float32 is wanted; coterie reduce --overwrite") ==
          0);
  });
}

TEST_CASE("names of options are those of the enumerations") {
  for (const auto normalise : {Normalise::none, Normalise::standard, Normalise::l2})
    CHECK(normalise_of(normalise_name(normalise)) == normalise);
  for (const auto solver : {PcaSolver::automatic, PcaSolver::covariance, PcaSolver::tsqr, PcaSolver::gram,
                            PcaSolver::randomised, PcaSolver::incremental})
    CHECK(solver_of(solver_name(solver)) == solver);
}

}  // namespace coterie
