#include "coterie/report/scatter_chart.hpp"

#include <doctest/doctest.h>

#include <filesystem>

#include "coterie/base/errors.hpp"
#include "temporary_folder.hpp"

namespace coterie {

TEST_CASE("a scatter chart has each group in its colour, and a key while there is room") {
  const std::vector<double> x{0, 1, 2, 3}, y{0, 1, 0, 1};
  const Chart chart = scatter_chart("map", "Map", x, y, {0, 1, -1, 1}, {"cats", "a \"dog\""});
  CHECK(chart.script.find("'a \"dog\"'") != std::string::npos);
  CHECK(chart.script.find("$group0 << EOD\n2 0\nEOD") != std::string::npos);
  CHECK(chart.script.find("$group2 << EOD\n1 1\n3 1\nEOD") != std::string::npos);
  CHECK(chart.alt.find("4 images") != std::string::npos);
  CHECK(chart_svg(chart).starts_with("<svg"));
  CHECK(scatter_chart("map", "Map", x, y, {0, 1, -1, 1}, {"a", "b"}, "older").script.find("'older'") !=
        std::string::npos);
  const Chart many = scatter_chart("map", "Map", x, y, {0, 1, 2, 3}, std::vector<std::string>(13, "x"));
  CHECK(many.script.find("unset key") != std::string::npos);
  CHECK(scatter_chart("map", "Map", {}, {}, {}, {}).empty());
  CHECK_THROWS_AS(scatter_chart("map", "Map", x, y, {0}, {}), InvalidArgument);
}

// Which gnuplot does between double quotes.
TEST_CASE("no name of a group is run as a command") {
  const TemporaryFolder folder;
  const std::string trap = folder / "trap";
  const std::vector<double> x{0, 1}, y{0, 1};
  const Chart chart = scatter_chart("map", "Map", x, y, {0, 1}, {"`touch " + trap + "`", "\\\" `touch " + trap + "`"});
  CHECK(chart_svg(chart).starts_with("<svg"));
  CHECK_FALSE(std::filesystem::exists(trap));
}

}  // namespace coterie
