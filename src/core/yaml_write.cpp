#include "core/yaml_write.hpp"

#include <yaml-cpp/emitter.h>

#include "core/yaml.hpp"

namespace migrate::yaml {
namespace {

/// Whether readers take the text as it stands, between braces too, where some end a scalar at any '?'.
bool is_plain(std::string_view text) {
  if (text.empty() || is_null_word(text)) return false;
  static constexpr std::string_view first_not = " -?:,[]{}#&*!|>'\"%@`";
  if (first_not.find(text.front()) != std::string_view::npos || text.back() == ' ' || text.back() == ':') return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c < 0x20 || c == 0x7f || c == ',' || c == '[' || c == ']' || c == '{' || c == '}' || c == '?') return false;
    if (c == ':' && i + 1 < text.size() && text[i + 1] == ' ') return false;
    if (c == '#' && text[i - 1] == ' ') return false;
  }
  return holds_as_is(text) && text != "<<";
}

/// Whether a text can stand as a block literal and read back the same.
bool fits_block(std::string_view text) {
  if (text.find('\n') == std::string_view::npos || text.back() == '\n' || text.front() == '\n' || text.front() == ' ') return false;
  return holds_as_is(text);
}

/// U+FFFE and U+FFFF, which the emitter takes for broken UTF-8 and replaces.
std::size_t find_noncharacter(std::string_view text) {
  for (auto at = text.find("\xef\xbf"); at != std::string_view::npos; at = text.find("\xef\xbf", at + 1)) {
    if (at + 2 < text.size() && (text[at + 2] == '\xbe' || text[at + 2] == '\xbf')) return at;
  }
  return std::string_view::npos;
}

class Emission {
 public:
  void value(const Written& written) {
    switch (written.kind) {
      case Written::Kind::word:
        if (written.scalar == "null") out_ << YAML::LowerNull << YAML::Null;
        else out_ << written.scalar;
        break;
      case Written::Kind::text:
        if (written.block && fits_block(written.scalar)) literal(written.scalar);
        else scalar(written.scalar);
        break;
      case Written::Kind::list:
        out_ << YAML::Flow << YAML::BeginSeq;
        for (const auto& item : written.items) value(item);
        out_ << YAML::EndSeq;
        break;
      case Written::Kind::flow: map(written, true); break;
      case Written::Kind::map:
        if (written.items.empty()) return map(written, false);
        out_ << YAML::Block << YAML::BeginSeq;  // entries without names
        for (const auto& item : written.items) value(item);
        out_ << YAML::EndSeq;
        break;
    }
  }

  void scalar(const std::string& text) {
    if (find_noncharacter(text) != std::string::npos) {
      edits_.push_back({out_.size(), "migrate_scalar", with_noncharacters(text)});
      out_ << YAML::Auto << "migrate_scalar";
    } else if (is_plain(text)) {
      out_ << YAML::Auto << text;
    } else {
      if (!holds_as_is(text)) out_ << YAML::EscapeNonAscii;
      out_ << YAML::DoubleQuoted << text;
      if (!holds_as_is(text)) out_ << YAML::EmitNonAscii;
    }
  }

  [[nodiscard]] std::string text() const {
    std::string text = out_.c_str();
    for (auto edit = edits_.rbegin(); edit != edits_.rend(); ++edit) text.replace(text.find(edit->written, edit->behind), edit->written.size(), edit->meant);
    return text;
  }

 private:
  /// The emitter's own text of what stands between them.
  static std::string with_noncharacters(std::string_view text) {
    std::string out = "\"";
    while (true) {
      const auto at = find_noncharacter(text);
      YAML::Emitter part;
      part << YAML::EscapeNonAscii << YAML::DoubleQuoted << std::string(text.substr(0, at));
      out += std::string_view(part.c_str()).substr(1, part.size() - 2);
      if (at == std::string_view::npos) return out + "\"";
      out += text[at + 2] == '\xbe' ? "\\ufffe" : "\\uffff";
      text.remove_prefix(at + 3);
    }
  }

  void map(const Written& written, bool flow) {
    out_ << (flow ? YAML::Flow : YAML::Block) << YAML::BeginMap;
    for (const auto& [key, entry] : written.keys) {
      out_ << YAML::Key;
      // The property `null` stands as everybody writes it; a name that is this word, of a column for one, goes in quotes.
      if (key == "null" && entry.kind == Written::Kind::word) out_ << YAML::LowerNull << YAML::Null;
      else scalar(key);
      out_ << YAML::Value;
      value(entry);
    }
    out_ << YAML::EndMap;
  }

  void literal(const std::string& text) {
    edits_.push_back({out_.size(), "|", "|-"});  // no line end behind the last line
    out_ << YAML::Literal << text;
  }

  /// What the emitter has no word for: it writes something else, which is replaced.
  struct Edit {
    std::size_t behind;  ///< how long the text was in front of it
    std::string written;
    std::string meant;
  };

  YAML::Emitter out_;
  std::vector<Edit> edits_;
};

}  // namespace

Written text(std::string value) { return {.kind = Written::Kind::text, .scalar = std::move(value), .items = {}, .keys = {}}; }
Written block(std::string value) { return {.kind = Written::Kind::text, .scalar = std::move(value), .block = true, .items = {}, .keys = {}}; }
Written word(std::string value) { return {.kind = Written::Kind::word, .scalar = std::move(value), .items = {}, .keys = {}}; }
Written list(std::vector<Written> items) { return {.kind = Written::Kind::list, .scalar = {}, .items = std::move(items), .keys = {}}; }
Written list(const std::vector<std::string>& texts) {
  std::vector<Written> items;
  for (const auto& item : texts) items.push_back(text(item));
  return list(std::move(items));
}

std::string write(const Written& document) {
  if (document.keys.empty()) return {};
  Emission emission;
  emission.value(document);
  return emission.text() + "\n";
}

std::string quote(std::string_view text) {
  Emission emission;
  emission.scalar(std::string(text));
  return emission.text();
}

}  // namespace migrate::yaml
