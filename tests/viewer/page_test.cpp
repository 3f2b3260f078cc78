#include "coterie/viewer/page.hpp"

#include <doctest/doctest.h>

#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "coterie/base/errors.hpp"
#include "coterie/dist/communicator.hpp"
#include "coterie/viewer/map_order.hpp"
#include "made_up_exhibit.hpp"
#include "packing.hpp"
#include "temporary_folder.hpp"
#include "viewer_page.hpp"

namespace coterie {
namespace {

std::string text_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

const Part& part(const std::vector<Part>& parts, const std::string& name) {
  for (const auto& each : parts)
    if (each.name == name) return each;
  throw std::runtime_error("no part " + name);
}

int byte(const Part& from, std::size_t i) { return static_cast<unsigned char>(from.bytes.at(i)); }

TEST_CASE("parts are in the order of the map, and neighbours are places in it") {
  Exhibit exhibit = made_up_exhibit(6, 3);
  exhibit.solutions[0].labels[4] = -1;
  exhibit.solutions[0].silhouettes = {-1, 0, 1, 0.5, NAN, 1};
  exhibit.neighbours_each = 1;
  exhibit.neighbours = {3, 4, 5, 0, 1, -1};
  exhibit.paths[2] = "caf\xE9/\"<b>\n.jpg";
  const std::vector<std::int64_t> order = {5, 4, 3, 2, 1, 0};
  const auto parts = pack(exhibit, order);
  CHECK(byte(part(parts, "rows"), 0) == 5);
  const Part& labels = part(parts, "solution-0");
  CHECK(byte(labels, 0) == 5 % 3);
  CHECK(byte(labels, 1) == 255);
  CHECK(byte(labels, 5) == 0);
  const Part& silhouettes = part(parts, "silhouettes-0");
  CHECK(byte(silhouettes, 5) == 0);
  CHECK(byte(silhouettes, 4) == 127);
  CHECK(byte(silhouettes, 3) == 254);
  CHECK(byte(silhouettes, 1) == 255);
  const Part& neighbours = part(parts, "neighbours-0");
  CHECK(byte(neighbours, 0) == 255);    // row 5 has none
  CHECK(byte(neighbours, 4 * 5) == 2);  // row 0's is row 3, which is third
  CHECK(nlohmann::json::parse(part(parts, "paths-0").bytes)[3] == "caf\xEF\xBF\xBD/\"<b>\n.jpg");
  CHECK(part(parts, "map-0").bytes.size() == 6 * 2 * 2);
  CHECK(part(parts, "map-1").bytes.size() == 6 * 3 * 2);
}

TEST_CASE("codes take the width that their values and one for none need") {
  CHECK(code_bytes(254) == 1);
  CHECK(code_bytes(255) == 2);
  CHECK(code_bytes(65534) == 2);
  CHECK(code_bytes(65535) == 4);
}

TEST_CASE("no name ends a script, and the policy allows only the page's own") {
  const TemporaryFolder folder;
  Exhibit exhibit = made_up_exhibit(5, 2);
  exhibit.title = "</title></script><script>alert(1)</script>";
  exhibit.columns[0].name = "</script><!--";
  exhibit.names_json = R"({"format": "coterie names", "version": 1, "clusterings": ["</script>"]})";
  Communicator::world().on_root([&] { write_viewer(exhibit, {0, 1, 2, 3, 4}, {}, true, folder.path().string()); });
  const std::string page = text_of(folder / "index.html");
  std::size_t scripts = 0;
  for (auto at = page.find("<script"); at != std::string::npos; at = page.find("<script", at + 1)) ++scripts;
  std::size_t ends = 0;
  for (auto at = page.find("</script"); at != std::string::npos; at = page.find("</script", at + 1)) ++ends;
  CHECK(scripts == ends);
  CHECK(page.find("alert(1)</script") == std::string::npos);
  CHECK(page.find("default-src 'none'; script-src 'sha256-") != std::string::npos);
  CHECK(page.find("unsafe") == std::string::npos);
  CHECK(page.find("<!--") == std::string::npos);
}

TEST_CASE("the bundled script is one classic script without modules' words") {
  const std::string script = kViewerScript;
  CHECK(script.find("\nimport ") == std::string::npos);
  CHECK(script.find("\nexport ") == std::string::npos);
  CHECK(script.find("</script") == std::string::npos);
  for (const char* word : {"innerHTML", "insertAdjacentHTML", "document.write", "eval(", "fetch(", "XMLHttpRequest"})
    CHECK_MESSAGE(script.find(word) == std::string::npos, word);
}

TEST_CASE("an exhibit whose parts do not fit each other is refused") {
  Exhibit exhibit = made_up_exhibit(5, 2);
  check_exhibit(exhibit);
  Exhibit wrong = exhibit;
  wrong.solutions[0].labels[3] = 2;
  CHECK_THROWS_AS(check_exhibit(wrong), InvalidArgument);
  wrong = exhibit;
  wrong.linked.pop_back();
  CHECK_THROWS_AS(check_exhibit(wrong), InvalidArgument);
  wrong = exhibit;
  wrong.maps[0].positions[0] = NAN;
  CHECK_THROWS_AS(quantised(wrong.maps[0]), InvalidArgument);
}

TEST_CASE("positions keep their proportions, and equal ones lie in the middle") {
  const ViewerMap wide{"wide", "", 2, {0, 0, 100, 10, 50, 5}}, equal{"equal", "", 2, {3, 3, 3, 3}};
  const auto places = quantised(wide);
  CHECK(places[0] == 0);
  CHECK(places[2] == 65535);
  CHECK(places[3] - places[1] == doctest::Approx(6553.5).epsilon(0.001));
  for (const auto place : quantised(equal)) CHECK(place == doctest::Approx(32768).epsilon(0.001));
}

}  // namespace
}  // namespace coterie
