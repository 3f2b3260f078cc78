#pragma once

#include <map>
#include <string>
#include <vector>

#include "coterie/report/report.hpp"
#include "picture_album.hpp"

namespace coterie::inline report {

/// What the sections of a page draw on.
struct PageMaterial {
  const Report& report;
  const PageOptions& options;
  const PictureAlbum& album;
  const std::map<std::string, std::string>&
      figures;  ///< chart's name → <figure>; absent when there was nothing to draw

  /// The named charts side by side, those that exist; "" when none does.
  std::string charts(const std::vector<std::string>& names) const;
};

/// A part that scrolls by itself where it is wider than the page, also with the keyboard; `name` is HTML.
std::string scroller(const std::string& name, const std::string& body);

/// <a href=…>name</a> of a path relative to the page's folder.
std::string link_to(const std::string& path, const std::string& name);

/// "NAME, NAME" as links.
std::string links_to(const std::vector<ReportFact>& links);

/// A strip of pictures; at most so many.
std::string strip(const PageMaterial& page, const std::string& heading, const std::vector<std::string>& paths,
                  std::size_t most);

/// A table as HTML. Cells are HTML already; the first of a row is its heading.
struct HtmlTable {
  struct Column {
    std::string title;
    bool number = false;
  };
  std::string caption;
  std::vector<Column> columns;
  std::vector<std::vector<std::string>> rows;
  std::vector<std::string> totals;  ///< a last row; may be empty
  std::string style;                ///< class="" of the table

  std::string html() const;
};

/// How many images a solution groups.
std::int64_t images_of(const ReportSolution& solution);

/// A table of two columns, escaped here.
std::string facts_table(const std::string& caption, const std::vector<ReportFact>& facts);

/// <section id=…><h2>…</h2>…</section>; "" for an empty body.
std::string section(const std::string& id, const std::string& heading, const std::string& body);

/// "k8", or "k8-2" for the second solution with 8 clusters.
std::string solution_id(const Report& report, std::size_t solution);

// The sections, top to bottom.
std::string summary_section(const PageMaterial& page);
std::string images_section(const PageMaterial& page);
std::string components_section(const PageMaterial& page);
std::string choice_of_k_section(const PageMaterial& page);
std::string clusters_section(const PageMaterial& page);
std::string other_solutions_section(const PageMaterial& page);
std::string agreement_section(const PageMaterial& page);
std::string topics_section(const PageMaterial& page);
std::string training_section(const PageMaterial& page);
std::string assigned_section(const PageMaterial& page);
std::string comparisons_section(const PageMaterial& page);
std::string codings_section(const PageMaterial& page);
std::string tables_section(const PageMaterial& page);
std::string provenance_section(const PageMaterial& page);
std::string repeat_section(const PageMaterial& page);

}  // namespace coterie::inline report
