#include "table_file.hpp"

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "coterie/base/csv.hpp"
#include "coterie/base/errors.hpp"

namespace coterie {

TableFile::TableFile(std::string path) : path_(std::move(path)), file_(path_ + ".tmp", std::ios::binary) {}

void TableFile::line(const std::vector<std::string>& fields, char delimiter) { file_ << csv_line(fields, delimiter); }

void TableFile::finish() {
  file_.close();
  if (!file_) throw FileError(path_, fmt::format("cannot be written ({})", std::strerror(errno)));
  std::filesystem::rename(path_ + ".tmp", path_);
}

std::string harmless(const std::string& text) {
  return !text.empty() && std::string_view("=+-@\t\r").find(text.front()) != std::string_view::npos ? "'" + text : text;
}

}  // namespace coterie
