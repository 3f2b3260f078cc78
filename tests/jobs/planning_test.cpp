// What commands say of their work before they begin it.

#include <doctest/doctest.h>

#include "command/all_commands.hpp"
#include "planning/effort.hpp"

namespace coterie::jobs {
namespace {

/// Processor seconds that cluster expects of rows of 32 numbers.
double expected(const std::map<std::string, std::string>& asked, std::int64_t rows, std::int64_t k) {
  const CommandList commands = all_commands();
  const Command& cluster = find_command(commands, "cluster");
  Options options(cluster.options);
  for (const auto& [name, value] : asked) options.set(name, value);
  Workload work;
  work.stages = {settled(cluster, options)};
  work.images = rows;
  work.components = 32;
  work.ks = {k};
  StageCost cost;
  cluster.stage->effort->cost(work, {}, cost);
  return cost.flops / cluster.stage->effort->flops_a_second;
}

}  // namespace

TEST_CASE("mini-batches are expected to take their steps and a labelling, not passes over all rows") {
  const auto batches = [](std::map<std::string, std::string> more, std::int64_t rows, std::int64_t k) {
    more["algorithm"] = "mini-batch";
    return expected(more, rows, k);
  };
  // Taken on the processor that the estimates are for, without the program's start, in seconds (docs/benchmarks.md).
  struct Taken {
    std::int64_t rows, k;
    const char* starts;
    double seconds;
  };
  for (const Taken& each : {Taken{500'000, 100, "3", 1.6}, {1'000'000, 10, "1", 1.0}, {1'000'000, 100, "1", 1.6}}) {
    CAPTURE(each.rows);
    CAPTURE(each.k);
    const double said = batches({{"n-init", each.starts}}, each.rows, each.k);
    CHECK(said > 0.5 * each.seconds);
    CHECK(said < 2 * each.seconds);
  }
  CHECK(batches({}, 500'000, 100) < 0.2 * expected({}, 500'000, 100));
  CHECK(batches({{"max-iter", "1"}}, 500'000, 100) < batches({}, 500'000, 100));
  CHECK(batches({{"n-init", "6"}}, 500'000, 100) > 1.5 * batches({}, 500'000, 100));
  CHECK(batches({{"batch-rows", "500000"}, {"max-iter", "10"}}, 500'000, 100) > batches({}, 500'000, 100));
}

}  // namespace coterie::jobs
