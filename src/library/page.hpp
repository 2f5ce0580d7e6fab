/// The shell of every page that the program writes: one look, one stylesheet, one script, and nothing that leaves the page.
#pragma once

#include <string>
#include <vector>

#include "core/mustache.hpp"

namespace migrate {

/// A table of a report as a section: columns, and rows of texts.
struct PageTable {
  std::string id, title;
  std::vector<std::string> columns;
  std::vector<std::vector<std::string>> rows;
  std::vector<std::string> marks = {};  ///< for each row "bad", "good" or ""; may be shorter
};

struct Page {
  std::string title;                ///< of the window, and the heading
  std::string verdict;              ///< one line under the heading; ""
  bool good = true;                 ///< how the verdict is coloured
  std::vector<std::string> facts;   ///< short texts beside the heading: the database, when it was written
  std::vector<std::pair<std::string, std::string>> sections;  ///< id and title of the <section>s, in order
  std::string body;                 ///< HTML: the sections
  std::string data;                 ///< JSON that the script reads; ""
  bool served = false;              ///< the script may talk to the server that the page came from

  /// A table as a section behind the others; none without rows.
  void add(const PageTable& table);
};

/// The whole page: opens from disk, and asks nothing of a network. Only the built-in script and stylesheet run in it, whatever stands in
/// `body` (their hashes are in its Content-Security-Policy).
[[nodiscard]] std::string page_html(const Page& page);

/// A part of a page from the built-in template `name` ("review.html"), with every text shown as it is.
[[nodiscard]] std::string page_part(const std::string& name, const TemplateData& data);

/// The section of a table; "" for one without rows.
[[nodiscard]] std::string page_table(const PageTable& table);

}  // namespace migrate
