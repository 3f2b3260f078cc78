#include "coterie/base/errors.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <new>

namespace coterie {
namespace {

bool holds(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

TEST_CASE("errors of ours say what they say; others what a person can do") {
  CHECK(explanation(FileError("a.h5", "is cut off")) == "a.h5: is cut off");
  const std::string memory = explanation(std::bad_alloc());
  CHECK(holds(memory, "memory ran out"));
  CHECK(holds(memory, "MiB"));
  CHECK(holds(memory, "--memory"));
  CHECK(holds(explanation(std::logic_error("vector::at")), "did not foresee (vector::at)"));
}

TEST_CASE("errors of the file system name the path, the reason and the way out") {
  const auto said = [](std::errc code) {
    return explanation(
        std::filesystem::filesystem_error("cannot rename", "study.h5.tmp", "study.h5", std::make_error_code(code)));
  };
  CHECK(
      said(std::errc::operation_not_permitted).starts_with("study.h5.tmp (with study.h5): Operation not permitted; "));
  CHECK(holds(said(std::errc::no_space_on_device), "free some space"));
  CHECK_FALSE(holds(said(std::errc::file_exists), "filesystem"));
}

}  // namespace
}  // namespace coterie
