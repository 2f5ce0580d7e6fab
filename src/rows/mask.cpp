#include "rows/mask.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "core/filesystem.hpp"
#include "core/sha256.hpp"
#include "core/text.hpp"
#include "schema/model.hpp"

namespace migrate {
namespace {

using Kind = ValueType::Kind;

const std::vector<std::string>& mask_names() {
  static const std::vector<std::string> names{"hash", "email", "name", "phone", "date_shift", "null", "constant"};
  return names;
}

/// Digits that follow from key and value, as many as are asked for.
class Digits {
 public:
  Digits(const std::string& key, std::string_view value) : seed_(fmt::format("{}:{}\n{}", key.size(), key, value)) {}

  unsigned next(unsigned below) {
    if (at_ + 4 > hex_.size()) {
      hex_ = sha256(seed_ + "\n" + std::to_string(round_++));
      at_ = 0;
    }
    const auto number = static_cast<unsigned>(std::stoul(hex_.substr(at_, 4), nullptr, 16));
    at_ += 4;
    return number % below;
  }

 private:
  std::string seed_;
  std::string hex_;
  std::size_t at_ = 0;
  int round_ = 0;
};

/// Letters become letters and digits digits; the first digit of a number stays one that is not zero. What is neither stays.
std::string replaced(std::string_view text, Digits& digits, bool only_digits) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c >= '0' && c <= '9') out += static_cast<char>(c == '0' || i != 0 ? '0' + static_cast<char>(digits.next(10)) : '1' + static_cast<char>(digits.next(9)));
    else if (!only_digits && c >= 'a' && c <= 'z') out += static_cast<char>('a' + static_cast<char>(digits.next(26)));
    else if (!only_digits && c >= 'A' && c <= 'Z') out += static_cast<char>('A' + static_cast<char>(digits.next(26)));
    else if (!only_digits && (static_cast<unsigned char>(c) & 0xC0) == 0xC0) out += static_cast<char>('a' + static_cast<char>(digits.next(26)));  // a character of another alphabet
    else if ((static_cast<unsigned char>(c) & 0xC0) != 0x80 || only_digits) out += c;
  }
  return out;
}

std::string word(Digits& digits, std::size_t length) {
  std::string out;
  while (out.size() < length) out += static_cast<char>('a' + static_cast<char>(digits.next(26)));
  return out;
}

std::string hashed(const ValueType& type, Digits& digits, std::string_view text) {
  switch (type.kind) {
    case Kind::boolean: return digits.next(2) == 0 ? "0" : "1";
    case Kind::uuid: {
      std::string hex;
      while (hex.size() < 32) hex += "0123456789abcdef"[digits.next(16)];
      for (const std::size_t at : {8, 13, 18, 23}) hex.insert(at, 1, '-');
      return hex;
    }
    case Kind::integer:
    case Kind::decimal: return replaced(text, digits, true);
    case Kind::bytes: {
      std::string bytes(text.size(), '\0');
      for (auto& byte : bytes) byte = static_cast<char>(digits.next(256));
      return bytes;
    }
    default: return replaced(text, digits, false);
  }
}

const std::array<std::string_view, 24> first_names{"Ada", "Ben", "Cleo", "Dana", "Eli", "Fay", "Gus", "Hana", "Ira", "Jo", "Kai", "Lena", "Milo", "Nora", "Otto", "Pia", "Quin", "Rosa", "Sam", "Tara", "Uma", "Vito", "Wren", "Zoe"};

std::string shifted(const Mask& mask, std::string_view text, Digits& digits) {
  const auto dash = text.find('-');
  if (dash != 4 || text.size() < 10) return std::string(text);
  const auto span = static_cast<unsigned>(2 * mask.days + 1);
  const long days = static_cast<long>((digits.next(65536) * 65536U + digits.next(65536)) % span) - mask.days;
  return date_after(text.substr(0, 10), days) + std::string(text.substr(10));
}

std::string fitted(const ValueType& type, std::string text) {
  if (type.length && static_cast<long long>(text.size()) > *type.length) text.resize(static_cast<std::size_t>(*type.length));
  return text;
}

}  // namespace

Mask mask_of(const std::map<std::string, std::string>& words, const std::string& what, const Location& location) {
  Mask mask{.with = {}, .value = {}, .location = location};
  const auto fail = [&](const std::string& message, const std::string& hint) { throw Error{ErrorKind::usage, what + ": " + message, hint, mask.location}; };
  for (const auto& [key, value] : words) {
    if (key == "with") mask.with = value;
    else if (key == "value") mask.value = value;
    else if (key == "days" && value.find_first_not_of("0123456789") == std::string::npos && !value.empty() && value.size() < 6) mask.days = std::stoi(value);
    else fail("'" + key + "' cannot be understood", did_you_mean(key, std::vector<std::string>{"with", "value", "days"}));
  }
  if (std::find(mask_names().begin(), mask_names().end(), mask.with) == mask_names().end()) fail("there is no mask '" + mask.with + "'", did_you_mean(mask.with, mask_names()));
  return mask;
}

Masks read_masks(const std::string& file) {
  const auto root = yaml::parse(read_file(file), file);
  Masks masks;
  if (root.is_null()) return masks;
  if (!root.is_map()) throw Error{ErrorKind::usage, "a masks file is a map of tables", "users: {mail: email}", {file, root.line, root.column}};
  for (const auto& [table, columns] : root.keys) {
    if (!columns.is_map()) throw Error{ErrorKind::usage, table + ": a table's masks are a map of columns", table + ": {mail: email}", {file, columns.line, columns.column}};
    for (const auto& [column, node] : columns.keys) {
      const auto what = table + "." + column;
      masks[table][column] = mask_of(read_mask_words(node, file, what), what, {file, node.line, node.column});
    }
  }
  return masks;
}

Field masked(const Mask& mask, const ValueType& type, const std::string& key, const Field& value, std::string& buffer) {
  if (value.is_null() || mask.with == "null") return {};
  const auto refuse = [&] { throw Error{ErrorKind::usage, fmt::format("the mask {} does not go with the type {}", mask.with, type.name), "hash goes with every type", mask.location}; };
  const bool text = type.kind == Kind::text || type.kind == Kind::any;
  Digits digits(key, value.text);
  if (mask.with == "constant") buffer = mask.value;
  else if (mask.with == "hash") buffer = type.values.empty() ? hashed(type, digits, value.text) : type.values[digits.next(static_cast<unsigned>(type.values.size()))];
  else if (mask.with == "date_shift") {
    if (type.kind != Kind::date && type.kind != Kind::timestamp && type.kind != Kind::timestamptz) refuse();
    buffer = shifted(mask, value.text, digits);
  } else if (!text) {
    refuse();
  } else if (mask.with == "email") {
    const auto room = type.length ? std::clamp<long long>(*type.length - 12, 1, 12) : 12;
    buffer = fitted(type, word(digits, static_cast<std::size_t>(room)) + "@example.org");
  } else if (mask.with == "phone") {
    buffer = replaced(value.text, digits, true);
  } else {
    buffer = std::string(first_names[digits.next(static_cast<unsigned>(first_names.size()))]);
    buffer = fitted(type, buffer + " " + static_cast<char>('A' + static_cast<char>(digits.next(26))) + word(digits, 7));
  }
  return type.kind == Kind::bytes ? Field::of_bytes(buffer) : Field::of(buffer);
}

}  // namespace migrate
