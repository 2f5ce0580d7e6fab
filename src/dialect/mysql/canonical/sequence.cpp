#include "dialect/mysql/canonical/sequence.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>

#include "core/text.hpp"
#include "dialect/mysql/sql/text.hpp"
#include "dialect/mysql/sql/types.hpp"
#include "dialect/sql/token_cursor.hpp"

namespace migrate::mysql {
namespace {

class SequenceReader final : public TokenCursor {
 public:
  SequenceReader(std::string_view sql, const Context& context) : TokenCursor(sql, lexical_rules()), context_(context) {}

  Sequence read() {
    expect("CREATE");
    expect("SEQUENCE");
    sequence_.name.name = name();
    if (accept_symbol(".")) sequence_.name.name = name();
    while (peek() != nullptr) read_clause();
    return std::move(sequence_);
  }

 private:
  [[noreturn]] void fail(std::string_view expected) const override {
    throw Error{ErrorKind::failed, fmt::format("cannot read the server's definition of sequence {}: {} was expected", sequence_.name.text(), expected)};
  }
  std::string name() { return unquote_name(take().text); }
  std::string number() {
    const bool negative = accept_symbol("-");
    return (negative ? "-" : "") + std::string(take().text);
  }

  void read_type_words() {
    sequence_.type = lower(name());
    if (accept("UNSIGNED")) sequence_.type += " unsigned";
  }

  void read_clause() {
    auto& options = sequence_.sequence;
    if (accept("AS")) read_type_words();
    else if (accept("START")) accept("WITH"), options.start = number();
    else if (accept("INCREMENT")) accept("BY"), options.increment = number();
    else if (accept("MINVALUE")) options.min = number();
    else if (accept("MAXVALUE")) options.max = number();
    else if (accept("CACHE")) options.cache = number();
    else if (accept("NOCACHE")) options.cache = "0";
    else if (accept("CYCLE")) options.cycle = true;
    else if (accept("NOCYCLE")) options.cycle = false;
    else if (accept("ENGINE")) {
      accept_symbol("=");
      const auto engine = name();
      if (!equal_ignoring_case(engine, context_.engine)) sequence_.options["engine"] = engine;
    } else if (accept("COMMENT")) {
      accept_symbol("=");
      sequence_.comment = literal_value(take().text);
    } else {
      take();
    }
  }

  const Context& context_;
  Sequence sequence_;
};

/// The greatest value of a type. The server keeps the last one of each end for itself.
std::string greatest(const std::string& type) {
  static const std::map<std::string, std::string, std::less<>> table = {
      {"tinyint", "126"}, {"smallint", "32766"}, {"mediumint", "8388606"}, {"int", "2147483646"}, {"tinyint unsigned", "254"}, {"smallint unsigned", "65534"},
      {"mediumint unsigned", "16777214"}, {"int unsigned", "4294967294"}, {"bigint unsigned", "18446744073709551614"}};
  const auto found = table.find(type);
  return found == table.end() ? "9223372036854775806" : found->second;
}

bool is_unsigned(const std::string& type) { return type.ends_with("unsigned"); }

/// -32767 for 32766.
std::string least_of(const std::string& type) {
  if (is_unsigned(type)) return "1";
  auto text = greatest(type);
  text.back() = static_cast<char>(text.back() + 1);  // none of them ends in a 9
  return "-" + text;
}

SequenceOptions defaults_of(const Sequence& sequence) {
  SequenceOptions defaults;
  const auto& options = sequence.sequence;
  const bool down = options.increment && options.increment->starts_with('-');
  defaults.increment = "1";
  defaults.min = down ? least_of(sequence.type) : "1";
  defaults.max = down && !is_unsigned(sequence.type) ? "-1" : greatest(sequence.type);
  defaults.start = down ? options.max.value_or(*defaults.max) : options.min.value_or(*defaults.min);
  defaults.cache = "1000";
  return defaults;
}

SequenceOptions complete_options(const Sequence& sequence) {
  auto full = sequence.sequence;
  const auto defaults = defaults_of(sequence);
  for (auto member : {&SequenceOptions::start, &SequenceOptions::increment, &SequenceOptions::min, &SequenceOptions::max, &SequenceOptions::cache}) {
    if (!(full.*member)) full.*member = defaults.*member;
  }
  return full;
}

std::string clauses(const SequenceOptions& options, bool complete) {
  std::string text;
  if (options.start) text += " START WITH " + *options.start;
  if (options.min) text += " MINVALUE " + *options.min;
  if (options.max) text += " MAXVALUE " + *options.max;
  if (options.increment) text += " INCREMENT BY " + *options.increment;
  if (options.cache) text += *options.cache == "0" ? " NOCACHE" : " CACHE " + *options.cache;
  if (options.cycle) text += " CYCLE";
  else if (complete) text += " NOCYCLE";
  return text;
}

/// Whole numbers as text, of either sign: they may be beyond 64 bits with one.
bool is_less(std::string_view a, std::string_view b) {
  const bool a_below = a.starts_with('-');
  const bool b_below = b.starts_with('-');
  if (a_below != b_below) return a_below;
  if (a_below) return is_less(b.substr(1), a.substr(1));
  return a.size() != b.size() ? a.size() < b.size() : a < b;
}

std::string lowest(const std::string& type) { return is_unsigned(type) ? "0" : least_of(type); }
bool holds(const std::string& type, const SequenceOptions& options) { return !is_less(*options.min, lowest(type)) && !is_less(greatest(type), *options.max); }

}  // namespace

Sequence read_sequence(std::string_view sql, const Context& context) {
  auto sequence = SequenceReader(sql, context).read();
  canonicalize_sequence(sequence);
  return sequence;
}

void canonicalize_sequence(Sequence& sequence) {
  if (!sequence.type.empty()) sequence.type = read_type(sequence.type, {}).text();
  if (sequence.type == "bigint") sequence.type.clear();
  auto& options = sequence.sequence;
  const auto defaults = defaults_of(sequence);
  for (auto member : {&SequenceOptions::start, &SequenceOptions::increment, &SequenceOptions::min, &SequenceOptions::max, &SequenceOptions::cache}) {
    if (options.*member == defaults.*member) (options.*member).reset();
  }
  sequence.owned_by.clear();
}

std::string sequence_clauses(const Sequence& sequence, bool complete) { return clauses(complete ? complete_options(sequence) : sequence.sequence, complete); }

std::vector<std::string> alter_sequence_clauses(const Sequence& before, const Sequence& after) {
  std::vector<std::string> alterations;
  const auto was = complete_options(before);
  const auto now = complete_options(after);
  const auto as_type = " AS " + (after.type.empty() ? "bigint" : after.type);
  const bool retyped = before.type != after.type;
  const bool other = !(was == now);
  if (retyped && !holds(after.type, was) && holds(before.type, now)) return {clauses(now, true), as_type};
  if (retyped && !holds(after.type, was)) {
    auto between = was;
    if (is_less(*was.min, lowest(after.type))) between.min = lowest(after.type) == "0" ? "1" : lowest(after.type);
    if (is_less(greatest(after.type), *was.max)) between.max = greatest(after.type);
    if (is_less(*between.max, *between.min)) between.max = greatest(after.type);
    between.start = between.min;
    alterations.push_back(clauses(between, true));
  }
  if (retyped) alterations.push_back(as_type);
  if (other) alterations.push_back(clauses(now, true));
  return alterations;
}

}  // namespace migrate::mysql
