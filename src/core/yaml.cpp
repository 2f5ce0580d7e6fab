#include "core/yaml.hpp"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <istream>
#include <map>
#include <optional>
#include <streambuf>
#include <string>

#include "core/text.hpp"

namespace migrate::yaml {
namespace {

/// Lets an istream read a text in place.
class TextBuffer : public std::streambuf {
 public:
  explicit TextBuffer(std::string_view text) {
    char* begin = const_cast<char*>(text.data());
    setg(begin, begin, begin + text.size());
  }
};

bool is_null_word(std::string_view text) {
  return text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL";
}

/// Builds the tree from the parser's events. Deep input is bounded, so that it cannot exhaust the stack later.
class Builder : public YAML::EventHandler {
 public:
  Builder(std::string_view text, std::string file) : text_(text), file_(std::move(file)) {}

  Node take() { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}

  /// The parser does not hand over the word it took for a null, and as a key (`null: false`) the word matters.
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    Node node = make(Node::Kind::null, mark);
    const auto at = static_cast<std::size_t>(std::max(mark.pos, 0));
    for (const std::string_view word : {"null", "Null", "NULL", "~"}) {
      if (at < text_.size() && text_.substr(at).starts_with(word)) node.scalar = word;
    }
    leaf(std::move(node), anchor);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto it = anchors_.find(anchor);
    if (it == anchors_.end()) fail(mark.line, mark.column, "an alias that refers to the node it stands in");
    node_count_ += it->second.second;
    if (node_count_ > max_nodes) fail(mark.line, mark.column, "aliases that expand to too much");
    add(it->second.first);
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, const std::string& value) override {
    const bool quoted = tag == "!";
    Node node = make(!quoted && is_null_word(value) ? Node::Kind::null : Node::Kind::scalar, mark);
    node.quoted = quoted;
    node.scalar = value;
    leaf(std::move(node), anchor);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor, YAML::EmitterStyle::value) override {
    open(make(Node::Kind::sequence, mark), anchor);
  }
  void OnSequenceEnd() override { close(); }

  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor, YAML::EmitterStyle::value) override {
    open(make(Node::Kind::map, mark), anchor);
  }
  void OnMapEnd() override { close(); }

 private:
  static constexpr std::size_t max_depth = 64;
  static constexpr std::size_t max_nodes = 20'000'000;

  struct Open {
    Node node;
    YAML::anchor_t anchor;
    std::size_t first_node;
    std::optional<Node> key;
    std::vector<std::pair<Node, std::pair<int, int>>> merges;
    std::map<std::string, int, std::less<>> seen;  ///< keys of a large map, to find doubles
  };

  [[noreturn]] void fail(int line, int column, const std::string& what) const {
    throw Error{ErrorKind::usage, "cannot read " + file_ + ": " + what, {}, {file_, line + 1, column + 1}};
  }

  Node make(Node::Kind kind, const YAML::Mark& mark) {
    ++node_count_;
    Node node;
    node.kind = kind;
    node.line = mark.line + 1;
    node.column = mark.column + 1;
    return node;
  }

  void leaf(Node node, YAML::anchor_t anchor) {
    if (anchor != 0) anchors_[anchor] = {node, 1};
    add(std::move(node));
  }

  void open(Node node, YAML::anchor_t anchor) {
    if (stack_.size() >= max_depth) fail(node.line - 1, node.column - 1, "nested too deeply");
    stack_.push_back({std::move(node), anchor, node_count_, {}, {}, {}});
  }

  void close() {
    Open done = std::move(stack_.back());
    stack_.pop_back();
    for (auto& [merged, place] : done.merges) merge(done, merged, place);
    if (done.anchor != 0) anchors_[done.anchor] = {done.node, node_count_ - done.first_node + 1};
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
        fail(node.line - 1, node.column - 1, "a key must be a plain word or a text");
      }
      parent.key = std::move(node);
    } else {
      const Node key = std::move(*parent.key);
      parent.key.reset();
      if (key.scalar == "<<" && !key.quoted) {
        parent.merges.emplace_back(std::move(node), std::pair{key.line, key.column});
      } else {
        add_key(parent, key, std::move(node));
      }
    }
  }

  void add_key(Open& map, const Node& key, Node value) {
    const auto [it, fresh] = map.seen.emplace(key.scalar, key.line);
    if (!fresh) {
      fail(key.line - 1, key.column - 1,
           "the key '" + key.scalar + "' stands here a second time (first in line " + std::to_string(it->second) + ")");
    }
    map.node.keys.emplace_back(key.scalar, std::move(value));
    map.node.key_places.emplace_back(key.line, key.column);
  }

  void merge(Open& map, const Node& source, std::pair<int, int> place) {
    if (source.kind == Node::Kind::sequence) {
      for (const auto& item : source.items) merge(map, item, place);
    } else if (source.kind != Node::Kind::map) {
      fail(place.first - 1, place.second - 1, "'<<' needs a map, or a list of maps");
    }
    for (std::size_t i = 0; i < source.keys.size(); ++i) {
      if (!map.seen.emplace(source.keys[i].first, source.key_places[i].first).second) continue;
      map.node.keys.push_back(source.keys[i]);
      map.node.key_places.push_back(source.key_places[i]);
    }
  }

  std::string_view text_;
  std::string file_;
  Node root_;
  std::vector<Open> stack_;
  std::map<YAML::anchor_t, std::pair<Node, std::size_t>> anchors_;
  std::size_t node_count_ = 0;
};

bool is_plain(std::string_view text) {
  if (text.empty() || is_null_word(text)) return false;
  static constexpr std::string_view first_not = " -?:,[]{}#&*!|>'\"%@`";
  if (first_not.find(text.front()) != std::string_view::npos || text.back() == ' ' || text.back() == ':') return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c < 0x20 || c == 0x7f || c == ',' || c == '[' || c == ']' || c == '{' || c == '}') return false;
    if (c == ':' && i + 1 < text.size() && text[i + 1] == ' ') return false;
    if (c == '#' && text[i - 1] == ' ') return false;
  }
  return text.find("\xc2\x85") == std::string_view::npos && text.find("\xe2\x80\xa8") == std::string_view::npos &&
         text.find("\xe2\x80\xa9") == std::string_view::npos && !text.starts_with("\xef\xbb\xbf") && text != "<<";
}

}  // namespace

const Node* Node::find(std::string_view key) const {
  for (const auto& [name, value] : keys) {
    if (name == key) return &value;
  }
  return nullptr;
}

Node parse(std::string_view text, const std::string& file) {
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  TextBuffer buffer(text);
  std::istream stream(&buffer);
  Builder builder(text, file);
  try {
    YAML::Parser parser(stream);
    parser.HandleNextDocument(builder);
    Builder rest(text, file);
    if (parser.HandleNextDocument(rest)) {
      const Node second = rest.take();
      throw Error{ErrorKind::usage, "cannot read " + file + ": a second document starts here", "keep one document in a file",
                  {file, second.line, second.column}};
    }
  } catch (const YAML::Exception& error) {
    throw Error{ErrorKind::usage, "cannot read " + file + ": " + error.msg, "check the indentation, quotes and brackets there",
                {file, error.mark.line + 1, error.mark.column + 1}};
  }
  return builder.take();
}

std::string quote(std::string_view text) {
  if (is_plain(text)) return std::string(text);
  static constexpr std::string_view digits = "0123456789abcdef";
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\t') {
      out += "\\t";
    } else if (byte < 0x20 || byte == 0x7f) {
      out += "\\x";
      out += digits[byte >> 4];
      out += digits[byte & 15];
    } else {
      out += c;
    }
  }
  return out + '"';
}

}  // namespace migrate::yaml
