#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <string_view>
#include <utility>

#include "coterie/base/errors.hpp"
#include "coterie/base/new_file.hpp"
#include "coterie/report/chart.hpp"
#include "coterie/report/html.hpp"
#include "gnuplot.hpp"

namespace coterie::inline report {
namespace {

constexpr std::string_view kCanvas = "<g id=\"gnuplot_canvas\">";

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
    text.replace(at, from.size(), to);
}

/// Erases every part that begins with `begin` and ends with `end`.
void erase_all(std::string& text, std::string_view begin, std::string_view end) {
  for (std::size_t at = text.find(begin); at != std::string::npos; at = text.find(begin, at))
    text.erase(at, text.find(end, at) + end.size() - at);
}

constexpr double kScreenDpi = 96, kPrintDpi = 300;  // a px of CSS is 1/96 inch
constexpr double kPngScale = kPrintDpi / kScreenDpi;

/// A PNG that says its resolution, which gnuplot leaves out: word processors place it in its right size by that.
std::string with_resolution(std::string png) {
  // The chunk pHYs: its length, its name, 11811 px a metre across and down, and the CRC of name and content.
  constexpr std::string_view kChunk("\0\0\0\x09pHYs\0\0\x2E\x23\0\0\x2E\x23\x01\x78\xA5\x3F\x76", 21);
  constexpr std::size_t kHeader = 8 + 25;  // the signature and IHDR, which comes first
  return png.insert(kHeader, kChunk);
}

/// The day of drawing as a constant of the same length, so that the same chart is the same bytes.
std::string without_date(std::string pdf) {
  constexpr std::string_view kDate = "/CreationDate (D:";
  const std::size_t begin = pdf.find(kDate);
  if (begin == std::string::npos) return pdf;
  for (std::size_t at = begin + kDate.size(); at < pdf.size() && std::isdigit(static_cast<unsigned char>(pdf[at])) != 0;
       ++at)
    pdf[at] = "20000101000000"[std::min<std::size_t>(at - begin - kDate.size(), 13)];
  return pdf;
}

/// A gnuplot that was built without cairo does not.
bool draws_pdf() {
  static const bool draws =
      run_gnuplot("set print '-'\nprint strstrt(GPVAL_TERMINALS, 'pdfcairo') > 0 ? 'yes' : 'no'\n").starts_with("yes");
  return draws;
}

void check(const Chart& chart) {
  require(!chart.empty(), "chart '{}' has nothing to draw", chart.name);
  require(
      !chart.name.empty() && chart.name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == std::string::npos,
      "chart name '{}' must be of a-z, 0-9 and -", chart.name);
}

}  // namespace

std::string chart_svg(const Chart& chart) {
  check(chart);
  const std::string raw = run_gnuplot(
      fmt::format("set terminal svg size {},{} dynamic noenhanced font 'sans,13'\n", chart.width, chart.height) +
      chart.script);
  const std::size_t canvas = raw.find(kCanvas);
  if (canvas == std::string::npos) throw Error("gnuplot's SVG has no canvas; coterie knows versions 5.2 to 6.0");
  std::string drawing = raw.substr(canvas);
  erase_all(drawing, "<title>", "</title>");    // of curves: browsers would show "gnuplot_plot_1" as a tooltip
  erase_all(drawing, "<filter ", "</filter>");  // for boxed text, which no chart here has
  // gnuplot writes black and a font into every element. Without them the page's own apply, in dark mode too.
  const std::string id = chart.name + "-";
  const std::pair<std::string, std::string> changes[] = {
      {" font-family=\"sans\"", ""},     {" color=\"black\"", ""},      {" color=\"white\"", ""},
      {"\"black\"", "\"currentColor\""}, {"'black'", "'currentColor'"}, {"rgb(  0,   0,   0)", "currentColor"},
      {"rgb(0,0,0)", "currentColor"},    {"id=\"", "id=\"" + id},       {"id='", "id='" + id},
      {"href='#", "href='#" + id}};
  for (const auto& [from, to] : changes) replace_all(drawing, from, to);
  return fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" xmlns:xlink=\"http://www.w3.org/1999/xlink\" width=\"{0}\" "
      "height=\"{1}\" "
      "viewBox=\"0 0 {0} {1}\" "
      "font-family=\"sans-serif\" role=\"img\" aria-labelledby=\"{2}title {2}desc\">\n"
      "<title id=\"{2}title\">{3}</title>\n<desc id=\"{2}desc\">{4}</desc>\n{5}",
      chart.width, chart.height, id, html_text(chart.title), html_text(chart.alt), drawing);
}

std::string chart_png(const Chart& chart, int width, int height) {
  check(chart);
  const double scale = static_cast<double>(width) / chart.width;
  return run_gnuplot(
      fmt::format("if (strstrt(GPVAL_TERMINALS, 'pngcairo')) {{ set terminal pngcairo size {0},{1} noenhanced font "
                  "'sans,13' fontscale {2} linewidth {2} pointscale {2} }} else {{ set terminal png size {0},{1} font "
                  "'sans,{3:.0f}' linewidth {4:.0f} }}\n",
                  width, height, scale, 13 * scale, std::max(1.0, scale)) +
      chart.script);
}

void write_chart(const Chart& chart, const std::string& folder) {
  const std::string stem = folder + "/" + chart.name;
  std::string svg = chart_svg(chart);
  replace_all(svg, "currentColor", "black");  // which word processors do not know, and there is no page to take it from
  write_new_file(stem + ".svg", svg);
  const auto scaled = [](int pixels) { return static_cast<int>(std::ceil(pixels * kPngScale)); };
  write_new_file(stem + ".png", with_resolution(chart_png(chart, scaled(chart.width), scaled(chart.height))));
  if (!draws_pdf()) return;
  const std::string pdf =
      fmt::format("set terminal pdfcairo size {:.4f}in,{:.4f}in noenhanced font 'sans,9.75' fontscale 1 linewidth 2\n",
                  chart.width / kScreenDpi, chart.height / kScreenDpi);
  write_new_file(stem + ".pdf", without_date(run_gnuplot(pdf + chart.script)));
}

}  // namespace coterie::inline report
