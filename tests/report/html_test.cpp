#include "coterie/report/html.hpp"

#include <doctest/doctest.h>

#include "text.hpp"
#include "well_formed.hpp"

namespace coterie {

TEST_CASE("what means something in HTML is escaped, the rest of UTF-8 is not") {
  CHECK(html_text("<a href=\"x\">R&D's</a>") == "&lt;a href=&quot;x&quot;&gt;R&amp;D&#39;s&lt;/a&gt;");
  CHECK(html_text("Zürich 東京 🙂") == "Zürich 東京 🙂");
}

TEST_CASE("bytes that are no UTF-8 are replaced one by one and take nothing with them") {
  const std::string fffd = "\xEF\xBF\xBD";
  CHECK(html_text("a\xFF<") == "a" + fffd + "&lt;");
  CHECK(html_text("\xC3") == fffd);                                   // cut short
  CHECK(html_text("\xC3<") == fffd + "&lt;");                         // the < is not swallowed
  CHECK(html_text("\xC0\xBC") == fffd + fffd);                        // an overlong <
  CHECK(html_text("\xE0\x80\xBC") == fffd + fffd + fffd);             // another
  CHECK(html_text("\xED\xA0\x80") == fffd + fffd + fffd);             // a surrogate
  CHECK(html_text("\xF4\x90\x80\x80") == fffd + fffd + fffd + fffd);  // beyond U+10FFFF
}

TEST_CASE("characters that do something unseen are shown or replaced") {
  CHECK(html_text("a\nb\x01") == "a␊b␁");
  CHECK(html_text("gpj\xE2\x80\xAE.png") == "gpj\xEF\xBF\xBD.png");  // U+202E, right-to-left override
  CHECK(html_text("\xEF\xBF\xBF\xC2\x85") == "\xEF\xBF\xBD\xEF\xBF\xBD");
}

TEST_CASE("a file name in a link is never a scheme, a query or a fragment") {
  CHECK(html_link("javascript:alert(1)") == "./javascript%3Aalert%281%29");
  CHECK(html_link("../tables/a b?#\xFF.csv") == "./../tables/a%20b%3F%23%FF.csv");
}

TEST_CASE("base64 gives the test vectors of RFC 4648") {
  const std::pair<const char*, const char*> vectors[] = {{"", ""},
                                                         {"f", "Zg=="},
                                                         {"fo", "Zm8="},
                                                         {"foo", "Zm9v"},
                                                         {"foob", "Zm9vYg=="},
                                                         {"fooba", "Zm9vYmE="},
                                                         {"foobar", "Zm9vYmFy"}};
  for (const auto& [plain, coded] : vectors) CHECK(base64(plain) == coded);
  CHECK(data_uri("image/jpeg", "\xFF\xFE") == "data:image/jpeg;base64,//4=");
}

TEST_CASE("numbers are written for reading") {
  CHECK(with_commas(0) == "0");
  CHECK(with_commas(999) == "999");
  CHECK(with_commas(1234567) == "1,234,567");
  CHECK(with_commas(-123456) == "−123,456");
  CHECK(number_text(0.0123456) == "0.01235");
  CHECK(number_text(5321.4) == "5,321");
  CHECK(number_text(1.0 / 0.0) == "–");
  CHECK(index_text(-0.04) == "−0.040");
  CHECK(index_text(-0.0001) == "0.000");
  CHECK(share_text(1, 8) == "12.5 %");
  CHECK(share_text(0, 0) == "–");
}

TEST_CASE("the checker of the other tests finds what it is there to find") {
  CHECK(markup_fault("<p id=\"a\">R&amp;D <b>x</b> <img src=\"y\"/></p><a href=\"#a\">z</a>").empty());
  for (const char* wrong : {"<p>", "<p></b>", "<p><b></p></b>", "a & b", "<p id=a></p>", "<p id=\"a\"/><p id=\"a\"/>",
                            "<a href=\"#a\">z</a>", "< p></p>", "<p"})
    CHECK_MESSAGE(!markup_fault(wrong).empty(), wrong);
}

}  // namespace coterie
