#include "coterie/dist/node_memory.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <vector>

#include "coterie/base/errors.hpp"

namespace coterie {
namespace {

const Communicator& world() { return Communicator::world(); }

std::byte pattern(std::size_t at, std::size_t round) { return static_cast<std::byte>(at * 31 + at / 251 + round); }

bool holds_pattern(const NodeMemory& memory, std::size_t round) {
  const auto bytes = memory.bytes();
  for (std::size_t at = 0; at < bytes.size(); ++at)
    if (bytes[at] != pattern(at, round)) return false;
  return true;
}

void write_pattern(const NodeMemory& memory, std::size_t round) {
  for (std::size_t at = 0; at < memory.bytes().size(); ++at) memory.bytes()[at] = pattern(at, round);
}

}  // namespace

TEST_CASE("what the node's first rank writes is what all its ranks read, whatever the size, once and again") {
  for (const std::int64_t bytes : {0, 1, 64, 4097, 3'000'001}) {
    CAPTURE(bytes);
    const NodeMemory memory(world(), bytes);
    CHECK(static_cast<std::int64_t>(memory.bytes().size()) == bytes);
    CHECK(reinterpret_cast<std::uintptr_t>(memory.bytes().data()) % 64 == 0);
    CHECK(memory.writes() == (world().local_rank() == 0));
    for (const std::size_t round : {3U, 4U}) {
      if (memory.writes()) write_pattern(memory, round);
      memory.publish();
      CHECK(holds_pattern(memory, round));
      world().barrier();
    }
  }
}

TEST_CASE("several lie side by side, and one that is moved stays where it is") {
  std::vector<NodeMemory> memories;
  for (std::size_t i = 0; i < 5; ++i) {
    memories.emplace_back(world(), 100'000);
    if (memories.back().writes()) write_pattern(memories.back(), i);
    memories.back().publish();
  }
  for (std::size_t i = 0; i < 5; ++i) CHECK(holds_pattern(memories[i], i));
}

TEST_CASE("more than there is, or less than nothing, is refused on all ranks, and the next request is served") {
  CHECK_THROWS_AS(NodeMemory(world(), std::int64_t{1} << 60), Error);
  CHECK_THROWS_AS(NodeMemory(world(), world().is_root() ? -1 : 8), InvalidArgument);
  const NodeMemory memory(world(), 8);
  CHECK(memory.bytes().size() == 8);
}

TEST_CASE("a rank that fails alone does not wait for the others to let the memory go") {
  const bool fails = world().rank() == world().size() - 1;
  const auto meet = [] { world().barrier(); };  // in one place: ranks that are checked meet nowhere else
  const auto hold = [&] {
    const NodeMemory memory(world(), 4096);
    if (!fails) meet();  // which the failed one reaches only when it has let go
    throw Error("so ends the program");
  };
  CHECK_THROWS_AS(hold(), Error);
  if (fails) meet();
}

}  // namespace coterie
