#include "revision/revision.hpp"

#include <algorithm>
#include <charconv>

#include "core/sha256.hpp"
#include "core/text.hpp"

namespace migrate {
namespace {

const std::vector<std::string>& header_keys() {
  static const std::vector<std::string> keys{"revision", "parents",    "message",     "created",
                                             "labels",   "depends_on", "transaction", "repeatable", "replaces"};
  return keys;
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool is_reserved(std::string_view word) {
  return word == "head" || word == "heads" || word == "base" || word == "current";
}

void check_word(std::string_view word, std::string_view what, const Location& location) {
  const auto plain = [](char c) { return is_letter(c) || is_digit(c) || c == '-' || c == '_' || c == '.'; };
  const auto quoted = std::string(what) + " '" + std::string(word) + "'";
  const std::string hint = "use letters, digits, '-', '_' and '.', at most 64 of them";
  if (word.empty()) throw Error{ErrorKind::usage, "an empty " + std::string(what), hint, location};
  if (is_reserved(word)) {
    throw Error{ErrorKind::usage, quoted + ": this word has a meaning of its own", "choose another one", location};
  }
  if (word.size() > 64 || !std::all_of(word.begin(), word.end(), plain) || !(is_letter(word.front()) || is_digit(word.front()))) {
    throw Error{ErrorKind::usage, "'" + std::string(word) + "' cannot be a " + std::string(what), hint, location};
  }
}

/// Reads the lines of one header.
class HeaderReader {
 public:
  HeaderReader(std::string_view text, const std::string& file, bool complete) : text_(text), file_(file), complete_(complete) {
    if (text_.starts_with("\xEF\xBB\xBF")) at_ = 3;
  }

  std::optional<Header> read() {
    while (true) {
      const auto end = text_.find('\n', at_);
      if (end == std::string_view::npos && !complete_) return std::nullopt;
      const auto line = trim(text_.substr(at_, end == std::string_view::npos ? end : end - at_));
      const bool blank_before = !started_ && line.empty();
      if (!blank_before && !read_line(line)) break;
      ++line_;
      at_ = end == std::string_view::npos ? text_.size() : end + 1;
      if (end == std::string_view::npos) break;
    }
    finish();
    return Header{std::move(revision_), at_, line_};
  }

 private:
  /// False when the line is not part of the header.
  bool read_line(std::string_view line) {
    if (!line.starts_with("--") && !line.starts_with("//")) return false;
    const auto content = trim(line.substr(2));
    const auto colon = content.find(':');
    const auto key = trim(content.substr(0, colon));
    if (key == "migrate" || key == "REVIEW" || key == "lint") return false;
    started_ = true;
    if (content.empty()) return true;
    if (colon == std::string_view::npos || key.empty()) {
      if (!odd_)
        odd_ = Odd{line_, "'" + std::string(content) + "' is not written as `key: value`",
                   "put a blank line between the header and other comments"};
      return true;
    }
    const auto& keys = header_keys();
    if (std::find(keys.begin(), keys.end(), key) == keys.end()) {
      auto best = nearest(key, keys);
      if (!odd_)
        odd_ = Odd{line_, "unknown key '" + std::string(key) + "' in the header",
                   best.empty() ? "known: " + join(keys, ", ") + "; put a blank line between the header and other comments"
                                : "did you mean '" + best + "'?"};
      return true;
    }
    if (std::find(seen_.begin(), seen_.end(), key) != seen_.end()) {
      fail(line_, "the key '" + std::string(key) + "' stands in the header twice", "keep one of them");
    }
    seen_.emplace_back(key);
    read_key(key, trim(content.substr(colon + 1)));
    return true;
  }

  void read_key(std::string_view key, std::string_view value) {
    if (key == "revision") {
      revision_.id = value;
      check_revision_id(value, here());
    } else if (key == "message") {
      revision_.message = value;
    } else if (key == "created") {
      read_created(value);
    } else if (key == "transaction") {
      revision_.transaction = read_switch(key, value);
    } else if (key == "repeatable") {
      revision_.repeatable = read_switch(key, value);
    } else if (key == "labels") {
      revision_.labels = read_list(key, value, check_label);
    } else if (key == "replaces") {
      revision_.replaces = read_list(key, value, check_revision_id);
    } else {
      (key == "parents" ? revision_.parents : revision_.depends_on) = read_list(key, value, check_revision_id);
    }
  }

  void read_created(std::string_view value) {
    static constexpr std::string_view form = "0000-00-00";
    bool right = value.size() >= form.size();
    for (std::size_t i = 0; right && i < form.size(); ++i) right = form[i] == '0' ? is_digit(value[i]) : value[i] == form[i];
    if (!right) fail(line_, "'created' needs a time, not '" + std::string(value) + "'", "write it as 2026-11-21T10:00:00Z");
    revision_.created = value;
  }

  bool read_switch(std::string_view key, std::string_view value) {
    if (value == "on" || value == "true" || value == "yes") return true;
    if (value == "off" || value == "false" || value == "no") return false;
    fail(line_, "'" + std::string(key) + "' is on or off, not '" + std::string(value) + "'",
         "write `" + std::string(key) + ": off`");
  }

  template <class Check>
  std::vector<std::string> read_list(std::string_view key, std::string_view value, Check check) {
    auto words = split(value, ',');
    for (std::size_t i = 0; i < words.size(); ++i) {
      check(words[i], here());
      if (std::find(words.begin(), words.begin() + static_cast<std::ptrdiff_t>(i), words[i]) !=
          words.begin() + static_cast<std::ptrdiff_t>(i)) {
        fail(line_, "'" + std::string(key) + "' names '" + words[i] + "' twice", "keep one of them");
      }
    }
    return words;
  }

  void finish() {
    if (seen_.empty()) {
      fail(1, "the unit has no header",
           "start it with `-- revision: ID` (`// revision: ID` in C++), write it with `migrate revision -m MESSAGE`, or move "
           "a file that is not a unit out of the migrations folder");
    }
    if (odd_) fail(odd_->line, odd_->message, odd_->hint);
    if (revision_.id.empty()) fail(1, "the header has no `revision:` line", "add `-- revision: ID` as its first line");
    if (revision_.repeatable) {
      if (!is_repeatable_id(revision_.id)) revision_.id = repeatable_id(revision_.id);
      if (!revision_.parents.empty()) fail(1, "a repeatable unit has no parents", "write `depends_on:` for the revisions that it needs; without it, it needs all");
      if (!revision_.labels.empty()) fail(1, "a repeatable unit has no labels", "");
    } else if (is_repeatable_id(revision_.id)) {
      fail(1, "the id " + revision_.id + " is for a repeatable unit", "add `repeatable: true`, or take another id");
    }
    revision_.number = revision_number(revision_.id);
    revision_.location = {file_, 1, 0};
  }

  [[nodiscard]] Location here() const { return {file_, line_, 0}; }
  [[noreturn]] void fail(int line, const std::string& what, std::string hint) const {
    throw Error{ErrorKind::usage, "cannot read the unit " + file_ + ": " + what, std::move(hint), {file_, line, 0}};
  }

  /// A line that is no header line; an error only once it is sure that there is a header.
  struct Odd {
    int line;
    std::string message;
    std::string hint;
  };

  std::string_view text_;
  const std::string& file_;
  bool complete_;
  std::size_t at_ = 0;
  int line_ = 1;
  bool started_ = false;
  std::vector<std::string_view> seen_;
  std::optional<Odd> odd_;
  Revision revision_;
};

}  // namespace

std::optional<Header> parse_header(std::string_view text, const std::string& file, bool complete) {
  if (!text.starts_with("--") && !text.starts_with("//")) check_encoding(text.substr(0, 8), file);
  return HeaderReader(text, file, complete).read();
}

long long revision_number(std::string_view id) {
  std::size_t digits = 0;
  while (digits < id.size() && is_digit(id[digits])) ++digits;
  if (digits == 0 || digits > 12 || (digits < id.size() && id[digits] != '-' && id[digits] != '_')) return 0;
  long long number = 0;
  std::from_chars(id.data(), id.data() + digits, number);
  return number;
}

bool is_repeatable_id(std::string_view id) { return id.starts_with("repeatable."); }

std::string repeatable_id(std::string_view name) { return "repeatable." + std::string(name); }

std::string make_revision_id(long long number, int width) {
  auto digits = std::to_string(number);
  if (digits.size() < static_cast<std::size_t>(width)) digits.insert(0, static_cast<std::size_t>(width) - digits.size(), '0');
  return digits + "-" + random_hex(3);
}

void check_revision_id(std::string_view id, const Location& location) {
  check_word(id, "revision id", location);
}
void check_label(std::string_view label, const Location& location) {
  check_word(label, "label", location);
}

}  // namespace migrate
