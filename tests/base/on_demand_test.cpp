#include "coterie/base/on_demand.hpp"

#include <doctest/doctest.h>

#include <string>

#include "coterie/base/errors.hpp"

TEST_CASE("a library of coterie's own that is not there is named, with the way out") {
  try {
    coterie::on_demand("libcoterie_nothing.so", "nothing");
    FAIL("nothing was thrown");
  } catch (const coterie::Error& error) {
    CHECK(std::string(error.what()).find("libcoterie_nothing.so") != std::string::npos);
    CHECK(std::string(error.what()).find("install") != std::string::npos);
  }
}
