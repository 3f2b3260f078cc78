#include "coterie/base/csv.hpp"

#include <doctest/doctest.h>

#include "coterie/base/errors.hpp"

namespace coterie {

using Row = std::vector<std::string>;

TEST_CASE("quoted fields hold delimiters, quotes and newlines") {
  const CsvTable table = parse_csv("path,note\r\n\"a,b.jpg\",\"say \"\"hi\"\"\r\ntwice\"\r\nc.jpg,\n", "t.csv");
  CHECK(table.header == Row{"path", "note"});
  REQUIRE(table.rows.size() == 2);
  CHECK(table.rows[0] == Row{"a,b.jpg", "say \"hi\"\r\ntwice"});
  CHECK(table.rows[1] == Row{"c.jpg", ""});
  CHECK(table.lines == std::vector<long>{2, 4});
}

TEST_CASE("a byte order mark, blank lines, a missing last newline and bytes that are not UTF-8 are read") {
  const CsvTable table = parse_csv(
      "\xEF\xBB\xBF"
      "a,b\n\n1,\xFF\xFE\n\n",
      "t.csv");
  CHECK(table.header == Row{"a", "b"});
  CHECK(table.rows == std::vector<Row>{{"1", "\xFF\xFE"}});
  CHECK(parse_csv("a\n1", "t.csv").rows == std::vector<Row>{{"1"}});
  CHECK(parse_csv("a,b\n1,", "t.csv").rows == std::vector<Row>{{"1", ""}});
}

TEST_CASE("the delimiter is the tab when the header has more tabs, unless it is given") {
  CHECK(parse_csv("a\tb,c\td\n", "t").header == Row{"a", "b,c", "d"});
  CHECK(parse_csv("a\tb,c\td\n", "t", {.delimiter = ','}).header == Row{"a\tb", "c\td"});
  CHECK(parse_csv("\"x\ty\tz\",b\n", "t").header == Row{"x\ty\tz", "b"});
}

TEST_CASE("tables as spreadsheets, pandas and R write them") {
  CHECK(parse_csv("a;b\n1,5;2\n", "excel").rows == std::vector<Row>{{"1,5", "2"}});
  const CsvTable declared = parse_csv("sep=;\r\na;b\r\nx;y\r\n", "excel");
  CHECK(declared.header == Row{"a", "b"});
  CHECK(declared.lines == std::vector<long>{3});
  CHECK(parse_csv("a;b;;\n1;2;;\n;;;\n", "excel").rows == std::vector<Row>{{"1", "2"}, {"", ""}});
  CHECK(parse_csv("path, kind\na.jpg, \"x, y\" \n b.jpg ,z\n", "by hand").rows ==
        std::vector<Row>{{"a.jpg", "x, y"}, {"b.jpg", "z"}});
  CHECK(parse_csv("a\n\" kept \"\n", "quoted").rows == std::vector<Row>{{" kept "}});
  CHECK(parse_csv(",path\n0,a.jpg\n", "pandas").header == Row{"column 1", "path"});
  const CsvTable names = parse_csv("\"f\",\"g\"\n\"a.jpg\",1,2\n\"b.jpg\",3,4\n", "R, write.table");
  CHECK(names.header == Row{"column 1", "f", "g"});
  CHECK(names.rows.front() == Row{"a.jpg", "1", "2"});
  CHECK(parse_csv("f\n1,x\n2,y\n", "R").header == Row{"column 1", "f"});
  CHECK_THROWS_WITH_AS(parse_csv("path,title\na.jpg,Hello, world\n", "t"), doctest::Contains("line 2: 3 fields"),
                       FileError);
}

TEST_CASE("whether the first line names the columns may be asked") {
  CsvLayout layout;
  layout.named = [](const Row& first) { return first.front() != "0.5"; };
  CHECK(parse_csv("a,b\n1,2\n", "t", layout).named);
  const CsvTable table = parse_csv("0.5,0.5\n1,2\n", "t", layout);
  CHECK_FALSE(table.named);
  CHECK(table.header == Row{"column 1", "column 2"});
  CHECK(table.rows == std::vector<Row>{{"0.5", "0.5"}, {"1", "2"}});
}

TEST_CASE("names that occur again are numbered, and the numbered ones are new, too") {
  CHECK(distinct_names({"path", "label", "label", "label_2", "label"}) ==
        Row{"path", "label", "label_3", "label_2", "label_4"});
  CHECK(distinct_names({"a", "b"}) == Row{"a", "b"});
}

TEST_CASE("mistakes name the file and the line") {
  const auto message = [](const char* text) -> std::string {
    try {
      parse_csv(text, "t.csv");
    } catch (const FileError& error) {
      return error.what();
    }
    return "";
  };
  CHECK(message("a,b\n1,2\n3\n") == "t.csv: line 3: 1 fields, but the header names 2 columns");
  CHECK(message("a,b\n\"1\n\n,2\n") == "t.csv: line 2: a quoted field is never closed");
  CHECK(message("a,b\n\"1\"x,2\n").starts_with("t.csv: line 2: 'x' follows a closing quote"));
  CHECK(message("a,a\n") == "t.csv: line 1: a column name occurs twice: a");
  CHECK(message("\n\n").starts_with("t.csv: the table is empty"));
  CHECK_THROWS_AS(read_csv("/nowhere/t.csv"), FileError);
  CHECK_THROWS_WITH_AS(read_csv("/dev/zero"), "/dev/zero: line 1: a line of more than 64 MiB: this is no table",
                       FileError);
  const std::string endless = "a\n1\n\"" + std::string(std::size_t{65} << 20, '\n') + "\"\n";
  CHECK(message(endless.c_str()) == "t.csv: line 3: a line of more than 64 MiB: this is no table");
}

TEST_CASE("what csv_line writes, parse_csv reads") {
  const Row hard = {"plain", "", "a,b", "a\"b", "\"", "line\nbreak", "cr\r", " blanks ", "\ttab", "\xFF"};
  CHECK(parse_csv(csv_line({"\xEF\xBB\xBFmarked"}), "t").header == Row{"\xEF\xBB\xBFmarked"});  // found by fuzzing
  for (const char delimiter : {',', '\t'}) {
    const std::string text = "a b c d e f g h i j";
    std::string header = text;
    for (char& c : header) c = c == ' ' ? delimiter : c;
    CHECK(parse_csv(header + "\n" + csv_line(hard, delimiter), "t", {.delimiter = delimiter}).rows ==
          std::vector<Row>{hard});
  }
  CHECK(csv_line({"a", "b c", "1.5"}) == "a,b c,1.5\n");
  CHECK(csv_line({"a;=b", "a\tb"}) == "\"a;=b\",\"a\tb\"\n");  // where ';' parts cells, "=b" must not be one
  CHECK(parse_csv("a\n" + csv_line({""}), "t").rows == std::vector<Row>{{""}});
}

TEST_CASE("a large table that several threads read is the same, and so is what is said of its first mistake") {
  ThreadPool pool(3);
  const CsvLayout together{.pool = &pool};
  const auto same = [&](const std::string& text) {
    const CsvTable alone = parse_csv(text, "t.csv"), shared = parse_csv(text, "t.csv", together);
    CHECK(shared.header == alone.header);
    CHECK(shared.rows == alone.rows);
    CHECK(shared.lines == alone.lines);
    return alone.rows.size();
  };
  for (const std::string end : {"\n", "\r\n", "\r"}) {
    std::string text = "path,a,b" + end;
    for (int i = 0; i < 500'000; ++i)
      text += fmt::format("bild {}.jpg,{},{}{}", i, i % 7, i, i % 1000 ? end : end + end);
    CHECK(same(text) == 500'000);
    CHECK(same(fmt::format("{}\"quoted, now\",1,2{}", text, end)) == 500'001);
    const auto refusal = [&](const CsvLayout& layout) {
      try {
        parse_csv(fmt::format("{0}x,1{1}{0}", text, end), "t.csv", layout);
      } catch (const FileError& error) {
        return std::string(error.what());
      }
      return std::string();
    };
    CHECK(refusal(together) == refusal({}));
    CHECK(refusal(together).find("line 500502: 2 fields, but the header names 3 columns") != std::string::npos);
  }
}

}  // namespace coterie
