#include "coterie/artifacts/checkpoint.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "coterie/base/errors.hpp"
#include "coterie/dist/row_partition.hpp"
#include "harmed.hpp"
#include "temporary_folder.hpp"

namespace coterie {
namespace {

const Communicator& world() { return Communicator::world(); }

TrainingHistory history() {
  TrainingHistory made;
  made.epochs = {3, 4};
  made.loss = {1.5, 1.25};
  made.cluster_loss = {7, 6};
  made.explained = {0.02, 0.03};
  made.entropy = {1, 0.9};
  made.agreement = {NAN, 0.5};
  made.labels = {0, 1, -1, 2, 2, 1};
  made.rows = 3;
  made.clusters = 3;
  return made;
}

TEST_CASE("a checkpoint's history comes back as it was written, and every harm is found") {
  const TemporaryFolder folder;
  const Study study(folder.path().string());
  Recipe recipe("train", 1);
  recipe.set("method", "deepcluster");
  recipe.set("backbone", "deepcluster_alexnet");
  world().on_root([&] {
    write_checkpoint(study.path(Kind::checkpoints, "c"), recipe, history(), {{"a", "b", "c"}, {1, 2, 3}}, "f00d");
  });
  const CheckpointReader reader(study, "c");
  CHECK(reader.history().epochs == history().epochs);
  CHECK(reader.history().loss == history().loss);
  CHECK(reader.history().labels == history().labels);
  CHECK(std::isnan(reader.history().agreement[0]));
  CHECK(reader.history().agreement[1] == 0.5);
  CHECK(reader.history().reconstruction.empty());
  CHECK(reader.weights_sha256() == "f00d");
  check_every_harm(
      {reader.path(), {"method", "backbone", "weights_sha256"}, [&] { CheckpointReader(study, "c"); }, {}, {}});
}

// This rank's rows of a parameter of seven, or all of them.
Parameter parameter(const std::string& name, bool shared_out, float from) {
  Parameter made{name, {7, 2}};
  made.shared_out = shared_out;
  made.rows = shared_out ? RowPartition(7, 2, world().size()).rows_of(world().rank()) : RowRange{0, 7};
  for (std::int64_t i = made.rows.begin * 2; i < made.rows.end * 2; ++i)
    made.values.push_back(from + static_cast<float>(i));
  if (!shared_out) made.first = std::vector<float>(made.values.size(), 0.25F);
  return made;
}

TEST_CASE("a training's state comes back on every rank, and only with the recipe that it is of") {
  const TemporaryFolder folder;
  const std::string path = (folder.path() / "state.h5").string();
  const Recipe recipe("train", 1), other("train", 2);
  TrainingState state{.history = history(), .step = 5, .updates = 12, .loss = 3.5, .labels = {2, -1, 0}};
  Parameter divided = parameter("classifier.1.weight", true, 1), whole = parameter("features.0.weight", false, 100);
  CHECK(!read_training_state(path, recipe));
  write_training_state(path, recipe, state, std::vector{&divided, &whole}, world());
  CHECK(!read_training_state(path, other));
  const auto found = read_training_state(path, recipe);
  REQUIRE(found);
  CHECK(found->step == 5);
  CHECK(found->updates == 12);
  CHECK(found->loss == 3.5);
  CHECK(found->labels == state.labels);
  CHECK(found->history.labels == history().labels);
  Parameter divided_again = divided, whole_again = whole;
  for (Parameter* each : {&divided_again, &whole_again}) each->values.clear(), each->first.clear();
  read_parameters(path, std::vector{&divided_again, &whole_again});
  CHECK(divided_again.values == divided.values);
  CHECK(whole_again.values == whole.values);
  CHECK(whole_again.first == whole.first);
}

}  // namespace
}  // namespace coterie
