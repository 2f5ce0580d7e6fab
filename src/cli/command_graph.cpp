// migrate graph: the graph as text, dot, mermaid, SVG or a page
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "cli/context.hpp"
#include "core/clock.hpp"
#include "core/text.hpp"
#include "library/page.hpp"
#include "review/diagram.hpp"
#include "review/revisions.hpp"

namespace migrate::cli {
namespace {

struct Picture {
  const Graph& graph;
  std::set<std::string> applied;

  [[nodiscard]] bool is_applied(int index) const { return applied.contains(graph.at(index).id); }
};

std::string text_graph(const Picture& picture) {
  const auto& graph = picture.graph;
  std::string out;
  std::vector<int> lanes;  // the revision that each column waits for, newest first
  for (int index = graph.size() - 1; index >= 0; --index) {
    auto lane = std::find(lanes.begin(), lanes.end(), index);
    if (lane == lanes.end()) lane = lanes.insert(lanes.end(), index);
    const auto at = static_cast<std::size_t>(lane - lanes.begin());
    std::string row;
    for (std::size_t i = 0; i < lanes.size(); ++i) row += i == at ? (picture.is_applied(index) ? "* " : "o ") : "| ";
    out += row + " " + title(graph.at(index)) + "\n";
    std::vector<int> next;
    for (std::size_t i = 0; i < lanes.size(); ++i) {
      if (lanes[i] != index) {
        if (std::find(next.begin(), next.end(), lanes[i]) == next.end()) next.push_back(lanes[i]);
        continue;
      }
      for (const int parent : graph.parents(index)) {
        if (std::find(next.begin(), next.end(), parent) == next.end()) next.push_back(parent);
      }
    }
    lanes = std::move(next);
  }
  return out;
}

std::string node_label(const Revision& revision) {
  return revision.message.empty() ? revision.id : revision.id + "\\n" + replace_all(replace_all(revision.message, "\\", "\\\\"), "\"", "\\\"");
}

std::string dot_graph(const Picture& picture) {
  const auto& graph = picture.graph;
  std::string out = "digraph revisions {\n  rankdir=BT;\n  node [shape=box, style=\"rounded,filled\", fontname=sans];\n";
  for (int i = 0; i < graph.size(); ++i) {
    out += fmt::format("  \"{}\" [label=\"{}\", fillcolor=\"{}\"];\n", graph.at(i).id, node_label(graph.at(i)), picture.is_applied(i) ? "#b7e1cd" : "white");
  }
  for (int i = 0; i < graph.size(); ++i) {
    for (const int parent : graph.parents(i)) out += fmt::format("  \"{}\" -> \"{}\" [dir=back];\n", graph.at(i).id, graph.at(parent).id);
    for (const int needed : graph.needs(i)) {
      const auto& parents = graph.parents(i);
      if (std::find(parents.begin(), parents.end(), needed) == parents.end()) {
        out += fmt::format("  \"{}\" -> \"{}\" [dir=back, style=dashed];\n", graph.at(i).id, graph.at(needed).id);
      }
    }
  }
  return out + "}\n";
}

std::string mermaid_graph(const Picture& picture) {
  const auto& graph = picture.graph;
  std::string out = "flowchart TD\n";
  for (int i = 0; i < graph.size(); ++i) {
    const auto message = replace_all(graph.at(i).message, "\"", "#quot;");
    out += fmt::format("  r{}[\"{}{}\"]{}\n", i, graph.at(i).id, message.empty() ? "" : "<br/>" + message, picture.is_applied(i) ? ":::applied" : "");
  }
  for (int i = 0; i < graph.size(); ++i) {
    for (const int parent : graph.parents(i)) out += fmt::format("  r{} --> r{}\n", parent, i);
    for (const int needed : graph.needs(i)) {
      const auto& parents = graph.parents(i);
      if (std::find(parents.begin(), parents.end(), needed) == parents.end()) out += fmt::format("  r{} -.-> r{}\n", needed, i);
    }
  }
  return out + "  classDef applied fill:#b7e1cd\n";
}

/// The graph of the revisions, and the schema with its keys where a database is at hand.
std::string html_graph(Context& context, const Picture& picture) {
  Page page{.title = "Schema and revisions", .verdict = {}, .facts = {now_utc()}, .sections = {}, .body = {}, .data = {}};
  auto& target = context.target();
  if (target.has_database()) {
    try {
      page.body += review::diagram_html(review::diagram_of(target.live_schema()), "schema", "Schema");
      page.facts.insert(page.facts.begin(), target.url().display());
    } catch (const DatabaseError& error) {
      context.output.note("the schema is left out: " + error.message());
    }
  }
  if (!page.body.empty()) page.sections.emplace_back("schema", "Schema");
  if (picture.graph.size() > 0) {
    page.body += page_part("picture.html", TemplateData{.texts = {{"id", "revisions"}, {"title", "Revisions"}, {"svg", review::revisions_svg(picture.graph, picture.applied)}}, .lists = {}});
    page.sections.emplace_back("revisions", "Revisions");
  }
  if (page.body.empty()) page.verdict = "There is neither a table nor a revision";
  return page_html(page);
}

}  // namespace

int run_graph(Context& context) {
  auto& project = context.project();
  auto& target = context.target();
  std::vector<VersionRow> rows;
  if (target.has_database()) {
    try {
      rows = target.read_rows();
    } catch (const Error& error) {
      context.output.detail("cannot read what is applied: " + error.message());
    }
  }
  const auto applied = applied_ids(rows);
  const Picture picture{project.graph(), {applied.begin(), applied.end()}};
  const auto format = context.arguments.get("format", "text");
  if (format == "text") context.output.lines(text_graph(picture));
  else if (format == "dot") context.output.text(dot_graph(picture));
  else if (format == "mermaid") context.output.text(mermaid_graph(picture));
  else if (format == "svg") context.output.text(review::revisions_svg(picture.graph, picture.applied));
  else if (format == "html") context.output.text(html_graph(context, picture));
  else throw Error{ErrorKind::usage, "--format cannot be '" + format + "'", "text, dot, mermaid, svg or html"};
  return 0;
}

}  // namespace migrate::cli
