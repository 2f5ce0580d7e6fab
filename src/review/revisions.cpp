#include "review/revisions.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "core/html.hpp"

namespace migrate::review {
namespace {

constexpr int row_height = 34;
constexpr int column_width = 26;

class Picture {
 public:
  Picture(const Graph& graph, const std::vector<int>& shown) : graph_(graph), shown_(shown), place_(static_cast<std::size_t>(graph.size()), -1), lane_(shown.size(), 0) {
    for (std::size_t i = 0; i < shown.size(); ++i) place_[static_cast<std::size_t>(shown[i])] = static_cast<int>(i);
    set_lanes();
  }

  std::string draw(const std::set<std::string>& applied, const std::set<std::string>& strong) const {
    const int text_x = 30 + column_width * static_cast<int>(widest_);
    std::string out = fmt::format("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{}\" height=\"{}\" font-family=\"sans-serif\" font-size=\"13\">\n", text_x + 620, row_height * size() + 20);
    for (int i = 0; i < size(); ++i) {
      for (const int parent : parents(i)) {
        out += fmt::format("<path d=\"M{} {} C{} {} {} {} {} {}\" fill=\"none\" stroke=\"#888\" stroke-width=\"2\"/>\n", x(i), y(i), x(i), y(i) + row_height / 2, x(parent), y(parent) - row_height / 2, x(parent), y(parent));
      }
    }
    for (int i = 0; i < size(); ++i) {
      const auto& revision = graph_.at(shown_[static_cast<std::size_t>(i)]);
      out += fmt::format("<circle cx=\"{}\" cy=\"{}\" r=\"7\" fill=\"{}\" stroke=\"#444\"/><text x=\"{}\" y=\"{}\"{}>{}</text>\n", x(i), y(i), applied.contains(revision.id) ? "#3aa76d" : "#fff", text_x,
                         y(i) + 5, strong.contains(revision.id) ? " font-weight=\"bold\"" : "", html_text(title(revision)));
    }
    return out + "</svg>\n";
  }

 private:
  [[nodiscard]] int size() const { return static_cast<int>(shown_.size()); }
  [[nodiscard]] int x(int i) const { return 20 + column_width * lane_[static_cast<std::size_t>(i)]; }
  [[nodiscard]] int y(int i) const { return 24 + row_height * (size() - 1 - i); }

  /// Those that are shown, by their places.
  [[nodiscard]] std::vector<int> parents(int i) const {
    std::vector<int> out;
    for (const int parent : graph_.parents(shown_[static_cast<std::size_t>(i)])) {
      if (const int place = place_[static_cast<std::size_t>(parent)]; place >= 0) out.push_back(place);
    }
    return out;
  }

  void set_lanes() {
    std::vector<int> lanes;  // the revision that each column waits for, -1: none
    for (int i = size() - 1; i >= 0; --i) {
      auto lane = std::find(lanes.begin(), lanes.end(), i);
      if (lane == lanes.end()) lane = std::find(lanes.begin(), lanes.end(), -1);
      if (lane == lanes.end()) lane = lanes.insert(lanes.end(), i);
      const auto own = static_cast<std::size_t>(lane - lanes.begin());
      lane_[static_cast<std::size_t>(i)] = static_cast<int>(own);
      std::replace(lanes.begin(), lanes.end(), i, -1);
      lanes[own] = -1;
      for (const int parent : parents(i)) {
        if (std::find(lanes.begin(), lanes.end(), parent) != lanes.end()) continue;
        if (lanes[own] == -1) lanes[own] = parent;
        else if (auto free = std::find(lanes.begin(), lanes.end(), -1); free != lanes.end()) *free = parent;
        else lanes.push_back(parent);
      }
      widest_ = std::max(widest_, lanes.size());
    }
  }

  const Graph& graph_;
  const std::vector<int>& shown_;
  std::vector<int> place_;  ///< by index of the graph; -1: not shown
  std::vector<int> lane_;
  std::size_t widest_ = 1;
};

}  // namespace

std::string revisions_svg(const Graph& graph, const std::set<std::string>& applied, const std::vector<int>& shown, const std::set<std::string>& strong) { return Picture(graph, shown).draw(applied, strong); }

std::string revisions_svg(const Graph& graph, const std::set<std::string>& applied) {
  std::vector<int> all(static_cast<std::size_t>(graph.size()));
  std::iota(all.begin(), all.end(), 0);
  return revisions_svg(graph, applied, all, {});
}

std::vector<int> revisions_around(const Graph& graph, const std::set<std::string>& ids, int steps) {
  auto marks = graph.mark(Ids(ids.begin(), ids.end()));
  for (; steps > 0; --steps) {
    auto next = marks;
    for (int i = 0; i < graph.size(); ++i) {
      if (marks[static_cast<std::size_t>(i)] == 0) continue;
      for (const auto* others : {&graph.needs(i), &graph.needed_by(i)}) {
        for (const int other : *others) next[static_cast<std::size_t>(other)] = 1;
      }
    }
    marks = std::move(next);
  }
  std::vector<int> out;
  for (int i = 0; i < graph.size(); ++i) {
    if (marks[static_cast<std::size_t>(i)] != 0) out.push_back(i);
  }
  return out;
}

}  // namespace migrate::review
