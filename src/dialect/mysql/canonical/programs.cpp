#include "dialect/mysql/canonical/programs.hpp"

#include <fmt/format.h>

#include <array>

#include "core/text.hpp"
#include "dialect/mysql/canonical/provenance.hpp"
#include "dialect/mysql/sql/expression.hpp"
#include "dialect/mysql/sql/split.hpp"
#include "dialect/mysql/sql/text.hpp"
#include "dialect/mysql/sql/types.hpp"
#include "dialect/sql/token_cursor.hpp"

namespace migrate::mysql {
namespace {

/// A cursor over the tokens of one CREATE statement.
class Cursor final : public TokenCursor {
 public:
  Cursor(std::string_view sql, std::string what, const Location& location, const LexicalRules& rules = lexical_rules()) : TokenCursor(sql, rules), what_(std::move(what)), location_(location) {}

  std::string name() { return unquote_name(take().text); }

  [[noreturn]] void fail(std::string_view expected) const override {
    const auto rest = peek() == nullptr ? std::string_view("its end") : sql_.substr(peek()->offset, 40);
    throw Error{ErrorKind::usage, fmt::format("the definition of {} is not understood: {} was expected at \"{}\"", what_, expected, rest), {}, location_};
  }

  /// An account: `user`@`host`, user@'%', CURRENT_USER[()].
  void skip_account() {
    const auto first = take();
    if (first.is("CURRENT_USER") || first.is("CURRENT_ROLE")) {
      if (accept_symbol("(")) take();
      return;
    }
    if (accept_symbol("@")) take();
    else if (peek() != nullptr && peek()->kind == TokenKind::parameter) take();  // user@host lexed as a variable
  }

  void skip_parenthesized() {
    int depth = 0;
    do {
      const auto& token = take();
      if (token.is_symbol("(")) ++depth;
      if (token.is_symbol(")")) --depth;
    } while (depth > 0);
  }

  /// CREATE [OR REPLACE] [ALGORITHM=x] [DEFINER=x] [SQL SECURITY x] up to the kind of object.
  void open(Options* options = nullptr, bool view = false) {
    auto* view_options = view ? options : nullptr;
    expect("CREATE");
    while (peek() != nullptr) {
      if (accept("OR")) {
        expect("REPLACE");
      } else if (accept("DEFINER")) {
        accept_symbol("=");
        const auto begin = offset();
        skip_account();
        if (options != nullptr) options->try_emplace("definer", normal_account(from(begin)));
      } else if (accept("ALGORITHM")) {
        accept_symbol("=");
        const auto value = lower(name());
        if (view_options != nullptr && value != "undefined") (*view_options)["algorithm"] = value;
      } else if (accept("SQL")) {
        expect("SECURITY");
        const auto value = lower(name());
        if (view_options != nullptr && value != "definer") (*view_options)["sql_security"] = value;
      } else if (accept("AGGREGATE")) {
        aggregate = true;
      } else {
        return;
      }
    }
  }

  std::string object_name() {
    if (accept("IF")) {
      expect("NOT");
      expect("EXISTS");
    }
    auto result = name();
    if (accept_symbol(".")) result = name();
    return result;
  }

  [[nodiscard]] std::size_t offset() const { return peek() == nullptr ? sql_.size() : peek()->offset; }
  [[nodiscard]] std::size_t end_of_last() const { return at_ == 0 ? 0 : tokens_[at_ - 1].offset + tokens_[at_ - 1].text.size(); }
  [[nodiscard]] std::string_view from(std::size_t begin) const { return sql_.substr(begin, end_of_last() - begin); }
  [[nodiscard]] std::string body() const { return body_text(sql_.substr(offset())); }
  [[nodiscard]] const Location& location() const { return location_; }

  static std::string body_text(std::string_view sql) {
    auto text = replace_all(std::string(trim(sql)), "\r\n", "\n");
    while (text.ends_with(';') || (!text.empty() && static_cast<unsigned char>(text.back()) <= ' ')) text.pop_back();
    return text;
  }

  bool aggregate = false;

 private:
  std::string what_;
  Location location_;
};

/// A type in a parameter list or behind RETURNS; one that is none of ours (ROW, TYPE OF) stays as it is written.
std::string program_type(std::string_view text, const Context& context) {
  try {
    const auto type = read_type(text, context);
    auto result = type.text();
    const auto collation = resolve_collation(context, type.charset, type.collation, context.collation);
    if (has_charset(type) && collation != context.collation) result += " CHARSET " + charset_of(collation) + " COLLATE " + collation;
    return result;
  } catch (const Error&) {
    return normal_expression(text, context);
  }
}

std::string read_parameters(Cursor& cursor, const Context& context) {
  std::vector<std::string> parameters;
  if (!cursor.accept_symbol("(")) cursor.fail("(");
  while (!cursor.accept_symbol(")")) {
    std::string direction;
    for (const auto* word : {"IN", "OUT", "INOUT"}) {
      if (cursor.accept(word)) direction = std::string_view(word) == "IN" ? "" : std::string(word) + " ";
    }
    const auto name = cursor.name();
    const auto begin = cursor.offset();
    while (!cursor.is_symbol(",") && !cursor.is_symbol(")")) {
      if (cursor.is_symbol("(")) cursor.skip_parenthesized();
      else cursor.take();
    }
    parameters.push_back(direction + quote_name(name) + " " + program_type(cursor.from(begin), context));
    cursor.accept_symbol(",");
  }
  return "(" + join(parameters, ", ") + ")";
}

/// Type words behind RETURNS end where a characteristic or the body begins.
std::string read_return_type(Cursor& cursor, const Context& context) {
  const auto begin = cursor.offset();
  cursor.take();
  while (cursor.peek() != nullptr) {
    if (cursor.is_symbol("(")) {
      cursor.skip_parenthesized();
    } else if (cursor.accept("CHARACTER") || cursor.accept("CHAR")) {
      if (cursor.accept("SET")) cursor.take();
    } else if (cursor.accept("CHARSET") || cursor.accept("COLLATE")) {
      cursor.take();
    } else if (!cursor.accept("UNSIGNED") && !cursor.accept("SIGNED") && !cursor.accept("ZEROFILL") && !cursor.accept("PRECISION") &&
               !cursor.accept("VARYING") && !cursor.accept("BYTE")) {
      break;
    }
  }
  return program_type(cursor.from(begin), context);
}

struct Characteristics {
  bool deterministic = false;
  std::string data, security, comment;
};

Characteristics read_characteristics(Cursor& cursor) {
  Characteristics found;
  while (cursor.peek() != nullptr) {
    const auto* next = cursor.peek(1);
    if (cursor.accept("LANGUAGE")) {
      cursor.expect("SQL");
    } else if (cursor.is("NOT") && next != nullptr && next->is("DETERMINISTIC")) {
      cursor.take(), cursor.take();
      found.deterministic = false;
    } else if (cursor.accept("DETERMINISTIC")) {
      found.deterministic = true;
    } else if (cursor.accept("CONTAINS")) {
      cursor.expect("SQL");
      found.data.clear();
    } else if (cursor.is("NO") && next != nullptr && next->is("SQL")) {
      cursor.take(), cursor.take();
      found.data = "NO SQL";
    } else if (cursor.is("READS") || cursor.is("MODIFIES")) {
      found.data = upper(cursor.name()) + " SQL DATA";
      cursor.expect("SQL");
      cursor.expect("DATA");
    } else if (cursor.accept("SQL")) {
      cursor.expect("SECURITY");
      found.security = upper(cursor.name()) == "INVOKER" ? "SQL SECURITY INVOKER" : "";
    } else if (cursor.accept("COMMENT")) {
      found.comment = literal_value(cursor.take().text);
    } else {
      break;
    }
  }
  return found;
}

}  // namespace

std::string TriggerText::text() const {
  return fmt::format("CREATE TRIGGER {} {} {} ON {} FOR EACH ROW {}{}", quote_name(name), timing, event, quote_name(table), order.empty() ? "" : order + " ", body);
}

TriggerText read_trigger(std::string_view sql, const Context& context, Options& options, const Location& location) {
  Cursor cursor(sql, "a trigger", location, program_rules(options, context));
  TriggerText trigger;
  cursor.open(&options);
  cursor.expect("TRIGGER");
  trigger.name = cursor.object_name();
  trigger.timing = upper(cursor.name());
  if (trigger.timing != "BEFORE" && trigger.timing != "AFTER") {
    throw Error{ErrorKind::usage, fmt::format("trigger {}: MySQL has BEFORE and AFTER triggers, not {}", trigger.name, trigger.timing), {}, location};
  }
  trigger.event = upper(cursor.name());
  cursor.expect("ON");
  trigger.table = cursor.object_name();
  cursor.expect("FOR");
  cursor.expect("EACH");
  cursor.expect("ROW");
  if (cursor.is("FOLLOWS") || cursor.is("PRECEDES")) {
    trigger.order = upper(cursor.name()) + " ";
    trigger.order += quote_name(cursor.name());
  }
  trigger.body = cursor.body();
  return trigger;
}

std::string create_trigger(const Trigger& trigger, const Context& context) { return with_definer(trigger.definition, trigger.options, context); }

namespace {

/// Parameters as they are written: the server keeps that text too.
std::string raw_parameters(Cursor& cursor) {
  const auto begin = cursor.offset();
  cursor.skip_parenthesized();
  return Cursor::body_text(cursor.from(begin));
}

void rewrite_routine(Routine& routine, const Context& context, bool own_types) {
  Cursor cursor(routine.definition, fmt::format("routine {}", routine.name.text()), routine.declared.location, program_rules(routine.options, context));
  cursor.open(&routine.options);
  const bool function = cursor.accept("FUNCTION");
  if (!function) cursor.expect("PROCEDURE");
  cursor.object_name();
  routine.kind = function ? Routine::Kind::function : Routine::Kind::procedure;
  if (in_oracle_mode(routine.options, context)) {
    // Its header has a grammar of its own, and reads as it was typed.
    auto text = fmt::format("CREATE {}{} {}", cursor.aggregate ? "AGGREGATE " : "", function ? "FUNCTION" : "PROCEDURE", quote_name(routine.name.name));
    text += cursor.is_symbol("(") ? raw_parameters(cursor) : "()";
    if (function && cursor.accept("RETURN")) text += " RETURN " + read_return_type(cursor, context);
    routine.definition = text + "\n" + cursor.body();
    return;
  }
  if (!cursor.is_symbol("(")) return;  // CREATE FUNCTION ... SONAME
  std::string text = fmt::format("CREATE {}{} {}", cursor.aggregate ? "AGGREGATE " : "", function ? "FUNCTION" : "PROCEDURE", quote_name(routine.name.name));
  text += own_types ? read_parameters(cursor, context) : raw_parameters(cursor);
  if (function) {
    cursor.expect("RETURNS");
    text += " RETURNS " + read_return_type(cursor, context);
  }
  const auto found = read_characteristics(cursor);
  for (const auto& part : {found.data, std::string(found.deterministic ? "DETERMINISTIC" : ""), found.security}) {
    if (!part.empty()) text += " " + part;
  }
  if (!found.comment.empty()) routine.comment = found.comment;
  routine.arguments.clear();
  routine.definition = text + "\n" + cursor.body();
}

}  // namespace

void canonicalize_routine(Routine& routine, const Context& context) { rewrite_routine(routine, context, false); }

bool same_routine(const Routine& a, const Routine& b, const Context& context) {
  if (a.definition == b.definition) return true;
  auto one = a;
  auto other = b;
  rewrite_routine(one, context, true);
  rewrite_routine(other, context, true);
  return same_program(one.definition, other.definition, context, program_rules(one.options, context));
}

namespace {

/// In the words of the session that runs the statement.
std::string comment_sql(const std::string& comment, const Options& options, const Context& context) {
  const bool escapes = Quoting::of(program_mode(options, context)).backslash_escapes;
  return " COMMENT " + (escapes ? quote_text(comment) : "'" + replace_all(comment, "'", "''") + "'");
}

std::string with_comment(const Routine& routine, const Context& context) {
  if (routine.comment.empty() || in_oracle_mode(routine.options, context)) return routine.definition;
  // The comment stands with the other characteristics, in front of the body.
  Cursor cursor(routine.definition, fmt::format("routine {}", routine.name.text()), routine.declared.location, program_rules(routine.options, context));
  cursor.open();
  const bool function = cursor.accept("FUNCTION");
  if (!function) cursor.expect("PROCEDURE");
  cursor.object_name();
  if (!cursor.is_symbol("(")) return routine.definition;
  cursor.skip_parenthesized();
  if (function && cursor.accept("RETURNS")) static_cast<void>(read_return_type(cursor, {}));
  static_cast<void>(read_characteristics(cursor));
  const auto end = cursor.end_of_last();
  return routine.definition.substr(0, end) + comment_sql(routine.comment, routine.options, context) + routine.definition.substr(end);
}

}  // namespace

std::string create_routine(const Routine& routine, const Context& context) { return with_definer(with_comment(routine, context), routine.options, context); }

namespace {

/// Upper case outside of quotes.
std::string upper_words(std::string text) {
  char quote = 0;
  for (auto& c : text) {
    if (quote != 0) {
      if (c == quote) quote = 0;
    } else if (c == '\'' || c == '"' || c == '`') {
      quote = c;
    } else if (c >= 'a' && c <= 'z') {
      c = static_cast<char>(c - 'a' + 'A');
    }
  }
  return text;
}

}  // namespace

void canonicalize_event(Definition& event, const Context& context) {
  Cursor cursor(event.definition, fmt::format("event {}", event.name.text()), event.declared.location, program_rules(event.options, context));
  cursor.open(&event.options);
  cursor.expect("EVENT");
  cursor.object_name();
  cursor.expect("ON");
  cursor.expect("SCHEDULE");
  const auto begin = cursor.offset();
  while (cursor.peek() != nullptr && !cursor.is("ON") && !cursor.is("DO") && !cursor.is("ENABLE") && !cursor.is("DISABLE") && !cursor.is("COMMENT")) {
    if (cursor.is_symbol("(")) cursor.skip_parenthesized();
    else cursor.take();
  }
  std::string text = fmt::format("CREATE EVENT {} ON SCHEDULE {}", quote_name(event.name.name), upper_words(normal_expression(cursor.from(begin), context)));
  if (cursor.accept("ON")) {
    cursor.expect("COMPLETION");
    const bool drop = cursor.accept("NOT");
    cursor.expect("PRESERVE");
    if (!drop) text += " ON COMPLETION PRESERVE";
  }
  if (cursor.accept("DISABLE")) {
    text += " DISABLE";
    if (cursor.accept("ON")) text += " ON " + upper(cursor.name());
  }
  cursor.accept("ENABLE");
  if (cursor.accept("COMMENT")) event.comment = literal_value(cursor.take().text);
  cursor.expect("DO");
  event.definition = text + " DO\n" + cursor.body();
}

std::string create_event(const Definition& event, const Context& context) {
  auto text = event.definition;
  const auto end = event.comment.empty() ? std::string::npos : text.find(" DO\n");
  if (end != std::string::npos) text.insert(end, comment_sql(event.comment, event.options, context));
  return with_definer(std::move(text), event.options, context);
}

View read_view(std::string_view sql, const Context& context) {
  Cursor cursor(sql, "a view", {});
  View view;
  cursor.open(&view.options, true);
  cursor.expect("VIEW");
  view.name.name = cursor.object_name();
  if (cursor.accept_symbol("(")) {
    do view.columns.push_back(cursor.name());
    while (cursor.accept_symbol(","));
    cursor.take();
  }
  cursor.expect("AS");
  view.definition = cursor.body();
  canonicalize_view(view, context);
  return view;
}

void canonicalize_view(View& view, const Context& context) {
  if (starts_with_ignoring_case(trim(view.definition), "create")) {
    auto inner = read_view(view.definition, context);
    view.definition = inner.definition;
    if (!inner.columns.empty()) view.columns = inner.columns;
    for (const auto& [key, value] : inner.options) view.options.try_emplace(key, value);
  }
  auto own = context;
  own.written_charsets = true;
  auto text = normal_expression(Cursor::body_text(view.definition), own);
  for (const auto& [suffix, value] : std::array<std::pair<std::string_view, std::string_view>, 3>{
           {{" with cascaded check option", "cascaded"}, {" with local check option", "local"}, {" with check option", "cascaded"}}}) {
    if (lower(text).ends_with(suffix)) {
      text.resize(text.size() - suffix.size());
      view.options["check_option"] = value;
      break;
    }
  }
  view.definition = text;
  for (const auto* key : {"algorithm", "sql_security", "check_option"}) {
    if (const auto found = view.options.find(key); found != view.options.end()) found->second = lower(found->second);
  }
  if (option(view.options, "algorithm") == "undefined") view.options.erase("algorithm");
  if (option(view.options, "sql_security") == "definer") view.options.erase("sql_security");
  if (is_on(view.options, "security_invoker")) view.options["sql_security"] = "invoker";
  view.options.erase("security_invoker");
}

std::string create_view(const View& view, const Context& context, bool replace, const std::string& name) {
  std::string text = replace ? "CREATE OR REPLACE " : "CREATE ";
  if (const auto value = option(view.options, "algorithm"); !value.empty()) text += "ALGORITHM = " + upper(value) + " ";
  text += definer_clause(view.options, context);
  if (const auto value = option(view.options, "sql_security"); !value.empty()) text += "SQL SECURITY " + upper(value) + " ";
  text += "VIEW " + (name.empty() ? quote_name(view.name) : name);
  if (!view.columns.empty()) {
    std::vector<std::string> columns;
    for (const auto& column : view.columns) columns.push_back(quote_name(column));
    text += " (" + join(columns, ", ") + ")";
  }
  text += " AS\n" + view.definition;
  if (const auto value = option(view.options, "check_option"); !value.empty()) text += "\nWITH " + upper(value) + " CHECK OPTION";
  return text;
}

std::string renamed_program(std::string_view sql, const std::string& name, const LexicalRules& rules) {
  Cursor cursor(sql, "a stored program", {}, rules);
  cursor.open();
  const auto kind = cursor.offset();
  cursor.take();  // FUNCTION, PROCEDURE, EVENT, TRIGGER
  const auto kind_word = std::string(cursor.from(kind));
  cursor.object_name();
  return fmt::format("CREATE {}{} {}{}", cursor.aggregate ? "AGGREGATE " : "", kind_word, name, sql.substr(cursor.end_of_last()));
}

bool same_program(std::string_view a, std::string_view b, const Context& context, const LexicalRules& rules) {
  if (a == b) return true;
  // Case matters in strings only: names of columns and variables ignore it, and a table's name in another case would be
  // an error where it matters.
  const auto folded = [&](std::string_view sql) {
    std::string text;
    for (const auto& token : tokenize(sql, rules)) {
      if (token.kind == TokenKind::string) text += rules.backslash_escapes && (token.text.front() == '\'' || token.text.front() == '"') ? quote_text(literal_value(token.text)) : std::string(token.text);
      else if (token.kind == TokenKind::quoted_name) text += unquote_name(token.text);
      else text += context.lower_case_names || is_reserved(token.text) ? lower(token.text) : std::string(token.text);
      text += ' ';
    }
    return text;
  };
  return folded(a) == folded(b);
}

}  // namespace migrate::mysql
