// Which column of people's tables of features is what.

#include "stages/table_columns.hpp"

#include <doctest/doctest.h>

#include "coterie/base/errors.hpp"

namespace coterie::jobs {
namespace {

ThreadPool pool(3);

CsvTable table_of(const std::string& text) {
  CsvLayout layout;
  layout.named = names_columns;
  return parse_csv(text, "t.csv", layout);
}

// "path | f0,f1 | kind | column 1": names, features, labels, left out.
std::string chosen(const std::string& text, const ColumnWishes& wishes = {}) {
  const CsvTable table = table_of(text);
  const TableColumns columns = choose_columns(table, wishes, "t.csv", pool);
  const auto listed = [&](const std::vector<std::size_t>& some) {
    std::vector<std::string> names;
    for (const auto c : some) names.push_back(table.header[c]);
    return fmt::format("{}", fmt::join(names, ","));
  };
  return fmt::format("{} | {} | {} | {}", columns.names ? table.header[*columns.names] : "", listed(columns.features),
                     listed(columns.labels), listed(columns.left_out));
}

std::string refusal(const std::string& text, const ColumnWishes& wishes = {}) {
  try {
    const CsvTable table = table_of(text);
    feature_values(table, choose_columns(table, wishes, "t.csv", pool).features, "t.csv", pool);
  } catch (const InvalidArgument& error) {
    return error.what();
  }
  return "";
}

bool holds(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("an index, an id and a label are no features") {
  CHECK(chosen(",path,f0,f1,f2\n0,a.jpg,1.5,2,3\n1,b.jpg,4,5,6\n") == "path | f0,f1,f2 |  | column 1");
  CHECK(chosen("id,label,x,y\n17,2,0.5,0.1\n4,0,0.7,0.2\n") == "id | x,y | label | ");
  CHECK(chosen("filename,artist_id,year,V1,V2,V3\na,7,1901,1,2,3\nb,8,1902,4,5,6\n") ==
        "filename | V1,V2,V3 | artist_id,year | ");
  CHECK(chosen("Image,age,V1,V2,V3\na,7.5,1,2,3\nb,8,4,5,6\n") == "Image | V1,V2,V3 | age | ");
  CHECK(chosen("label,x\ncat,0.5\ndog,0.7\n") == " | x | label | ");
}

TEST_CASE("pandas' numbers for columns are names, other numbers are a row") {
  CHECK(chosen(",0,1,2\n0,1.5,2,3\n1,4,5,6\n") == " | 0,1,2 |  | column 1");
  CHECK(chosen("0,1,2\n1.5,2,3\n") == " | 0,1,2 |  | ");
  CHECK(table_of("0.5,1,2\n1.5,2,3\n").rows.size() == 2);
  CHECK(chosen("a.jpg,0.5,1.25\nb.jpg,1.5,2.5\n") == "column 1 | column 2,column 3 |  | ");
  CHECK_THROWS_WITH_AS(table_of("path,3,7,9\na,1,2,3\n"), doctest::Contains("--header yes or --header no"),
                       InvalidArgument);
}

TEST_CASE("what is in doubt is refused, with the option that decides") {
  CHECK(holds(refusal("path,edges,contrast\na,17,0.5\nb,4,0.7\n"), "edges holds whole numbers"));
  CHECK(holds(refusal("path,edges,contrast\na,17,0.5\nb,4,0.7\n"), "--feature-columns"));
  CHECK(holds(refusal("title,place,x\na,c,0.5\nb,d,0.7\n"), "both title and place could be the names"));
  CHECK(holds(refusal("path,title\na,c\nb,d\n"), "no column of it holds the features"));
  CHECK(refusal("path,edges,contrast\na,17,0.5\nb,4,0.7\n", {{"edges", "contrast"}, "", false}).empty());
}

TEST_CASE("a cell without a number is refused with its line, in a column that should be a feature") {
  CHECK(holds(refusal("path,f0,f1,f2\na,1,2,3\nb,4,,6\n"), "line 3, column f1: there is no value"));
  CHECK(holds(refusal("path,f0,f1,f2\na,1,,3\nb,4,NA,6\n"), "line 2, column f1: there is no value"));
  CHECK(holds(refusal("path,x,y\na,1.5,2.5\nb,#DIV/0!,3.5\nc,1.5,1.5\n"), "column x: \"#DIV/0!\" is no number"));
  CHECK(chosen("path,f0,f1,f2,note\na,1,2,3,5\nb,4,5,6,\n") == "path | f0,f1,f2 | note | ");
}

TEST_CASE("a person's word decides: names, patterns and ranges of columns") {
  const std::string text = "id,name,a1,a2,b1,b2\n1,x,0.5,1,2,3\n2,y,1.5,4,5,6\n";
  CHECK(holds(refusal(text), "both id and name"));
  CHECK(chosen(text, {{"a*", "b2"}, "name", false}) == "name | a1,a2,b2 | b1 | id");
  CHECK(chosen(text, {{"a2..b1"}, "id", false}) == "id | a2,b1 | name,a1,b2 | ");
  CHECK(chosen(text, {{"a1"}, "", true}) == " | a1 | name,a2,b1,b2 | id");
  CHECK(holds(refusal(text, {{"a3"}, "id", false}), "there is no column a3"));
  CHECK(holds(refusal(text, {{"b1..a1"}, "id", false}), "b1 comes after a1"));
  CHECK(holds(refusal(text, {{"c*"}, "id", false}), "no column begins with c"));
  CHECK(holds(refusal(text, {{"name"}, "id", false}), "\"x\" is no number"));
}

TEST_CASE("decimal commas are read where they cannot part cells, and not guessed") {
  const CsvTable table = table_of("path;x;y\na;0,5;+6,25\nb;1;-2\n");
  CHECK(feature_values(table, {1, 2}, "t.csv", pool) == std::vector<float>{0.5F, 6.25F, 1, -2});
  CHECK(holds(refusal("path;x\na;0,5\nb;0.5\n"), "some numbers have a comma and others a point"));
  CHECK(holds(refusal("path\tx\na\t1,234\nb\t5,678\n"), "may part thousands"));
}

}  // namespace coterie::jobs
