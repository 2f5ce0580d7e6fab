#include "core/yaml.hpp"

#include <fmt/format.h>
#include <yaml.h>

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>

#include "core/conflict.hpp"
#include "core/text.hpp"

namespace migrate::yaml {
namespace {

std::string_view view(const yaml_char_t* text) { return text == nullptr ? std::string_view{} : reinterpret_cast<const char*>(text); }

/// libyaml's parser over a text, an event at a time.
class Events {
 public:
  Events(std::string_view text, const std::string& file) : text_(text), file_(file) {
    if (yaml_parser_initialize(&parser_) == 0) throw std::bad_alloc();
    yaml_parser_set_input_string(&parser_, reinterpret_cast<const unsigned char*>(text.data()), text.size());
    yaml_parser_set_encoding(&parser_, YAML_UTF8_ENCODING);
  }
  ~Events() {
    yaml_event_delete(&event_);
    yaml_parser_delete(&parser_);
  }
  Events(const Events&) = delete;
  Events& operator=(const Events&) = delete;

  const yaml_event_t& next() {
    yaml_event_delete(&event_);
    if (yaml_parser_parse(&parser_, &event_) == 0) fail();
    return event_;
  }

 private:
  [[noreturn]] void fail() const {
    if (parser_.error == YAML_MEMORY_ERROR) throw std::bad_alloc();
    if (parser_.error == YAML_READER_ERROR) fail_to_read();
    if (const int line = conflict_line(text_); line != 0) {
      throw Error{ErrorKind::usage, "git left a conflict in " + file_, "settle it: keep one side, and take the lines with <<<<<<<, ======= and >>>>>>> out", {file_, line, 1}};
    }
    std::string what = parser_.context == nullptr ? "" : std::string(parser_.context) + ": ";
    what += parser_.problem == nullptr ? "not YAML" : parser_.problem;
    const auto& mark = parser_.problem_mark;
    throw Error{ErrorKind::usage, "cannot read " + file_ + ": " + what, "check the indentation, quotes and brackets there",
                {file_, static_cast<int>(mark.line) + 1, static_cast<int>(mark.column) + 1}};
  }

  /// A byte that YAML does not allow: the parser has read ahead of its mark, and names it by its offset.
  [[noreturn]] void fail_to_read() const {
    const auto before = text_.substr(0, parser_.problem_offset);
    const auto last_break = before.rfind('\n');
    const auto line = std::count(before.begin(), before.end(), '\n') + 1;
    const auto column = last_break == std::string_view::npos ? before.size() + 1 : before.size() - last_break;
    throw Error{ErrorKind::usage, "cannot read " + file_ + ": " + (parser_.problem == nullptr ? "not YAML" : parser_.problem),
                "write the file in UTF-8, and control characters in double quotes, as \\xNN",
                {file_, static_cast<int>(line), static_cast<int>(column)}};
  }

  std::string_view text_;
  const std::string& file_;
  yaml_parser_t parser_{};
  yaml_event_t event_{};
};

/// Builds the tree from the parser's events. Deep input is bounded, so that it cannot exhaust the stack later.
class Builder {
 public:
  Builder(std::string_view text, const std::string& file) : events_(text, file), file_(file) {}

  Node read() {
    (void)events_.next();  // the stream's start
    if (events_.next().type == YAML_STREAM_END_EVENT) return {};
    do {
      take(events_.next());
    } while (!stack_.empty());
    (void)events_.next();  // the document's end
    if (events_.next().type == YAML_STREAM_END_EVENT) return std::move(root_);
    const auto mark = events_.next().start_mark;
    throw Error{ErrorKind::usage, "cannot read " + file_ + ": a second document starts here", "keep one document in a file",
                {file_, static_cast<int>(mark.line) + 1, static_cast<int>(mark.column) + 1}};
  }

 private:
  static constexpr std::size_t max_depth = 64;
  /// What aliases may bring in: some for every file, and in a large one a multiple of what stands there.
  static constexpr std::size_t free_alias_nodes = 20'000;
  static constexpr std::size_t alias_nodes_a_node = 10;
  /// A map with more keys finds doubles by a table of its own.
  static constexpr std::size_t few_keys = 24;

  struct Open {
    Node node;
    std::string anchor;
    std::size_t first_node = 0;
    std::optional<Node> key;
    std::vector<std::pair<Node, std::pair<int, int>>> merges;
    std::unordered_map<std::string, std::size_t> places;  ///< of the keys, once there are more than a few
  };

  [[noreturn]] void fail(int line, int column, const std::string& what) const {
    throw Error{ErrorKind::usage, "cannot read " + file_ + ": " + what, {}, {file_, line, column}};
  }

  Node make(Node::Kind kind, const yaml_event_t& event) {
    ++node_count_;
    Node node;
    node.kind = kind;
    node.line = static_cast<int>(event.start_mark.line) + 1;
    node.column = static_cast<int>(event.start_mark.column) + 1;
    return node;
  }

  void take(const yaml_event_t& event) {
    switch (event.type) {
      case YAML_ALIAS_EVENT: return alias(event);
      case YAML_SCALAR_EVENT: return scalar(event);
      case YAML_SEQUENCE_START_EVENT: return open(make(Node::Kind::sequence, event), view(event.data.sequence_start.anchor));
      case YAML_MAPPING_START_EVENT: return open(make(Node::Kind::map, event), view(event.data.mapping_start.anchor));
      default: return close();
    }
  }

  void alias(const yaml_event_t& event) {
    const int line = static_cast<int>(event.start_mark.line) + 1;
    const int column = static_cast<int>(event.start_mark.column) + 1;
    const auto it = anchors_.find(view(event.data.alias.anchor));
    if (it == anchors_.end()) fail(line, column, "the alias *" + std::string(view(event.data.alias.anchor)) + " names no node that ends above it");
    node_count_ += it->second.second;
    alias_nodes_ += it->second.second;
    if (alias_nodes_ > free_alias_nodes + (node_count_ - alias_nodes_) * alias_nodes_a_node) {
      fail(line, column, "the alias *" + std::string(view(event.data.alias.anchor)) + " makes the file too large: its aliases hold far more than what is written in it");
    }
    add(it->second.first);
  }

  void scalar(const yaml_event_t& event) {
    const auto& data = event.data.scalar;
    const std::string_view value(reinterpret_cast<const char*>(data.value), data.length);
    const auto tag = view(data.tag);
    const bool quoted = data.style != YAML_PLAIN_SCALAR_STYLE || tag == "!" || tag == YAML_STR_TAG;
    Node node = make(!quoted && is_null_word(value) ? Node::Kind::null : Node::Kind::scalar, event);
    node.quoted = quoted;
    node.scalar = value;
    if (data.anchor != nullptr) anchors_[std::string(view(data.anchor))] = {node, 1};
    add(std::move(node));
  }

  void open(Node node, std::string_view anchor) {
    if (stack_.size() >= max_depth) fail(node.line, node.column, "nested too deeply");
    auto& top = stack_.emplace_back();
    top.node = std::move(node);
    top.anchor = anchor;
    top.first_node = node_count_;
  }

  void close() {
    Open done = std::move(stack_.back());
    stack_.pop_back();
    for (auto& [merged, place] : done.merges) merge(done, merged, place);
    if (!done.anchor.empty()) anchors_[done.anchor] = {done.node, node_count_ - done.first_node + 1};
    add(std::move(done.node));
  }

  void add(Node node) {
    if (stack_.empty()) {
      root_ = std::move(node);
      return;
    }
    Open& parent = stack_.back();
    if (parent.node.kind == Node::Kind::sequence) {
      parent.node.items.push_back(std::move(node));
    } else if (!parent.key) {
      if (node.kind == Node::Kind::map || node.kind == Node::Kind::sequence) {
        fail(node.line, node.column, "a key must be a plain word or a text");
      }
      parent.key = std::move(node);
    } else {
      Node key = std::move(*parent.key);
      parent.key.reset();
      if (key.scalar == "<<" && !key.quoted) {
        parent.merges.emplace_back(std::move(node), std::pair{key.line, key.column});
        return;
      }
      if (const auto* first = find_key(parent, key.scalar)) {
        fail(key.line, key.column, "the key '" + key.scalar + "' stands here a second time (first in line " + std::to_string(first->first) + ")");
      }
      add_key(parent, std::move(key.scalar), std::move(node), {key.line, key.column});
    }
  }

  /// Where the map has the key, if it does.
  static const std::pair<int, int>* find_key(const Open& map, const std::string& key) {
    const auto& keys = map.node.keys;
    if (keys.size() > few_keys) {
      const auto it = map.places.find(key);
      return it == map.places.end() ? nullptr : &map.node.key_places[it->second];
    }
    for (std::size_t i = 0; i < keys.size(); ++i) {
      if (keys[i].first == key) return &map.node.key_places[i];
    }
    return nullptr;
  }

  static void add_key(Open& map, std::string key, Node value, std::pair<int, int> place) {
    auto& keys = map.node.keys;
    keys.emplace_back(std::move(key), std::move(value));
    map.node.key_places.push_back(place);
    if (keys.size() <= few_keys) return;
    for (std::size_t i = map.places.size(); i < keys.size(); ++i) map.places.emplace(keys[i].first, i);
  }

  void merge(Open& map, const Node& source, std::pair<int, int> place) {
    if (source.kind == Node::Kind::sequence) {
      for (const auto& item : source.items) merge(map, item, place);
    } else if (source.kind != Node::Kind::map) {
      fail(place.first, place.second, "'<<' needs a map, or a list of maps");
    }
    for (std::size_t i = 0; i < source.keys.size(); ++i) {
      if (find_key(map, source.keys[i].first) == nullptr) add_key(map, source.keys[i].first, source.keys[i].second, source.key_places[i]);
    }
  }

  Events events_;
  const std::string& file_;
  Node root_;
  std::vector<Open> stack_;
  std::map<std::string, std::pair<Node, std::size_t>, std::less<>> anchors_;
  std::size_t node_count_ = 0;   ///< with what aliases brought in
  std::size_t alias_nodes_ = 0;
};

/// The character at the start of a text that a file of YAML does not hold, or holds as a line break: its number and its bytes.
std::pair<unsigned, std::size_t> odd_character(std::string_view text) {
  const auto at = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U; };
  const unsigned first = at(0);
  if ((first < 0x20 && first != '\t' && first != '\n') || first == 0x7f) return {first, 1};
  if (first == 0xc2 && at(1) >= 0x80 && at(1) < 0xa0) return {at(1), 2};
  if (first < 0xe0 || (first & 0xf0) != 0xe0) return {0, 0};
  const unsigned number = (first & 15) << 12 | (at(1) & 63) << 6 | (at(2) & 63);
  const bool odd = number == 0x2028 || number == 0x2029 || number == 0xfeff || number == 0xfffe || number == 0xffff;
  return odd ? std::pair<unsigned, std::size_t>{number, 3} : std::pair<unsigned, std::size_t>{0, 0};
}

}  // namespace

bool is_null_word(std::string_view text) { return text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL"; }

bool holds_as_is(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (odd_character(text.substr(i)).second > 0) return false;
  }
  return true;
}

const Node* Node::find(std::string_view key) const {
  for (const auto& [name, value] : keys) {
    if (name == key) return &value;
  }
  return nullptr;
}

Node parse(std::string_view text, const std::string& file) {
  check_encoding(text, file);
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  return Builder(text, file).read();
}

}  // namespace migrate::yaml
