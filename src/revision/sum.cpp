#include "revision/sum.hpp"

#include <algorithm>
#include <set>
#include <unordered_map>

#include "core/sha256.hpp"
#include "core/text.hpp"

namespace migrate {
namespace {

constexpr std::string_view head_comment =
    "# Written by migrate; commit it with the units. A conflict in it means that two branches added revisions:\n"
    "# keep both units, run `migrate merge heads -m MESSAGE`, and this file is written anew.\n";

constexpr std::string_view write_hint = "`migrate verify --update` records the units as they are";

/// Appends `text` with "\n" line ends and without trailing blanks and blank lines at the end.
void append_normalized(std::string& out, std::string_view text) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  std::size_t kept = out.size();
  while (!text.empty()) {
    const auto end = text.find('\n');
    auto line = text.substr(0, end);
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
    while (!line.empty() && (line.back() == ' ' || line.back() == '\t' || line.back() == '\r')) line.remove_suffix(1);
    out += line;
    if (!line.empty()) kept = out.size();
    out += '\n';
  }
  out.resize(kept);
  out += '\n';
}

std::vector<std::string> words_of(std::string_view line, std::size_t most) {
  std::vector<std::string> words;
  while (!(line = trim(line)).empty()) {
    const auto end = words.size() + 1 == most ? line.size() : std::min(line.find_first_of(" \t"), line.size());
    words.emplace_back(line.substr(0, end));
    line = line.substr(end);
  }
  return words;
}

[[noreturn]] void fail_line(const std::string& file, int line, const std::string& what, std::string hint) {
  throw Error{ErrorKind::usage, "cannot read " + file + ": " + what, std::move(hint), {file, line, 0}};
}

/// The heads that no label tells apart.
bool heads_are_labelled(const Graph& graph, const Ids& heads) {
  std::set<std::vector<std::string>> seen;
  const auto carried = graph.carried_labels();
  return std::all_of(heads.begin(), heads.end(), [&](const auto& head) {
    const auto& labels = carried[static_cast<std::size_t>(graph.index(head))];
    return !labels.empty() && seen.insert(labels).second;
  });
}

}  // namespace

std::string checksum(std::string_view text, std::span<const std::string> included) {
  std::string bytes;
  bytes.reserve(text.size() + 1);
  append_normalized(bytes, text);
  for (const auto& part : included) {
    bytes += '\0';
    append_normalized(bytes, part);
  }
  return "v1:" + sha256(bytes);
}

std::string graph_checksum(const Graph& graph) {
  std::string bytes;
  for (const auto& revision : graph.revisions()) {
    bytes += revision.id + " < " + join(revision.parents, ",") + " ; " + join(revision.depends_on, ",") + "\n";
  }
  return "v1:" + sha256(bytes);
}

SumFile parse_sum(std::string_view text, const std::string& file) {
  SumFile sum;
  std::set<std::string> seen;
  for (int line_number = 1; !text.empty(); ++line_number) {
    const auto end = std::min(text.find('\n'), text.size());
    const auto line = trim(text.substr(0, end));
    text = text.substr(std::min(end + 1, text.size()));
    if (line.starts_with("<<<<<<<") || line.starts_with("=======") || line.starts_with(">>>>>>>") ||
        line.starts_with("|||||||")) {
      fail_line(file, line_number, "it holds a merge conflict: two branches changed the migrations",
                "keep the units of both, delete this file, and run `migrate merge heads -m MESSAGE`");
    }
    if (line.empty() || line.front() == '#') continue;
    auto words = words_of(line, 3);
    if (words.size() < 2 || !words[1].starts_with("v")) {
      fail_line(file, line_number, "'" + std::string(line) + "' is not a line of it",
                "delete the file, then " + std::string(write_hint));
    }
    if (words[0] == "graph") {
      sum.graph_checksum = words[1];
      sum.graph_line = line_number;
      if (words.size() > 2 && words[2].starts_with("heads=")) sum.heads = split(std::string_view(words[2]).substr(6), ',');
      continue;
    }
    if (!seen.insert(words[0]).second)
      fail_line(file, line_number, "the revision " + words[0] + " stands in it twice", std::string(write_hint));
    sum.entries.push_back({words[0], words[1], words.size() > 2 ? words[2] : ""});
    sum.lines.push_back(line_number);
  }
  return sum;
}

std::string write_sum(const Graph& graph, std::span<const SumEntry> entries) {
  std::vector<const SumEntry*> ordered;
  for (const auto& entry : entries) ordered.push_back(&entry);
  std::sort(ordered.begin(), ordered.end(),
            [&](auto* a, auto* b) { return graph.index(a->revision) < graph.index(b->revision); });
  std::string out(head_comment);
  out += "graph " + graph_checksum(graph) + " heads=" + join(graph.heads(), ",") + "\n";
  for (const auto* entry : ordered) out += entry->revision + " " + entry->checksum + " " + entry->file + "\n";
  return out;
}

std::vector<SumFinding> verify_sum(const SumFile& sum, const Graph& graph, std::span<const SumEntry> entries,
                                   const std::string& file) {
  using Kind = SumFinding::Kind;
  std::vector<SumFinding> findings;
  std::unordered_map<std::string, const SumEntry*> there;
  for (const auto& entry : entries) there.emplace(entry.revision, &entry);
  std::unordered_map<std::string, bool> recorded;
  for (std::size_t i = 0; i < sum.entries.size(); ++i) {
    const auto& entry = sum.entries[i];
    const Location place{file, sum.lines[i], 0};
    recorded.emplace(entry.revision, true);
    const auto it = there.find(entry.revision);
    if (it == there.end()) {
      findings.push_back({Kind::missing_unit, entry.revision, "the unit of " + entry.revision + " is missing: " + entry.file,
                          "restore the file, or, if nobody has applied it, " + std::string(write_hint), place});
    } else if (it->second->checksum != entry.checksum) {
      findings.push_back(
          {Kind::edited, entry.revision, "the unit of " + entry.revision + " was edited: " + it->second->file,
           "restore it and put the change into a new revision, or, if nobody has applied it, " + std::string(write_hint),
           graph.find(entry.revision) == nullptr ? place : graph.find(entry.revision)->location});
    }
  }
  for (const auto& entry : entries) {
    if (recorded.contains(entry.revision)) continue;
    const auto* revision = graph.find(entry.revision);
    findings.push_back({Kind::unlisted_unit, entry.revision,
                        "the unit of " + entry.revision + " is not in migrate.sum: " + entry.file, std::string(write_hint),
                        revision == nullptr ? Location{file, 0, 0} : revision->location});
  }
  const auto heads = graph.heads();
  if (findings.empty() && sum.graph_checksum != graph_checksum(graph)) {
    findings.push_back({Kind::graph_changed,
                        "",
                        "the revision graph is not the recorded one: parents or dependencies were changed",
                        "restore the headers, or, if nobody has applied the revisions, " + std::string(write_hint),
                        {file, sum.graph_line, 0}});
  }
  if (heads.size() > 1 && !heads_are_labelled(graph, heads)) {
    findings.push_back({Kind::several_heads,
                        "",
                        "the revisions have " + plural(heads.size(), "head") + ": " + titles(graph, heads),
                        "join them with `migrate merge heads -m MESSAGE`, or put the later line on top of the other with `migrate revision --rebase`",
                        {file, sum.graph_line, 0}});
  }
  return findings;
}

}  // namespace migrate
