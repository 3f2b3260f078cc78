#include "coterie/base/pickle_writer.hpp"

#include <doctest/doctest.h>

namespace coterie {

using namespace std::string_literals;

TEST_CASE("values are the opcodes that Python's pickletools shows of them") {
  PickleWriter writer;
  writer.begin_dict();
  writer.text("k");
  writer.begin_list();
  writer.integer(-1);
  writer.none();
  writer.real(1);
  writer.end_list();
  writer.end_dict();
  CHECK(writer.finish() == "\x80\x02}(X\x01\0\0\0k](J\xff\xff\xff\xffNG\x3f\xf0\0\0\0\0\0\0eu."s);
}

TEST_CASE("a byte that is no UTF-8 becomes the surrogate that Python has for it") {
  PickleWriter writer;
  writer.take();
  writer.text("\xC3\xA9\xE9.jpg");  // as os.fsdecode: "é\udce9.jpg"
  CHECK(writer.take() == "X\x09\0\0\0\xC3\xA9\xED\xB3\xA9.jpg"s);
}

TEST_CASE("a matrix is a call of numpy.array") {
  PickleWriter writer;
  writer.take();
  const double values[] = {0, 0};
  writer.matrix(values, 2, 1);
  CHECK(writer.take() == "cnumpy\narray\n](](G\0\0\0\0\0\0\0\0e](G\0\0\0\0\0\0\0\0ee\x85R"s);
}

}  // namespace coterie
