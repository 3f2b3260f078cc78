#include "coding/latex_table.hpp"

#include <fmt/format.h>

#include <cmath>
#include <string_view>

#include "coterie/base/new_file.hpp"

namespace coterie::jobs {

std::string latex_text(const std::string& text) {
  constexpr std::string_view kEscaped = "&%$#_{}";
  std::string out;
  for (const char c : text) {
    if (kEscaped.find(c) != std::string_view::npos)
      out += {'\\', c};
    else if (c == '\\')
      out += "\\textbackslash{}";
    else if (c == '~')
      out += "\\textasciitilde{}";
    else if (c == '^')
      out += "\\textasciicircum{}";
    else if (c == '<')
      out += "$<$";
    else if (static_cast<unsigned char>(c) < 32)
      out += ' ';
    else
      out += c;
  }
  return out;
}

void write_latex_table(const std::string& path, const std::vector<std::string>& header,
                       const std::vector<std::vector<std::string>>& rows, std::size_t texts) {
  const auto line = [](const std::vector<std::string>& cells) {
    std::string out;
    for (const auto& cell : cells) out += (out.empty() ? "" : " & ") + (cell.empty() ? "{}" : latex_text(cell));
    return out + " \\\\\n";
  };
  std::string out = fmt::format("% needs \\usepackage{{booktabs}}\n\\begin{{tabular}}{{{}{}}}\n\\toprule\n",
                                std::string(texts, 'l'), std::string(header.size() - texts, 'r'));
  out += line(header) + "\\midrule\n";
  for (const auto& row : rows) out += line(row);
  write_new_file(path, out + "\\bottomrule\n\\end{tabular}\n");
}

std::string p_text(double p) {
  if (std::isnan(p)) return "";
  return p < 0.001 ? "< .001" : fmt::format("{:.3f}", p);
}

const char* p_stars(double p) { return p < 0.001 ? "***" : p < 0.01 ? "**" : p < 0.05 ? "*" : p < 0.1 ? "." : ""; }

std::string figure_text(double value) { return std::isnan(value) ? "" : fmt::format("{:.3f}", value); }

}  // namespace coterie::jobs
