#include "coterie/artifacts/coding.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "harmed.hpp"
#include "temporary_folder.hpp"

namespace coterie {
namespace {

const Communicator& world() { return Communicator::world(); }

Coding sample_coding() {
  Coding coding{.clustering = "net-kmeans", .k = 2, .task = CodingTask::labels, .seed = 7, .key = "abc"};
  coding.names = {"a \"quoted\"", "b,\nc"};
  coding.sizes = {30, 4};
  coding.references = {{3, 4}, {}};
  coding.items = {{0, ItemKind::random, {5}, 1, {1, 0}}, {1, ItemKind::boundary, {9}, 0, {1, 0}}};
  coding.forms = {{1, 0}, {0}};
  return coding;
}

CodingAnswers sample_answers() {
  return {.coding = "own",
          .previous = "before",
          .round = 2,
          .answers = {{0, 1, 0, 2.5, 1}, {1, 0, -1, std::nan(""), 2}},
          .remarks = {{"missing", 1, "0f", "has no answer"}, {"foreign", -1, "", "x"}}};
}

}  // namespace

TEST_CASE("a coding and its answers come back as they were") {
  const TemporaryFolder folder;
  const std::string coding_path = folder / "coding/own.h5", answers_path = folder / "answers/own.h5";
  const Coding wanted = sample_coding();
  world().on_root([&] {
    write_coding(coding_path, Recipe("code make", 1), wanted);
    write_answers(answers_path, Recipe("code read", 1), sample_answers());
  });
  const ArtifactReader artifact(coding_path);
  const Coding there = read_coding(artifact);
  CHECK(there.clustering == wanted.clustering);
  CHECK(there.k == 2);
  CHECK(there.task == CodingTask::labels);
  CHECK(there.seed == 7);
  CHECK(there.key == "abc");
  CHECK(there.names == wanted.names);
  CHECK(there.sizes == wanted.sizes);
  CHECK(there.references == wanted.references);
  CHECK(there.items == wanted.items);
  CHECK(there.forms == wanted.forms);
  CHECK(artifact.texts("form_token") ==
        std::vector{item_token("abc", 0, 1), item_token("abc", 0, 0), item_token("abc", 1, 0)});
  const CodingAnswers answers = read_answers(ArtifactReader(answers_path), there);
  CHECK(answers.coding == "own");
  CHECK(answers.previous == "before");
  CHECK(answers.round == 2);
  REQUIRE(answers.answers.size() == 2);
  CHECK(answers.answers[0].seconds == 2.5);
  CHECK(answers.answers[1].round == 2);
  CHECK(answers.answers[1].answer == -1);
  CHECK(std::isnan(answers.answers[1].seconds));
  REQUIRE(answers.remarks.size() == 2);
  CHECK(answers.remarks[0].token == "0f");
  CHECK(answers.remarks[1].coder == -1);
}

TEST_CASE("a harmed coding and harmed answers are refused with the dataset") {
  const TemporaryFolder folder;
  const std::string coding_path = folder / "coding/own.h5", answers_path = folder / "answers/own.h5";
  world().on_root([&] {
    write_coding(coding_path, Recipe("code make", 1), sample_coding());
    write_answers(answers_path, Recipe("code read", 1), sample_answers());
  });
  check_every_harm({.path = coding_path,
                    .attributes = {"clustering", "k", "task", "seed", "key"},
                    .read = [&] { read_coding(ArtifactReader(coding_path)); },
                    .optional = {"names"},
                    .unchecked = {"form_token"}});  // which is for people: the key gives it
  check_every_harm({.path = answers_path, .attributes = {"coding", "previous", "round"}, .read = [&] {
                      read_answers(ArtifactReader(answers_path), sample_coding());
                    }});
}

}  // namespace coterie
