#include "coterie/artifacts/embedding.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "harmed.hpp"
#include "temporary_folder.hpp"

namespace coterie {
namespace {

const Communicator& world() { return Communicator::world(); }

Embedding sample(int dimensions) {
  Embedding made{.features = "net", .reduction = "net-pca", .method = "tsne", .preset = "opentsne"};
  made.dimensions = dimensions;
  for (int i = 0; i < 4 * dimensions; ++i) made.positions.push_back(0.5F * static_cast<float>(i) - 1);
  made.neighbour_count = 2;
  made.neighbours = {1, 2, 0, 2, 1, 3, 2, 1};
  made.neighbour_distances = {0.5F, 1, 0.5F, 0.75F, 0.75F, 1, 1, 2};
  made.kl_divergence = 0.25;
  made.trustworthiness = 0.9375;
  made.distance_correlation = -0.5;
  return made;
}

}  // namespace

TEST_CASE("a map comes back as it was, in the plane and in space, with what was not measured") {
  const TemporaryFolder folder;
  for (const int dimensions : {2, 3}) {
    const std::string path = folder / "embeddings/x.h5";
    const Embedding wanted = sample(dimensions);
    world().on_root([&] { write_embedding(path, Recipe("embed", 1), wanted); });
    const ArtifactReader artifact(path);
    const Embedding there = read_embedding(artifact);
    CHECK(there.features == "net");
    CHECK(there.reduction == "net-pca");
    CHECK(there.method == "tsne");
    CHECK(there.preset == "opentsne");
    CHECK(there.dimensions == dimensions);
    CHECK(there.rows() == 4);
    CHECK(there.positions == wanted.positions);
    CHECK(there.neighbour_count == 2);
    CHECK(there.neighbours == wanted.neighbours);
    CHECK(there.neighbour_distances == wanted.neighbour_distances);
    CHECK(there.kl_divergence == 0.25);
    CHECK(there.trustworthiness == 0.9375);
    CHECK(std::isnan(there.neighbour_recall));
    CHECK(there.distance_correlation == -0.5);
    std::vector<float> row(static_cast<std::size_t>(dimensions));
    open_positions(artifact)->read({2, 3}, row.data());
    CHECK(row.front() == wanted.positions[static_cast<std::size_t>(2 * dimensions)]);
    world().barrier();
  }
}

TEST_CASE("a map of one image has no neighbours") {
  const TemporaryFolder folder;
  const std::string path = folder / "embeddings/x.h5";
  Embedding single{.features = "net", .method = "positions"};
  single.positions = {0, 0};
  world().on_root([&] { write_embedding(path, Recipe("embed", 1), single); });
  const Embedding there = read_embedding(ArtifactReader(path));
  CHECK(there.rows() == 1);
  CHECK(there.neighbour_count == 0);
  CHECK(there.neighbours.empty());
}

TEST_CASE("what going on with a map takes is read back, but not for another recipe or of a damaged file") {
  const TemporaryFolder folder;
  const std::string path = folder / "state.h5";
  Recipe recipe("embed", 1);
  const TsneState wanted{40, {1, 2, 3, 4}, {5, 6, 7, 8}, {1, 1, 2, 2}, 0.5, 30};
  write_map_state(path, recipe, wanted, 2, world());
  const auto there = read_map_state(path, recipe, 2, 2);
  REQUIRE(there.has_value());
  CHECK(there->iteration == 40);
  CHECK(there->positions == wanted.positions);
  CHECK(there->velocities == wanted.velocities);
  CHECK(there->gains == wanted.gains);
  CHECK(there->best == 0.5);
  CHECK(there->best_iteration == 30);
  CHECK_FALSE(read_map_state(path, recipe, 4, 2).has_value());
  CHECK_FALSE(read_map_state(folder / "none.h5", recipe, 2, 2).has_value());
  recipe.set("seed", "2");
  CHECK_FALSE(read_map_state(path, recipe, 2, 2).has_value());
}

TEST_CASE("a harmed map is refused with the dataset") {
  const TemporaryFolder folder;
  const std::string path = folder / "embeddings/x.h5";
  const Sound sound{path, {"features", "reduction", "method", "preset"}, [&] { read_embedding(ArtifactReader(path)); }};
  world().on_root([&] {
    write_embedding(path, Recipe("embed", 1), sample(2));
    check_every_harm(sound);
    auto positions = sample(2).positions;
    positions[3] = NAN;
    write_with(sound, "positions", positions);
    CHECK(fault_of(sound).find("its dataset \"positions\" holds a number that is not finite") == 0);
    write_embedding(path, Recipe("embed", 1), sample(2));
    write_with(sound, "neighbours", std::vector<std::int32_t>{1, 2, 0, 2, 1, 4, 2, 1});
    CHECK(fault_of(sound).find("its dataset \"neighbours\" holds 4") == 0);
    write_with(sound, "positions", [](const ArtifactReader&, ArtifactWriter& to) {
      to.put<float>("positions", {2, 4}, std::vector<float>(8));
    });
    CHECK(fault_of(sound).find("its dataset \"positions\" has 4 columns") == 0);
  });
}

}  // namespace coterie
