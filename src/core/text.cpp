#include "core/text.hpp"

#include <locale.h>

#include <algorithm>
#include <cctype>
#include <climits>
#include <cwchar>
#include <cwctype>
#include <functional>

#include "migrate/error.hpp"

namespace migrate {
namespace {

char lower_char(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }
char upper_char(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; }

}  // namespace

bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

std::string_view trim(std::string_view text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), lower_char);
  return out;
}

std::string upper(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), upper_char);
  return out;
}

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  return a.size() == b.size() &&
         std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) { return lower_char(x) == lower_char(y); });
}

bool starts_with_ignoring_case(std::string_view text, std::string_view prefix) {
  return text.size() >= prefix.size() && equal_ignoring_case(text.substr(0, prefix.size()), prefix);
}

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  if (trim(text).empty()) return parts;
  std::size_t start = 0;
  while (true) {
    const auto end = text.find(separator, start);
    parts.emplace_back(trim(text.substr(start, end == std::string_view::npos ? end : end - start)));
    if (end == std::string_view::npos) return parts;
    start = end + 1;
  }
}

std::string join(std::span<const std::string> parts, std::string_view separator) {
  std::string out;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (i > 0) out += separator;
    out += parts[i];
  }
  return out;
}

std::string replace_all(std::string text, std::string_view from, std::string_view to) {
  if (from.empty()) return text;
  for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
  return text;
}

std::string collapse_spaces(std::string_view text) {
  std::string out;
  for (const char c : trim(text)) {
    if (!is_space(c)) {
      out += c;
    } else if (out.back() != ' ') {
      out += ' ';
    }
  }
  return out;
}

std::string slug(std::string_view text, std::size_t max_length) {
  std::string out;
  for (const char c : text) {
    if (std::isalnum(static_cast<unsigned char>(c)) != 0) {
      out += lower_char(c);
    } else if (!out.empty() && out.back() != '_') {
      out += '_';
    }
  }
  if (out.size() > max_length) out.resize(max_length);
  while (!out.empty() && out.back() == '_') out.pop_back();
  return out;
}

bool glob_match(std::string_view pattern, std::string_view text) {
  std::size_t p = 0;
  std::size_t t = 0;
  std::size_t star = std::string_view::npos;
  std::size_t resume = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      resume = t;
    } else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == text[t])) {
      ++p;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++resume;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before(b.size() + 1);
  std::vector<std::size_t> previous(b.size() + 1);
  std::vector<std::size_t> current(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) previous[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    current[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t cost = a[i - 1] == b[j - 1] ? 0 : 1;
      current[j] = std::min({previous[j] + 1, current[j - 1] + 1, previous[j - 1] + cost});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        current[j] = std::min(current[j], before[j - 2] + 1);
      }
    }
    std::swap(before, previous);
    std::swap(previous, current);
  }
  return previous[b.size()];
}

std::string nearest(std::string_view text, std::span<const std::string> candidates) {
  std::string best;
  std::size_t best_distance = std::max<std::size_t>(2, text.size() / 3) + 1;
  for (const auto& candidate : candidates) {
    const auto distance = edit_distance(lower(text), lower(candidate));
    if (distance < best_distance) {
      best_distance = distance;
      best = candidate;
    }
  }
  return best;
}

std::string did_you_mean(std::string_view text, std::span<const std::string> candidates) {
  if (const auto best = nearest(text, candidates); !best.empty()) return "did you mean '" + best + "'?";
  return "known: " + join(candidates, ", ");
}

namespace {

/// Looks at UTF-8 text character by character, whatever the process's locale is; what is not UTF-8 ends it. `look` gets the character and
/// its place, and says whether to go on.
void each_character(std::string_view text, const std::function<bool(wchar_t character, std::size_t at, std::size_t length)>& look) {
  static const locale_t unicode = ::newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
  if (unicode == nullptr) return;
  const locale_t before = ::uselocale(unicode);
  std::mbstate_t state{};
  for (std::size_t at = 0; at < text.size();) {
    wchar_t character = 0;
    const auto length = std::mbrtowc(&character, text.data() + at, text.size() - at, &state);
    if (length == 0 || length > text.size() || !look(character, at, length)) break;
    at += length;
  }
  ::uselocale(before);
}

}  // namespace

std::string cut_to_width(std::string_view text, int columns) {
  int width = 0;
  std::size_t fits = 0;  // bytes in front of which "..." has room
  each_character(text, [&](wchar_t character, std::size_t at, std::size_t) {
    if (width + 3 <= columns) fits = at;
    width += std::max(::wcwidth(character), 0);
    return width <= columns;
  });
  return width > columns ? std::string(text.substr(0, fits)) + "..." : std::string(text);
}

std::string file_slug(std::string_view text, std::size_t max_length) {
  std::string out;
  std::size_t written = 0;
  each_character(text, [&](wchar_t character, std::size_t at, std::size_t length) {
    const bool letter = std::iswalnum(static_cast<std::wint_t>(character)) != 0;
    if (!letter && (out.empty() || out.back() == '_')) return true;
    if (written++ == max_length) return false;
    if (!letter) {
      out += '_';
      return true;
    }
    char bytes[MB_LEN_MAX];
    std::mbstate_t state{};
    const auto lower = static_cast<wchar_t>(std::towlower(static_cast<std::wint_t>(character)));
    const auto size = std::wcrtomb(bytes, lower, &state);
    out += size <= sizeof bytes ? std::string_view(bytes, size) : text.substr(at, length);
    return true;
  });
  while (!out.empty() && out.back() == '_') out.pop_back();
  return out;
}

std::string printable(std::string_view text) {
  const auto byte = [&](std::size_t at) { return at < text.size() ? static_cast<unsigned char>(text[at]) : 0U; };
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size();) {
    const unsigned lead = byte(i);
    const std::size_t length = lead < 0x80 ? 1 : lead >= 0xC2 && lead < 0xE0 ? 2 : lead >= 0xE0 && lead < 0xF0 ? 3 : lead >= 0xF0 && lead < 0xF5 ? 4 : 0;
    unsigned code = length == 1 ? lead : lead & (0xFFU >> (length + 1));
    bool right = length > 0;
    for (std::size_t k = 1; k < length; ++k) {
      right = right && (byte(i + k) & 0xC0) == 0x80;
      code = code << 6 | (byte(i + k) & 0x3F);
    }
    if (!right) {
      out += "\xEF\xBF\xBD";
      ++i;
      continue;
    }
    const bool plain = code == '\n' || code == '\t';
    const bool control = code < 0x20 || (code >= 0x7F && code < 0xA0);
    const bool turns = (code >= 0x202A && code <= 0x202E) || (code >= 0x2066 && code <= 0x2069);  // the direction of writing
    if (code == '\r' && byte(i + 1) == '\n') {
    } else if (!plain && (control || turns)) {
      static constexpr std::string_view digits = "0123456789abcdef";
      out += "\\u";
      for (int shift = 12; shift >= 0; shift -= 4) out += digits[code >> shift & 15];
    } else {
      out += text.substr(i, length);
    }
    i += length;
  }
  return out;
}

std::string plural(std::size_t count, std::string_view noun) {
  return std::to_string(count) + " " + std::string(noun) + (count == 1 ? "" : "s");
}

std::size_t offset_of(std::string_view text, int line, int column) {
  std::size_t at = 0;
  for (; line > 1; --line) {
    const auto end = text.find('\n', at);
    if (end == std::string_view::npos) return text.size();
    at = end + 1;
  }
  return std::min(at + static_cast<std::size_t>(std::max(column, 1) - 1), text.size());
}

namespace {

/// The name of the encoding that a file's first bytes show, if it is not UTF-8. Without a mark, text of two-byte characters
/// has a NUL in every second byte, as its first ones are ASCII (a comment, a key).
std::string_view wide_encoding(std::string_view text) {
  using namespace std::string_view_literals;
  if (text.starts_with("\xFF\xFE\0\0"sv) || text.starts_with("\0\0\xFE\xFF"sv)) return "UTF-32";
  if (text.starts_with("\xFF\xFE"sv) || text.starts_with("\xFE\xFF"sv)) return "UTF-16";
  const auto nul = [&](std::size_t at) { return at < text.size() && text[at] == '\0'; };
  const bool little = nul(1) && nul(3) && !nul(0) && !nul(2);
  const bool big = nul(0) && nul(2) && !nul(1) && !nul(3) && text.size() >= 4;
  return little || big ? "UTF-16" : "";
}

}  // namespace

void check_encoding(std::string_view text, const std::string& file) {
  static constexpr std::string_view mark = "\xEF\xBB\xBF";
  const auto fail = [&](std::size_t at, const std::string& what, const std::string& hint) {
    const auto before = text.substr(0, at);
    const auto last_break = before.rfind('\n');
    const auto column = last_break == std::string_view::npos ? at + 1 : at - last_break;
    throw Error{ErrorKind::usage, "cannot read " + file + ": " + what, hint,
                {file, static_cast<int>(std::count(before.begin(), before.end(), '\n')) + 1, static_cast<int>(column)}};
  };
  if (const auto wide = wide_encoding(text); !wide.empty()) {
    fail(0, "it is " + std::string(wide) + ", not UTF-8", "save it as UTF-8: `iconv -f " + std::string(wide) + " -t UTF-8 FILE`");
  }
  if (text.starts_with(mark) && text.substr(mark.size()).starts_with(mark)) {
    fail(mark.size(), "it starts with two byte order marks", "save it with one, or better without: two programs each put one there");
  }
  // Behind a file's last line, or where files were joined by DOS's copy.
  const auto last = trim(text);
  const auto end = last.ends_with('\x1a') ? static_cast<std::size_t>(last.data() - text.data()) + last.size() - 1 : text.find("\n\x1a\r\n");
  if (end != std::string_view::npos) {
    fail(text[end] == '\n' ? end + 1 : end, "it holds Ctrl-Z (the byte 1A), with which DOS ends a file", "delete that character: `tr -d '\\032'` does it");
  }
}

}  // namespace migrate
