/// Tables as boxes and their foreign keys as lines, as an SVG that stands in a page.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "migrate/schema.hpp"
#include "review/review.hpp"

namespace migrate::review {

struct DiagramLine {
  std::string text;
  std::string action;  ///< add, drop, change, rename; "" unchanged
  bool key = false;    ///< of the primary key
};

struct DiagramTable {
  std::string name;
  std::string action;
  std::string link;    ///< "#g3": where a click leads; ""
  std::vector<DiagramLine> lines;
};

struct DiagramKey {
  std::string from, to;  ///< tables
  std::string name;
  std::string action;
};

struct Diagram {
  std::vector<DiagramTable> tables;
  std::vector<DiagramKey> keys;
};

/// Tables with all their columns, in the order of the schema.
[[nodiscard]] Diagram diagram_of(const Schema& schema);

/// The tables that changes touch, and those that a key leads to or from, with the columns that change and those of keys.
/// `links`: by table, where its changes stand.
[[nodiscard]] Diagram diagram_of(const Schema& before, const Schema& after, const std::vector<PlannedChange>& found, const std::map<std::string, std::string>& links);

/// A section with the picture; `id` of the section. "" for no table.
[[nodiscard]] std::string diagram_html(const Diagram& diagram, const std::string& id, const std::string& title);

}  // namespace migrate::review
