#include "coterie/dist/communicator.hpp"

#include <doctest/doctest.h>

#include <numeric>

#include "coterie/base/errors.hpp"
#include "coterie/dist/pending_sum.hpp"

namespace coterie {
namespace {

const Communicator& world() { return Communicator::world(); }

}  // namespace

TEST_CASE("sums and extremes agree with a serial recount on every rank") {
  const int p = world().size(), r = world().rank();
  std::vector<std::int64_t> values = {r, 10 * r, 1};
  world().sum(values);
  CHECK(values == std::vector<std::int64_t>{p * (p - 1) / 2, 10 * p * (p - 1) / 2, p});
  CHECK(world().max(static_cast<std::int64_t>(r)) == p - 1);
  CHECK(world().max(-1.5 * r) == 0);
  double lowest = 0.5 * r;
  world().min(std::span(&lowest, 1));
  CHECK(lowest == 0);
  CHECK(world().any(r == p - 1));
  CHECK_FALSE(world().any(false));
}

TEST_CASE("sums that are on their way arrive, whatever else is sent meanwhile") {
  const std::int64_t p = world().size(), r = world().rank();
  std::vector<std::unique_ptr<PendingSum>> begun;
  for (std::int64_t i = 0; i < 5; ++i) {
    std::vector<std::int64_t> terms(static_cast<std::size_t>(100'000 * i + 1));
    std::iota(terms.begin(), terms.end(), r * i);
    begun.push_back(std::make_unique<PendingSum>(std::move(terms), world()));
    CHECK(world().sum(1) == p);
  }
  begun[3]->wait();
  while (PendingSum::move_on()) {
  }
  for (std::int64_t i = 5; i-- > 0;) {
    const auto sums = begun[static_cast<std::size_t>(i)]->wait();
    REQUIRE(std::ssize(sums) == 100'000 * i + 1);
    CHECK(sums.back() == p * 100'000 * i + i * p * (p - 1) / 2);
  }
  CHECK_FALSE(PendingSum::move_on());
}

TEST_CASE("a text of any length reaches all ranks") {
  std::string text = world().is_root() ? std::string(100'001, 'q') : "else";
  world().broadcast(text);
  CHECK(text == std::string(100'001, 'q'));
}

TEST_CASE("gathered pieces of unequal length lie in rank order") {
  std::vector<int> mine(static_cast<std::size_t>(world().rank()), world().rank());  // rank r brings r times r
  const auto all = world().gather_all(std::span<const int>(mine));
  std::vector<int> expected;
  for (int r = 0; r < world().size(); ++r) expected.insert(expected.end(), static_cast<std::size_t>(r), r);
  CHECK(all == expected);
}

TEST_CASE("pieces that all ranks know the sizes of are gathered where they lie") {
  const int p = world().size(), r = world().rank();
  std::vector<std::int64_t> sizes(static_cast<std::size_t>(p));
  std::iota(sizes.begin(), sizes.end(), 0);  // rank r brings r times r
  std::vector<int> all(static_cast<std::size_t>(p * (p - 1) / 2), -1), expected;
  for (int from = 0; from < p; ++from) expected.insert(expected.end(), static_cast<std::size_t>(from), from);
  std::fill_n(all.begin() + r * (r - 1) / 2, r, r);
  world().gather_in_place(std::span(all), sizes);
  CHECK(all == expected);
}

TEST_CASE("each rank has something else for each, and nothing for some") {
  const int p = world().size(), r = world().rank();
  std::vector<std::int64_t> to_each, from_each;  // rank r sends s elements to rank s, all 10 r + s
  std::vector<int> sent, expected;
  for (int s = 0; s < p; ++s) {
    to_each.push_back(s);
    from_each.push_back(r);
    sent.insert(sent.end(), static_cast<std::size_t>(s), 10 * r + s);
    expected.insert(expected.end(), static_cast<std::size_t>(r), 10 * s + r);
  }
  std::vector<int> received(expected.size());
  world().exchange(std::span<const int>(sent), to_each, std::span(received), from_each);
  CHECK(received == expected);
}

TEST_CASE("a message goes round the ring") {
  const int p = world().size(), r = world().rank();
  if (p == 1) return;
  int token = 0;
  if (r == 0) {
    token = 42;
    world().send(&token, sizeof token, 1, 0);
    world().receive(&token, sizeof token, p - 1, 0);
    CHECK(token == 42 + p - 1);
  } else {
    world().receive(&token, sizeof token, r - 1, 0);
    ++token;
    world().send(&token, sizeof token, (r + 1) % p, 0);
  }
}

TEST_CASE("one rank's error becomes every rank's error, with its code") {
  const int last = world().size() - 1;
  CHECK_THROWS_AS(world().together([&] { require(world().rank() != last, "rank {} refuses", last); }), InvalidArgument);
  try {
    world().together([&] {
      if (world().rank() == last) throw FileError("x.png", "is gone");
    });
    FAIL("nothing was thrown");
  } catch (const Error& error) {
    CHECK(std::string(error.what()).find("x.png: is gone") == 0);
    CHECK(error.exit_code() == ExitCode::failed);
  }
  CHECK_THROWS_AS(world().on_root([] { throw Stopped("enough"); }), Stopped);
  CHECK_NOTHROW(world().together([] {}));
}

TEST_CASE("a rank that failed learns whether the others come along") {
  CHECK(world().all_arrive(10));
  if (world().size() == 1) return;
  if (world().is_root()) CHECK_FALSE(world().all_arrive(0.05));  // the others come too late
  world().barrier();
  if (!world().is_root()) CHECK(world().all_arrive(10));
}

TEST_CASE("a rank alone is a group of one") {
  CHECK(Communicator::self().size() == 1);
  CHECK(Communicator::self().sum(7) == 7);
  CHECK(world().local_size() == world().size());  // these tests run on one node
}

}  // namespace coterie
