#include "dialect/value.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstring>
#include <nlohmann/json.hpp>

#include "core/sha256.hpp"
#include "core/text.hpp"

namespace migrate {
namespace {

using Kind = ValueType::Kind;

bool all_digits(std::string_view text) { return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos; }

CanonicalText refuse(std::string why) { return {{}, std::move(why)}; }

/// A decimal number without an exponent and without zeros that say nothing; false when it is no number.
bool plain_decimal(std::string_view text, std::string& out) {
  text = trim(text);
  bool negative = false;
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) {
    negative = text[0] == '-';
    text.remove_prefix(1);
  }
  long exponent = 0;
  if (const auto e = text.find_first_of("eE"); e != std::string_view::npos) {
    auto digits = text.substr(e + 1);
    if (digits.starts_with('+')) digits.remove_prefix(1);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), exponent);
    if (error != std::errc() || end != digits.data() + digits.size() || std::labs(exponent) > 20000) return false;
    text = text.substr(0, e);
  }
  const auto point = text.find('.');
  std::string whole(text.substr(0, point));
  std::string behind(point == std::string_view::npos ? std::string_view() : text.substr(point + 1));
  if (whole.empty() && behind.empty()) return false;
  if (!all_digits(whole + behind)) return false;
  if (exponent > 0) {
    const auto moved = std::min<std::size_t>(static_cast<std::size_t>(exponent), behind.size());
    whole += behind.substr(0, moved);
    behind.erase(0, moved);
    whole.append(static_cast<std::size_t>(exponent) - moved, '0');
  } else if (exponent < 0) {
    const auto need = static_cast<std::size_t>(-exponent);
    if (whole.size() < need) whole.insert(0, need - whole.size(), '0');
    behind.insert(0, whole.substr(whole.size() - need));
    whole.resize(whole.size() - need);
  }
  whole.erase(0, std::min(whole.find_first_not_of('0'), whole.size()));
  while (!behind.empty() && behind.back() == '0') behind.pop_back();
  if (whole.empty()) whole = "0";
  out = (negative && (whole != "0" || !behind.empty()) ? "-" : "") + whole + (behind.empty() ? "" : "." + behind);
  return true;
}

/// NaN and infinities as PostgreSQL writes them; "" for anything else.
std::string special_number(std::string_view text) {
  const auto word = lower(trim(text));
  if (word == "nan") return "NaN";
  if (word == "infinity" || word == "inf" || word == "+inf") return "Infinity";
  if (word == "-infinity" || word == "-inf") return "-Infinity";
  return {};
}

std::string shortest(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "Infinity" : "-Infinity";
  if (value == 0) return "0";
  std::array<char, 40> buffer{};
  return {buffer.data(), std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, std::chars_format::scientific).ptr};
}

CanonicalText canonical_real(const Field& value, std::string& buffer) {
  if (value.kind == Field::Kind::real) buffer = shortest(value.real);
  else if (value.kind == Field::Kind::integer) {
    if (std::llabs(value.integer) > (1LL << 53)) return refuse("the integer has more digits than a floating-point number");
    buffer = shortest(static_cast<double>(value.integer));
  } else if (value.kind == Field::Kind::text) {
    auto text = trim(value.text);
    if (auto special = special_number(text); !special.empty()) buffer = std::move(special);
    else {
      if (text.starts_with('+')) text.remove_prefix(1);
      double number = 0;
      const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
      if (text.empty() || end != text.data() + text.size() || (error != std::errc() && error != std::errc::result_out_of_range)) return refuse("it is no number");
      if (error == std::errc::result_out_of_range) number = std::strtod(std::string(text).c_str(), nullptr);
      buffer = shortest(number);
    }
  } else {
    return refuse("bytes stand where a number should");
  }
  return {Field::of(buffer), {}};
}

CanonicalText canonical_decimal(const Field& value, std::string& buffer) {
  if (value.kind == Field::Kind::integer) buffer = std::to_string(value.integer);
  else if (value.kind == Field::Kind::real) {
    if (auto special = shortest(value.real); !plain_decimal(special, buffer)) buffer = std::move(special);
  } else if (value.kind == Field::Kind::text) {
    if (auto special = special_number(value.text); !special.empty()) buffer = std::move(special);
    else if (!plain_decimal(value.text, buffer)) return refuse("it is no number");
  } else {
    return refuse("bytes stand where a number should");
  }
  return {Field::of(buffer), {}};
}

CanonicalText canonical_integer(const Field& value, std::string& buffer) {
  if (value.kind == Field::Kind::integer) {
    buffer = std::to_string(value.integer);
    return {Field::of(buffer), {}};
  }
  if (value.kind == Field::Kind::text && all_digits(value.text) && (value.text[0] != '0' || value.text.size() == 1)) return {Field::of(value.text), {}};
  auto result = canonical_decimal(value, buffer);
  if (!result.refusal.empty()) return result;
  if (buffer.find_first_not_of("-0123456789") != std::string::npos) return refuse("it is no whole number");
  return result;
}

CanonicalText canonical_boolean(const Field& value, std::string& buffer) {
  if (value.kind == Field::Kind::text) {
    const auto word = lower(value.text);
    if (word == "t" || word == "true") return {Field::of("1"), {}};
    if (word == "f" || word == "false") return {Field::of("0"), {}};
  }
  auto result = canonical_integer(value, buffer);
  if (result.refusal.empty() && result.value.text != "0" && result.value.text != "1") return refuse("it is neither true nor false");
  return result;
}

CanonicalText canonical_string(const ValueType& type, const Field& value, std::string& buffer) {
  if (value.kind == Field::Kind::integer) buffer = std::to_string(value.integer);
  else if (value.kind == Field::Kind::real) {
    if (!plain_decimal(shortest(value.real), buffer)) buffer = shortest(value.real);
    if (buffer.find('.') == std::string::npos) buffer += ".0";
  } else if (value.kind == Field::Kind::bytes) {
    return refuse("bytes stand where text should");
  } else {
    auto text = value.text;
    if (type.fixed) {
      while (text.ends_with(' ')) text.remove_suffix(1);
    }
    return {Field::of(text), {}};
  }
  return {Field::of(buffer), {}};
}

/// The digits of a clock: HH:MM, seconds and their fraction may follow. Hours may be many.
bool read_clock(std::string_view& text, std::string& out) {
  std::size_t at = 0;
  while (at < text.size() && std::isdigit(static_cast<unsigned char>(text[at])) != 0) ++at;
  if (at == 0 || at > 4 || at + 3 > text.size() || text[at] != ':' || !all_digits(text.substr(at + 1, 2))) return false;
  out += (at == 1 ? "0" : "") + std::string(text.substr(0, at + 3));
  text.remove_prefix(at + 3);
  if (!text.starts_with(':')) {
    out += ":00";
    return true;
  }
  if (text.size() < 3 || !all_digits(text.substr(1, 2))) return false;
  out += text.substr(0, 3);
  text.remove_prefix(3);
  if (!text.starts_with('.')) return true;
  std::size_t end = 1;
  while (end < text.size() && std::isdigit(static_cast<unsigned char>(text[end])) != 0) ++end;
  auto fraction = text.substr(1, end - 1);
  text.remove_prefix(end);
  while (fraction.ends_with('0')) fraction.remove_suffix(1);
  if (!fraction.empty()) out += "." + std::string(fraction);
  return true;
}

/// YYYY-MM-DD, with more digits of the year where it has them.
bool read_date(std::string_view& text, std::string& out) {
  const auto dash = text.find('-');
  if (dash == std::string_view::npos || dash < 4 || dash > 6 || !all_digits(text.substr(0, dash)) || text.size() < dash + 6) return false;
  if (!all_digits(text.substr(dash + 1, 2)) || text[dash + 3] != '-' || !all_digits(text.substr(dash + 4, 2))) return false;
  out += text.substr(0, dash + 6);
  text.remove_prefix(dash + 6);
  return true;
}

long long days_from_civil(long long year, unsigned month, unsigned day) {
  year -= month <= 2 ? 1 : 0;
  const long long era = (year >= 0 ? year : year - 399) / 400;
  const auto of_era = static_cast<unsigned>(year - era * 400);
  const unsigned of_year = (153 * (month + (month > 2 ? -3U : 9U)) + 2) / 5 + day - 1;
  const unsigned days = of_era * 365 + of_era / 4 - of_era / 100 + of_year;
  return era * 146097 + static_cast<long long>(days) - 719468;
}

std::string civil_from_days(long long days) {
  days += 719468;
  const long long era = (days >= 0 ? days : days - 146096) / 146097;
  const auto of_era = static_cast<unsigned>(days - era * 146097);
  const unsigned year_of_era = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
  const unsigned of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const unsigned month_part = (5 * of_year + 2) / 153;
  const unsigned day = of_year - (153 * month_part + 2) / 5 + 1;
  const unsigned month = month_part < 10 ? month_part + 3 : month_part - 9;
  return fmt::format("{:04}-{:02}-{:02}", static_cast<long long>(year_of_era) + era * 400 + (month <= 2 ? 1 : 0), month, day);
}

/// Moves "2020-01-01 10:00:00.5" by minutes.
std::string moved(const std::string& stamp, long minutes) {
  const auto dash = stamp.find('-');
  const auto number = [&](std::size_t at, std::size_t size) { return std::stol(stamp.substr(at, size)); };
  const auto blank = stamp.find(' ');
  auto total = days_from_civil(number(0, dash), static_cast<unsigned>(number(dash + 1, 2)), static_cast<unsigned>(number(dash + 4, 2))) * 1440 +
               number(blank + 1, 2) * 60 + number(blank + 4, 2) + minutes;
  auto day = total / 1440;
  auto rest = total % 1440;
  if (rest < 0) rest += 1440, --day;
  return civil_from_days(day) + fmt::format(" {:02}:{:02}", rest / 60, rest % 60) + stamp.substr(blank + 6);
}

/// "Z", "+00", "+05:30", "-0800"; nothing when the text is none of them.
std::optional<long> zone_minutes(std::string_view text) {
  text = trim(text);
  if (text == "Z" || text == "z" || equal_ignoring_case(text, "UTC")) return 0;
  if (text.size() < 3 || (text[0] != '+' && text[0] != '-') || !all_digits(text.substr(1, 2))) return std::nullopt;
  long minutes = std::stol(std::string(text.substr(1, 2))) * 60;
  auto rest = text.substr(3);
  if (rest.starts_with(':')) rest.remove_prefix(1);
  if (!rest.empty()) {
    if (rest.size() != 2 || !all_digits(rest)) return std::nullopt;
    minutes += std::stol(std::string(rest));
  }
  return text[0] == '-' ? -minutes : minutes;
}

CanonicalText canonical_moment(const ValueType& type, const Field& value, std::string& buffer) {
  if (value.kind != Field::Kind::text) return refuse("a number or bytes stand where a date or time should");
  auto text = value.text;
  if (text == "infinity" || text == "-infinity" || text.ends_with(" BC")) return {Field::of(text), {}};
  buffer.clear();
  if (type.kind == Kind::time) {
    if (text.starts_with('-')) buffer = "-", text.remove_prefix(1);
    if (!read_clock(text, buffer) || !text.empty()) return refuse("it is no time");
    return {Field::of(buffer), {}};
  }
  if (!read_date(text, buffer)) return refuse("it is no date");
  if (text.starts_with(' ') || text.starts_with('T')) {
    text.remove_prefix(1);
    buffer += ' ';
    if (!read_clock(text, buffer)) return refuse("it is no date and time");
  } else if (type.kind != Kind::date) {
    buffer += " 00:00:00";
  }
  if (type.kind == Kind::date) {
    if (!text.empty() || (buffer.size() > 10 && !buffer.ends_with(" 00:00:00"))) return refuse("it is more than a date");
    if (buffer.ends_with(" 00:00:00")) buffer.resize(buffer.size() - 9);
    return {Field::of(buffer), {}};
  }
  if (!text.empty()) {
    const auto zone = zone_minutes(text);
    if (!zone) return refuse("it is no date and time");
    if (type.kind == Kind::timestamp && *zone != 0) return refuse("it has a time zone");
    if (*zone != 0) buffer = moved(buffer, -*zone);
  }
  return {Field::of(buffer), {}};
}

CanonicalText canonical_uuid(const Field& value, std::string& buffer) {
  if (value.kind == Field::Kind::bytes && value.text.size() == 16) buffer = to_hex(value.text);
  else if (value.kind == Field::Kind::text) {
    buffer.clear();
    for (const char c : value.text) {
      if (c == '-' || c == '{' || c == '}') continue;
      if (std::isxdigit(static_cast<unsigned char>(c)) == 0) return refuse("it is no UUID");
      buffer += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    }
  }
  if (buffer.size() != 32 || value.kind == Field::Kind::integer || value.kind == Field::Kind::real) return refuse("it is no UUID");
  for (const std::size_t at : {8, 13, 18, 23}) buffer.insert(at, 1, '-');
  return {Field::of(buffer), {}};
}

std::string number_misfit(const ValueType& type, const ValueLimits& limits, std::string_view text) {
  if (text == "NaN") return limits.nan && type.kind != Kind::integer ? "" : "NaN has no place there";
  if (text.ends_with("Infinity")) return limits.infinity && type.kind != Kind::integer ? "" : "infinity has no place there";
  const bool negative = text.starts_with('-');
  if (type.kind == Kind::real) {
    if (!type.single) return {};
    const double number = std::strtod(std::string(text).c_str(), nullptr);
    return static_cast<double>(static_cast<float>(number)) == number ? "" : "it has more digits than " + type.name + " holds";
  }
  auto digits = negative ? text.substr(1) : text;
  if (type.kind == Kind::integer) {
    if (negative && type.is_unsigned) return "it is negative, and " + type.name + " is not";
    const int bits = type.is_unsigned ? type.width : type.width - 1;
    const unsigned long long largest = bits == 64 ? ~0ULL : (1ULL << bits) - 1;
    unsigned long long number = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    return error == std::errc() && end == digits.data() + digits.size() && (number <= largest || (negative && number == largest + 1)) ? "" : "it is too large for " + type.name;
  }
  if (!type.precision) return {};
  const auto point = digits.find('.');
  auto whole = digits.substr(0, point);
  if (whole == "0") whole = {};
  const auto behind = point == std::string_view::npos ? 0 : digits.size() - point - 1;
  const auto scale = static_cast<std::size_t>(std::max(type.scale.value_or(0), 0));
  if (behind > scale) return "it has more digits behind the point than " + type.name;
  if (whole.size() + scale > static_cast<std::size_t>(*type.precision)) return "it is too large for " + type.name;
  return {};
}

std::string moment_misfit(const ValueType& type, const ValueLimits& limits, std::string_view text) {
  if (text.ends_with("infinity") || text.ends_with(" BC")) return limits.infinite_dates ? "" : "dates without an end or before the year 1 have no place there";
  if (const auto dot = text.find('.'); dot != std::string_view::npos && text.size() - dot - 1 > static_cast<std::size_t>(type.fraction)) {
    return "it has a finer fraction of a second than " + type.name;
  }
  if (type.kind == Kind::time) {
    const auto padded = [](std::string_view time) {
      const auto colon = time.find(':');
      return std::string(4 - std::min<std::size_t>(colon, 4), '0') + std::string(time);
    };
    if (text.starts_with('-')) {
      if (limits.smallest_time.empty()) return {};
      return limits.smallest_time.starts_with('-') && padded(text.substr(1)) <= padded(limits.smallest_time.substr(1)) ? "" : "it is before the first time of day there";
    }
    return limits.largest_time.empty() || padded(text) <= padded(limits.largest_time) ? "" : "it is behind the last time of day there";
  }
  const auto dash = text.find('-');
  if (dash > 4 && !limits.infinite_dates) return "the year has more than four digits";
  if ((text.starts_with("0000") || text.substr(dash + 1, 2) == "00" || text.substr(dash + 4, 2) == "00") && !limits.zero_dates) return "a date of zeros is none there";
  if (type.narrow_years && (text < "1970-01-01 00:00:01" || text > "2038-01-19 03:14:07.999999")) return "it is not between 1970 and 2038, which is all that " + type.name + " holds";
  return {};
}

std::string text_misfit(const ValueType& type, const ValueLimits& limits, std::string_view text) {
  if (!limits.nul_in_text && text.find('\0') != std::string_view::npos) return "it holds a NUL byte";
  if (!limits.invalid_utf8 && !is_utf8(text)) return "its bytes are no UTF-8";
  if (type.length && static_cast<long long>(text.size()) > *type.length && characters(text) > *type.length) {
    return fmt::format("it has {} characters, and {} holds {}", characters(text), type.name, *type.length);
  }
  if (!type.values.empty() && std::find(type.values.begin(), type.values.end(), text) == type.values.end()) return "it is not among the values of " + type.name;
  return {};
}

}  // namespace

std::string date_after(std::string_view date, long days) {
  const auto number = [&](std::size_t at, std::size_t size) { return std::stol(std::string(date.substr(at, size))); };
  return civil_from_days(days_from_civil(number(0, 4), static_cast<unsigned>(number(5, 2)), static_cast<unsigned>(number(8, 2))) + days);
}

std::vector<int> type_numbers(std::string_view type) {
  std::vector<int> numbers;
  const auto open = type.find('(');
  const auto close = type.find(')');
  if (open == std::string_view::npos || close == std::string_view::npos) return numbers;
  for (const auto& part : split(type.substr(open + 1, close - open - 1), ',')) {
    int number = 0;
    if (std::from_chars(part.data(), part.data() + part.size(), number).ec == std::errc()) numbers.push_back(number);
  }
  return numbers;
}

bool is_utf8(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const auto lead = static_cast<unsigned char>(text[i]);
    if (lead < 0x80) {
      ++i;
      continue;
    }
    const std::size_t length = lead >= 0xC2 && lead < 0xE0 ? 2 : lead >= 0xE0 && lead < 0xF0 ? 3 : lead >= 0xF0 && lead < 0xF5 ? 4 : 0;
    if (length == 0 || i + length > text.size()) return false;
    for (std::size_t k = 1; k < length; ++k) {
      if ((static_cast<unsigned char>(text[i + k]) & 0xC0) != 0x80) return false;
    }
    const auto second = static_cast<unsigned char>(text[i + 1]);
    if ((lead == 0xE0 && second < 0xA0) || (lead == 0xED && second > 0x9F) || (lead == 0xF0 && second < 0x90) || (lead == 0xF4 && second > 0x8F)) return false;
    i += length;
  }
  return true;
}

long long characters(std::string_view utf8) {
  return std::count_if(utf8.begin(), utf8.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; });
}

std::string to_hex(std::string_view bytes) {
  static constexpr std::string_view digits = "0123456789abcdef";
  std::string text(bytes.size() * 2, '0');
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const auto byte = static_cast<unsigned char>(bytes[i]);
    text[2 * i] = digits[byte >> 4];
    text[2 * i + 1] = digits[byte & 15];
  }
  return text;
}

std::string from_hex(std::string_view digits) {
  const auto value = [](char c) { return static_cast<unsigned>(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10); };
  std::string bytes(digits.size() / 2, '\0');
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(value(digits[2 * i]) << 4 | value(digits[2 * i + 1]));
  return bytes;
}

CanonicalText canonical_text(const ValueType& type, const Field& value, std::string& buffer) {
  if (value.is_null()) return {};
  switch (type.kind) {
    case Kind::boolean: return canonical_boolean(value, buffer);
    case Kind::integer: return canonical_integer(value, buffer);
    case Kind::decimal: return canonical_decimal(value, buffer);
    case Kind::real: return canonical_real(value, buffer);
    case Kind::date:
    case Kind::time:
    case Kind::timestamp:
    case Kind::timestamptz: return canonical_moment(type, value, buffer);
    case Kind::uuid: return canonical_uuid(value, buffer);
    case Kind::bytes:
      if (value.kind != Field::Kind::bytes) return refuse("text or a number stands where bytes should");
      return {value, {}};
    case Kind::text:
    case Kind::json:
    case Kind::bits:
    case Kind::any:
    case Kind::other: return canonical_string(type, value, buffer);
  }
  return {};
}

std::string misfit(const ValueType& type, const ValueLimits& limits, const Field& value) {
  if (value.is_null()) return {};
  switch (type.kind) {
    case Kind::boolean: return value.text == "0" || value.text == "1" ? "" : "it is neither true nor false";
    case Kind::integer:
    case Kind::decimal:
    case Kind::real: return number_misfit(type, limits, value.text);
    case Kind::date:
    case Kind::time:
    case Kind::timestamp:
    case Kind::timestamptz: return moment_misfit(type, limits, value.text);
    case Kind::bytes:
      if (type.length && static_cast<long long>(value.text.size()) > *type.length) {
        return fmt::format("it has {} bytes, and {} holds {}", value.text.size(), type.name, *type.length);
      }
      if (type.length && type.fixed && static_cast<long long>(value.text.size()) < *type.length) return "it is shorter than " + type.name + ", which would fill it up";
      return {};
    case Kind::bits:
      if (type.length && (static_cast<long long>(value.text.size()) > *type.length || (type.fixed && static_cast<long long>(value.text.size()) != *type.length))) return "it has another number of bits than " + type.name;
      return {};
    case Kind::text:
    case Kind::json:
    case Kind::any:
    case Kind::other: return text_misfit(type, limits, value.text);
    case Kind::uuid: return {};
  }
  return {};
}

bool same_value(const ValueType& type, const Field& a, const Field& b) {
  if (a.is_null() || b.is_null()) return a.is_null() == b.is_null();
  if (a.text == b.text) return true;
  if (type.kind != Kind::json) return false;
  const auto parsed = [](std::string_view text) { return nlohmann::json::parse(text, nullptr, false); };
  const auto left = parsed(a.text);
  return !left.is_discarded() && left == parsed(b.text);
}

std::string shown_value(const Field& value) {
  if (value.is_null()) return "NULL";
  constexpr std::size_t most = 60;
  if (value.kind == Field::Kind::integer) return std::to_string(value.integer);
  if (value.kind == Field::Kind::real) return shortest(value.real);
  if (value.kind == Field::Kind::bytes) return "x'" + to_hex(value.text.substr(0, most / 2)) + "'" + (value.text.size() > most / 2 ? "..." : "");
  auto end = std::min(value.text.size(), most);
  while (end > 0 && end < value.text.size() && (static_cast<unsigned char>(value.text[end]) & 0xC0) == 0x80) --end;
  return "'" + printable(value.text.substr(0, end)) + "'" + (end < value.text.size() ? "..." : "");
}

std::string hash_text(std::string_view bytes) { return sha256(bytes).substr(0, 32); }

long long hash_of(std::string_view text) {
  const auto digest = sha256_bytes(text);
  unsigned long long number = 0;
  for (std::size_t i = 0; i < sizeof number; ++i) number = number << 8 | digest[i];
  return static_cast<long long>(number >> 4);
}

namespace {

/// 0.digits * 10^exponent without an exponent.
std::string plain_digits(const std::string& digits, long exponent) {
  if (exponent <= 0) return "0." + std::string(static_cast<std::size_t>(-exponent), '0') + digits;
  const auto whole = static_cast<std::size_t>(exponent);
  if (digits.size() <= whole) return digits + std::string(whole - digits.size(), '0');
  return digits.substr(0, whole) + "." + digits.substr(whole);
}

}  // namespace

std::string real_digest(std::string_view text) {
  if (text == "NaN" || text.ends_with("Infinity") || text == "0") return std::string(text);
  const bool negative = text.starts_with('-');
  if (negative) text.remove_prefix(1);
  long exponent = 0;
  if (const auto e = text.find('e'); e != std::string_view::npos) {
    exponent = std::stol(std::string(text.substr(e + 1)));
    text = text.substr(0, e);
  }
  std::string digits(text);
  auto point = digits.find('.');
  if (point == std::string::npos) point = digits.size();
  else digits.erase(point, 1);
  const auto zeros = std::min(digits.find_first_not_of('0'), digits.size());
  exponent += static_cast<long>(point) - static_cast<long>(zeros);
  digits.erase(0, zeros);
  while (!digits.empty() && digits.back() == '0') digits.pop_back();
  if (digits.empty()) return "0";
  constexpr long smallest_plain = -2;
  constexpr long largest_plain = 14;
  if (exponent >= smallest_plain && exponent <= largest_plain) return (negative ? "-" : "") + plain_digits(digits, exponent);
  return (negative ? "-0." : "0.") + digits + "e" + std::to_string(exponent);
}

std::string digest(const ValueType& type, const Field& value) {
  if (value.is_null()) return "~";
  switch (type.kind) {
    case Kind::text:
    case Kind::any:
      if (const auto count = characters(value.text); count <= most_digest_characters) return std::to_string(count).append(":").append(value.text);
      return hash_text(value.text);
    case Kind::bytes:
    case Kind::json:
    case Kind::other: return hash_text(value.text);
    case Kind::real: return real_digest(value.text);
    default: return std::string(value.text);
  }
}

void RowBatch::add(const Field& field) {
  Cell cell{bytes_.size(), 0, field.kind};
  if (field.kind == Field::Kind::integer) {
    bytes_.append(reinterpret_cast<const char*>(&field.integer), sizeof field.integer);
  } else if (field.kind == Field::Kind::real) {
    bytes_.append(reinterpret_cast<const char*>(&field.real), sizeof field.real);
  } else if (field.kind != Field::Kind::null) {
    bytes_.append(field.text);
  }
  cell.size = bytes_.size() - cell.at;
  cells_.push_back(cell);
}

Field RowBatch::at(std::size_t row, std::size_t column) const {
  const auto& cell = cells_[row * columns_ + column];
  Field field{.kind = cell.kind};
  const auto* from = bytes_.data() + cell.at;
  if (cell.kind == Field::Kind::integer) std::memcpy(&field.integer, from, sizeof field.integer);
  else if (cell.kind == Field::Kind::real) std::memcpy(&field.real, from, sizeof field.real);
  else if (cell.kind != Field::Kind::null) field.text = {from, cell.size};
  return field;
}

RowBatch RowBatch::part(std::size_t first, std::size_t last) const {
  RowBatch out(columns_);
  for (auto row = first; row < last; ++row) {
    for (std::size_t column = 0; column < columns_; ++column) out.add(at(row, column));
  }
  return out;
}

}  // namespace migrate
