#include <fmt/format.h>

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
      "<svg xmlns=\"http://www.w3.org/2000/svg\" xmlns:xlink=\"http://www.w3.org/1999/xlink\" viewBox=\"0 0 {} {}\" "
      "font-family=\"sans-serif\" role=\"img\" aria-labelledby=\"{}title {}desc\">\n"
      "<title id=\"{}title\">{}</title>\n<desc id=\"{}desc\">{}</desc>\n{}",
      chart.width, chart.height, id, id, id, html_text(chart.title), id, html_text(chart.alt), drawing);
}

void write_chart(const Chart& chart, const std::string& folder) {
  write_new_file(folder + "/" + chart.name + ".svg", chart_svg(chart));
  const std::string terminal = fmt::format(
      "if (strstrt(GPVAL_TERMINALS, 'pngcairo')) {{ set terminal pngcairo size {0},{1} noenhanced font 'sans,13' "
      "fontscale 2 linewidth 2 pointscale 2 }} else {{ set terminal png size {0},{1} font 'sans,26' linewidth 2 }}\n",
      2 * chart.width, 2 * chart.height);
  write_new_file(folder + "/" + chart.name + ".png", run_gnuplot(terminal + chart.script));
}

}  // namespace coterie::inline report
