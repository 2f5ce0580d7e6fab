// Where the boxes of a diagram stand, and the SVG of them.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "core/html.hpp"
#include "core/text.hpp"
#include "library/page.hpp"
#include "review/diagram.hpp"

namespace migrate::review {
namespace {

constexpr int box_width = 230;
constexpr int line_height = 17;
constexpr int head_height = 24;
constexpr int gap_x = 90;
constexpr int gap_y = 22;
constexpr int margin = 12;
constexpr std::size_t most_lines = 14;
constexpr std::size_t longest_text = 31;  ///< characters

struct Box {
  int x = 0;
  int y = 0;
  int height = 0;
};

/// Tables in columns: one that others refer to stands on their left. Columns that would be much higher than others are broken.
class Layout {
 public:
  explicit Layout(const Diagram& diagram) : diagram_(diagram), ranks_(diagram.tables.size(), -1), boxes_(diagram.tables.size()) {
    for (std::size_t i = 0; i < diagram.tables.size(); ++i) index_[diagram.tables[i].name] = i;
    targets_.resize(diagram.tables.size());
    sources_.resize(diagram.tables.size());
    for (const auto& key : diagram.keys) {
      const auto from = index_.find(key.from);
      const auto to = index_.find(key.to);
      if (from == index_.end() || to == index_.end() || from->second == to->second) continue;
      targets_[from->second].push_back(to->second);
      sources_[to->second].push_back(from->second);
    }
    for (std::size_t i = 0; i < boxes_.size(); ++i) {
      const auto lines = std::min(diagram.tables[i].lines.size(), most_lines + (diagram.tables[i].lines.size() > most_lines ? 1 : 0));
      boxes_[i].height = head_height + static_cast<int>(lines) * line_height + (lines > 0 ? 6 : 0);
      static_cast<void>(rank(i));
    }
    place();
  }

  [[nodiscard]] const Box* of(const std::string& table) const {
    const auto it = index_.find(table);
    return it == index_.end() ? nullptr : &boxes_[it->second];
  }
  [[nodiscard]] int width() const { return width_; }
  [[nodiscard]] int height() const { return height_; }

 private:
  /// One more than the highest of those it refers to; a cycle ends where it was entered.
  int rank(std::size_t table) {
    if (ranks_[table] >= 0) return ranks_[table];
    ranks_[table] = 0;
    int highest = -1;
    for (const auto target : targets_[table]) highest = std::max(highest, rank(target));
    return ranks_[table] = highest + 1;
  }

  void place() {
    std::map<int, std::vector<std::size_t>> layers;
    std::vector<std::size_t> alone;
    long long all = 0;
    // A long chain is no strip: several of its ranks share a column then.
    const int ranks = 1 + *std::max_element(ranks_.begin(), ranks_.end());
    const int columns = std::max(3, static_cast<int>(std::ceil(std::sqrt(static_cast<double>(boxes_.size())) * 0.8)));
    for (std::size_t i = 0; i < boxes_.size(); ++i) {
      if (targets_[i].empty() && sources_[i].empty()) alone.push_back(i);
      else layers[ranks <= columns ? ranks_[i] : ranks_[i] * columns / ranks].push_back(i);
      all += boxes_[i].height + gap_y;
    }
    // About as high as wide.
    const int highest = std::max(500, static_cast<int>(std::sqrt(static_cast<double>(all) * (box_width + gap_x) * 0.6)));
    for (int pass = 0; pass < 3; ++pass) {
      for (auto& [number, layer] : layers) order(layer, pass % 2 == 0 ? targets_ : sources_);
      set_places(layers);
    }
    int x = margin;
    for (const auto& [number, layer] : layers) x = put(layer, x, highest);
    put(alone, x, highest);
  }

  /// By the middle of what each has to do with.
  void order(std::vector<std::size_t>& layer, const std::vector<std::vector<std::size_t>>& others) {
    std::map<std::size_t, double> middle;
    for (const auto table : layer) {
      double sum = 0;
      for (const auto other : others[table]) sum += places_[other];
      middle[table] = others[table].empty() ? places_[table] : sum / static_cast<double>(others[table].size());
    }
    std::stable_sort(layer.begin(), layer.end(), [&](std::size_t a, std::size_t b) { return middle[a] < middle[b]; });
  }

  void set_places(const std::map<int, std::vector<std::size_t>>& layers) {
    for (const auto& [number, layer] : layers) {
      for (std::size_t i = 0; i < layer.size(); ++i) places_[layer[i]] = static_cast<double>(i) / static_cast<double>(layer.size());
    }
  }

  /// The x behind the last column.
  int put(const std::vector<std::size_t>& layer, int x, int highest) {
    int y = margin;
    for (const auto table : layer) {
      if (y > margin && y + boxes_[table].height > highest) {
        x += box_width + gap_x / 2;
        y = margin;
      }
      boxes_[table].x = x;
      boxes_[table].y = y;
      y += boxes_[table].height + gap_y;
      width_ = std::max(width_, x + box_width + margin);
      height_ = std::max(height_, y - gap_y + margin);
    }
    return layer.empty() ? x : x + box_width + gap_x;
  }

  const Diagram& diagram_;
  std::vector<int> ranks_;
  std::vector<Box> boxes_;
  std::map<std::string, std::size_t> index_;
  std::vector<std::vector<std::size_t>> targets_, sources_;
  std::map<std::size_t, double> places_;
  int width_ = 2 * margin;
  int height_ = 2 * margin;
};

/// Cut where it would leave its box.
std::string cut(const std::string& text) {
  std::size_t at = 0;
  std::size_t characters = 0;
  while (at < text.size() && characters < longest_text) {
    ++at;
    while (at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80) ++at;
    ++characters;
  }
  return at == text.size() ? text : text.substr(0, at) + "…";
}

std::string shape_class(const std::string& action) { return action.empty() ? "is-same" : "is-" + action; }

/// What a colour says, in a sign too.
std::string sign(const std::string& action) {
  static const std::map<std::string, std::string> signs{{"add", "+ "}, {"drop", "− "}, {"change", "~ "}, {"rename", "→ "}};
  const auto it = signs.find(action);
  return it == signs.end() ? "" : it->second;
}

std::string box_svg(const DiagramTable& table, const Box& box) {
  std::string out = fmt::format("<g class=\"box {}\"><title>{}{}</title><rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" rx=\"5\"/><text class=\"name\" x=\"{}\" y=\"{}\">{}{}</text>", shape_class(table.action),
                                sign(table.action), html_text(table.name), box.x, box.y, box_width, box.height, box.x + 8, box.y + 17, sign(table.action), html_text(cut(table.name)));
  int y = box.y + head_height + 13;
  for (std::size_t i = 0; i < table.lines.size() && i < most_lines; ++i, y += line_height) {
    const auto& line = table.lines[i];
    out += fmt::format("<text class=\"{}{}\" x=\"{}\" y=\"{}\">{}{}</text>", shape_class(line.action), line.key ? " pk" : "", box.x + 8, y, sign(line.action), html_text(cut(line.text)));
  }
  if (table.lines.size() > most_lines) out += fmt::format("<text x=\"{}\" y=\"{}\">and {} more</text>", box.x + 8, y, table.lines.size() - most_lines);
  out += "</g>";
  return table.link.empty() ? out : fmt::format("<a href=\"{}\">{}</a>", html_text(table.link), out);
}

std::string key_svg(const DiagramKey& key, const Box& from, const Box& to) {
  const int start_y = from.y + 12;
  const int end_y = to.y + 12;
  const auto title = "<title>" + sign(key.action) + html_text(key.from + " to " + key.to + (key.name.empty() ? "" : " (" + key.name + ")")) + "</title>";
  std::string path;
  if (from.x > to.x) {  // to the left, as most are
    const int a = from.x;
    const int b = to.x + box_width;
    const int bend = std::max(30, (a - b) / 2);
    path = fmt::format("M{} {}C{} {} {} {} {} {}", a, start_y, a - bend, start_y, b + bend, end_y, b, end_y);
  } else {  // to itself, within a column, or against the order
    const int a = from.x + box_width;
    const int b = to.x + box_width;
    const int out = std::max(a, b) + 45;
    const int end = &from == &to ? start_y + 10 : end_y;
    path = fmt::format("M{} {}C{} {} {} {} {} {}", a, start_y, out, start_y, out, end, b, end);
  }
  const int tip_x = to.x + box_width;
  const int tip_y = from.x > to.x || &from != &to ? end_y : start_y + 10;
  return fmt::format("<g class=\"key {}\">{}<path d=\"{}\"/><path class=\"tip\" d=\"M{} {}l9 -5v10z\"/></g>\n", shape_class(key.action), title, path, tip_x, tip_y);
}

}  // namespace

std::string diagram_html(const Diagram& diagram, const std::string& id, const std::string& title) {
  if (diagram.tables.empty()) return "";
  const Layout layout(diagram);
  std::string svg = fmt::format("<svg class=\"picture\" width=\"{0}\" height=\"{1}\" viewBox=\"0 0 {0} {1}\" role=\"group\" aria-label=\"{2}\">\n",
                                layout.width(), layout.height(), html_text(title + ": " + plural(diagram.tables.size(), "table") + ", " + plural(diagram.keys.size(), "key")));
  for (const auto& key : diagram.keys) {
    const auto* from = layout.of(key.from);
    const auto* to = layout.of(key.to);
    if (from != nullptr && to != nullptr) svg += key_svg(key, *from, *to);
  }
  for (const auto& table : diagram.tables) svg += box_svg(table, *layout.of(table.name)) + "\n";
  TemplateData data;
  data.texts = {{"id", id}, {"title", title}, {"svg", svg + "</svg>"}};
  return page_part("diagram.html", data);
}

}  // namespace migrate::review
