#include "dialect/mysql/canonical/create_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "core/text.hpp"
#include "dialect/mysql/sql/expression.hpp"
#include "dialect/mysql/sql/text.hpp"
#include "dialect/mysql/sql/types.hpp"
#include "dialect/sql/token_cursor.hpp"
#include "schema/lookup.hpp"

namespace migrate::mysql {
namespace {

class TableReader final : TokenCursor {
 public:
  TableReader(std::string_view sql, const Context& context) : TokenCursor(sql, lexical_rules()), context_(context) {}

  Table read() {
    expect("CREATE");
    accept("TEMPORARY");
    expect("TABLE");
    if (accept("IF")) expect("NOT"), expect("EXISTS");
    table_.name = read_table_name();
    expect_symbol("(");
    do read_element();
    while (accept_symbol(","));
    expect_symbol(")");
    read_options();
    settle();
    return std::move(table_);
  }

 private:
  [[noreturn]] void fail(std::string_view) const override {
    const auto from = peek() == nullptr ? sql_.size() : peek()->offset;
    throw Error{ErrorKind::failed, fmt::format("cannot read the server's definition of table {} at \"{}\"", table_.name.text(), sql_.substr(from, 60))};
  }
  std::string name() { return unquote_name(take().text); }

  QualifiedName read_table_name() {
    QualifiedName result{"", name()};
    if (accept_symbol(".")) {
      result.schema = std::exchange(result.name, name());
      if (result.schema == context_.database) result.schema.clear();
    }
    return result;
  }

  std::string text_value() { return literal_value(take().text); }

  /// The source between parentheses, which are read too.
  std::string_view parenthesized() {
    expect_symbol("(");
    const auto from = tokens_[at_ - 1].offset + 1;
    int depth = 1;
    while (depth > 0) {
      const auto& token = take();
      if (token.is_symbol("(")) ++depth;
      if (token.is_symbol(")")) --depth;
    }
    return sql_.substr(from, tokens_[at_ - 1].offset - from);
  }

  // ---- elements ----

  void read_element() {
    if (peek() == nullptr) fail("more");
    if (peek()->kind == TokenKind::quoted_name) return read_column();
    if (accept("PRIMARY")) return expect("KEY"), read_primary_key();
    if (accept("UNIQUE")) {
      if (!accept("KEY")) accept("INDEX");
      return read_unique();
    }
    if (accept("FULLTEXT")) return expect("KEY"), read_index("fulltext");
    if (accept("SPATIAL")) return expect("KEY"), read_index("spatial");
    if (accept("VECTOR")) return expect("KEY"), read_index("vector");
    if (accept("KEY")) return read_index("");
    if (accept("CONSTRAINT")) return read_constraint();
    if (accept("PERIOD")) return read_period();
    if (accept("CHECK")) return read_check("");
    fail("a name");
  }

  void read_column() {
    column_ = {};
    collation_.clear();
    charset_.clear();
    column_.name = name();
    const auto from = peek() == nullptr ? sql_.size() : peek()->offset;
    take();
    if (is_symbol("(")) parenthesized();
    while (is("UNSIGNED") || is("ZEROFILL")) ++at_;
    const auto& last = tokens_[at_ - 1];
    const auto written = sql_.substr(from, last.offset + last.text.size() - from);
    type_ = read_type(written, context_);
    if (auto odd = odd_width(written, type_); !odd.empty()) column_.declared.spelling["type_sql"] = std::move(odd);
    while (!is_symbol(",") && !is_symbol(")")) read_attribute();
    finish_column();
  }

  void read_attribute() {
    if (accept("NOT")) {
      expect("NULL");
      column_.nullable = false;
    } else if (accept("NULL")) {
      column_.nullable = true;
    } else if (accept("DEFAULT")) {
      read_default();
    } else if (accept("AUTO_INCREMENT")) {
      column_.identity = Identity{.kind = Identity::Kind::by_default};
    } else if (accept("ON")) {
      expect("UPDATE");
      column_.options["on_update"] = read_function();
    } else if (accept("COMMENT")) {
      column_.comment = text_value();
    } else if (accept("CHARACTER")) {
      expect("SET");
      charset_ = name();
    } else if (accept("COLLATE")) {
      collation_ = name();
    } else if (accept("GENERATED")) {
      read_generated();
    } else if (accept("INVISIBLE")) {
      column_.options["invisible"] = "true";
    } else if (accept("CHECK")) {
      column_.options["column_check"] = bare_expression(parenthesized(), context_);
    } else if (accept("WITHOUT")) {
      expect("SYSTEM");
      expect("VERSIONING");
      column_.options["without_system_versioning"] = "true";
    } else if (accept("WITH")) {
      expect("SYSTEM");
      expect("VERSIONING");
    } else {
      read_other_attribute();
    }
  }

  /// COMPRESSED[=zlib], SRID 4326, STORAGE DISK, COLUMN_FORMAT FIXED, and engines' own `name`='value'.
  void read_other_attribute() {
    const auto key = lower(name());
    if (accept_symbol("=")) {
      const auto& value = take();
      column_.options[key] = value.kind == TokenKind::string ? literal_value(value.text) : std::string(value.text);
    } else if (key == "srid" || key == "storage" || key == "column_format" || key == "ref_system_id") {
      column_.options[key] = lower(take().text);
    } else {
      column_.options[key] = "true";
    }
  }

  /// A function with or without parentheses: current_timestamp(3), uuid(), nextval(`db`.`s`).
  std::string read_function() {
    const auto from = take().offset;
    if (peek() != nullptr && peek()->kind == TokenKind::string) take();  // DATE'2020-01-01'
    if (is_symbol("(")) parenthesized();
    const auto& last = tokens_[at_ - 1];
    return normal_default(sql_.substr(from, last.offset + last.text.size() - from), context_);
  }

  void read_default() {
    if (accept("NULL")) return;
    if (is_symbol("(")) {
      const auto text = bare_expression(parenthesized(), context_);
      const auto tokens = tokenize(text, lexical_rules());
      // MySQL takes a literal for a text or a JSON only as an expression.
      const bool literal = tokens.size() == 1 && tokens[0].kind == TokenKind::string && tokens[0].text.front() == '\'';
      if (literal && (is_text_or_blob(type_) || is_json(type_))) column_.default_value = Default{false, literal_value(tokens[0].text)};
      else column_.default_value = Default{true, normal_default(text, context_)};
      return;
    }
    const bool negative = accept_symbol("-");
    const auto& token = *peek();
    if (token.kind == TokenKind::number) {
      take();
      column_.default_value = Default{false, canonical_literal(type_, (negative ? "-" : "") + std::string(token.text))};
    } else if (token.kind == TokenKind::string) {
      take();
      const bool plain = token.text.front() == '\'';
      const auto value = plain ? literal_value(token.text) : std::string(token.text);
      if (plain || type_.base == "bit") column_.default_value = Default{false, canonical_literal(type_, value)};
      else column_.default_value = Default{true, value};
    } else {
      column_.default_value = Default{true, read_function()};
    }
  }

  void read_generated() {
    expect("ALWAYS");
    expect("AS");
    if (accept("ROW")) {
      column_.options["as_row"] = lower(name());
      return;
    }
    column_.generated = Generated{bare_expression(parenthesized(), context_), false};
    if (accept("STORED") || accept("PERSISTENT")) column_.generated->stored = true;
    else accept("VIRTUAL");
  }

  void finish_column() {
    const bool json_text = type_.base == "longtext" && collation_ == "utf8mb4_bin" && option(column_.options, "column_check") == "json_valid(" + quote_name(column_.name) + ")";
    if (json_text) {
      type_.base = "json";
      column_.options.erase("column_check");
    }
    column_.type = type_.text();
    if (has_charset(type_)) pending_.emplace_back(charset_, collation_);
    else pending_.emplace_back("", "");
    table_.columns.push_back(column_);
  }

  // ---- keys ----

  std::vector<IndexPart> read_parts() {
    std::vector<IndexPart> parts;
    expect_symbol("(");
    do {
      IndexPart part;
      if (is_symbol("(")) {
        part.expression = bare_expression(parenthesized(), context_);
      } else {
        part.column = name();
        if (is_symbol("(")) part.prefix_length = std::atoi(std::string(parenthesized()).c_str());
      }
      if (accept("WITHOUT")) {
        expect("OVERLAPS");
        part.opclass = "without overlaps";
      }
      if (accept("DESC")) part.descending = true;
      else accept("ASC");
      parts.push_back(std::move(part));
    } while (accept_symbol(","));
    expect_symbol(")");
    return parts;
  }

  /// What may follow the parts of a key: USING, COMMENT, KEY_BLOCK_SIZE, INVISIBLE, IGNORED, WITH PARSER, `own`='x'.
  void read_key_options(std::string& method, std::string& comment, Options& options) {
    while (peek() != nullptr && !is_symbol(",") && !is_symbol(")")) {
      if (accept("USING")) {
        method = lower(name());
      } else if (accept("COMMENT")) {
        comment = text_value();
      } else if (accept("WITH")) {
        expect("PARSER");
        options["parser"] = name();
      } else if (accept("INVISIBLE") || accept("IGNORED")) {
        options["invisible"] = "true";
      } else {
        const auto key = lower(name());
        accept_symbol("=");
        const auto& value = take();
        options[key] = value.kind == TokenKind::string ? literal_value(value.text) : std::string(value.text);
      }
    }
  }

  void read_primary_key() {
    PrimaryKey key;
    std::string method;
    key.parts = read_parts();
    read_key_options(method, key.comment, key.options);
    if (!method.empty() && method != "btree") key.options["using"] = method;
    table_.primary_key = std::move(key);
  }

  void read_unique() {
    Unique unique;
    std::string method;
    unique.name = name();
    unique.parts = read_parts();
    read_key_options(method, unique.comment, unique.options);
    // MariaDB prints USING HASH for a unique key over whole texts, which it makes a hash by itself.
    const bool implied = std::any_of(unique.parts.begin(), unique.parts.end(), [&](const IndexPart& part) {
      const auto* column = find_named(table_.columns, part.column);
      return column != nullptr && part.prefix_length == 0 && is_text_or_blob(read_type(column->type, context_));
    });
    if (method == "btree") unique.declared.spelling["method"] = method;
    else if (!method.empty() && !implied) unique.options["using"] = method;
    table_.uniques.push_back(std::move(unique));
  }

  void read_index(const std::string& method) {
    Index index;
    index.name = name();
    index.parts = read_parts();
    index.method = method;
    std::string written = method;
    read_key_options(written, index.comment, index.options);
    index.method = method.empty() ? written : method;
    if (index.method == "btree") index.declared.spelling["method"] = std::exchange(index.method, "");
    table_.indexes.push_back(std::move(index));
  }

  void read_constraint() {
    const auto constraint = name();
    if (accept("CHECK")) return read_check(constraint);
    expect("FOREIGN");
    expect("KEY");
    ForeignKey key;
    key.name = constraint;
    key.columns = column_names(read_parts());
    expect("REFERENCES");
    key.references = read_table_name();
    key.referenced_columns = column_names(read_parts());
    while (accept("ON")) {
      auto& action = accept("DELETE") ? key.on_delete : (expect("UPDATE"), key.on_update);
      action = lower(name());
      if (action == "set" || action == "no") action += " " + lower(name());
      if (action == "no action") key.declared.spelling[&action == &key.on_delete ? "on_delete" : "on_update"] = action;
      if (action == "restrict" || action == "no action") action.clear();  // the same in InnoDB
    }
    table_.foreign_keys.push_back(std::move(key));
  }

  void read_check(const std::string& constraint) {
    Check check{.name = constraint, .expression = bare_expression(parenthesized(), context_)};
    if (accept("NOT")) {
      expect("ENFORCED");
      check.not_enforced = true;
    }
    accept("ENFORCED");
    table_.checks.push_back(std::move(check));
  }

  void read_period() {
    expect("FOR");
    const auto period = is("SYSTEM_TIME") && peek()->kind == TokenKind::word ? (take(), std::string("system_time")) : name();
    const auto columns = column_names(read_parts());
    std::vector<std::string> quoted;
    for (const auto& column : columns) quoted.push_back(quote_name(column));
    if (period == "system_time") table_.options["period_system_time"] = join(quoted, ", ");
    else table_.options["period"] = quote_name(period) + " (" + join(quoted, ", ") + ")";
  }

  // ---- table options ----

  void read_options() {
    while (peek() != nullptr) {
      if (accept("PARTITION")) {
        expect("BY");
        const auto from = peek() == nullptr ? sql_.size() : peek()->offset;
        auto clause = std::string(trim(sql_.substr(from)));
        if (clause.ends_with("*/") && sql_.find("/*!", 0) != std::string_view::npos) clause.resize(clause.size() - 2);
        table_.options["partition_by"] = normal_partitions(clause, context_, names_of_columns(table_));
        return;
      }
      if (accept("WITH")) {
        expect("SYSTEM");
        expect("VERSIONING");
        table_.options["system_versioning"] = "true";
        continue;
      }
      accept_symbol(",");
      read_option();
    }
  }

  void read_option() {
    auto key = lower(name());
    while (peek() != nullptr && !is_symbol("=") && (key == "default" || key == "character" || key == "data" || key == "index")) key += " " + lower(name());
    accept_symbol("=");
    std::string value;
    if (is_symbol("(")) {
      const auto inside = parenthesized();
      value = normal_expression("(" + std::string(inside) + ")", context_);
    } else {
      const auto& token = take();
      value = token.kind == TokenKind::string ? literal_value(token.text) : unquote_name(token.text);
    }
    if (key == "auto_increment") return;  // where the counter stands is data
    if (key == "page_checksum" && value == "1") return;  // Aria's default, which outlives a change of the engine
    if (key == "comment") table_.comment = value;
    else if (key == "default charset" || key == "charset" || key == "default character set") table_charset_ = value;
    else if (key == "collate") table_collation_ = value;
    else if (key == "row_format") table_.options[key] = lower(value);
    else if (key == "engine") engine_ = value;
    else if (key == "tablespace" && value.starts_with("innodb_file_per_table")) return;
    else table_.options[slug_key(key)] = value;
  }

  static std::string slug_key(std::string key) {
    std::replace(key.begin(), key.end(), ' ', '_');
    return key;
  }

  // ---- what is known only at the end ----

  /// The key that MySQL makes by itself (sql_generate_invisible_primary_key) is no part of what anybody declares.
  void leave_out_generated_key() {
    const std::string name = "my_row_id";
    const bool own = !context_.mariadb && table_.primary_key && table_.primary_key->parts.size() == 1 && table_.primary_key->parts[0].column == name;
    if (!own || table_.columns.empty()) return;
    const auto& first = table_.columns[0];
    if (first.name != name || first.type != "bigint unsigned" || !first.identity || !is_on(first.options, "invisible")) return;
    table_.columns.erase(table_.columns.begin());
    pending_.erase(pending_.begin());
    table_.primary_key.reset();
    table_.declared.spelling["generated_key"] = name;
  }

  void settle() {
    leave_out_generated_key();
    const auto collation = resolve_collation(context_, table_charset_, table_collation_, context_.collation);
    set_table_collation(table_, collation, context_.collation);
    for (std::size_t i = 0; i < table_.columns.size(); ++i) {
      set_column_collation(table_.columns[i], resolve_collation(context_, pending_[i].first, pending_[i].second, collation), collation);
    }
    if (!equal_ignoring_case(engine_, context_.engine)) table_.options["engine"] = engine_;
    settle_periods(table_);
    leave_out_block_sizes(table_, context_);
    const auto names = names_of_columns(table_);
    const auto own_case = [&](std::string& text) {
      if (!text.empty()) text = bare_expression(text, context_, names);
    };
    for (auto& check : table_.checks) own_case(check.expression);
    for (auto& column : table_.columns) {
      if (column.generated) own_case(column.generated->expression);
    }
  }

  const Context& context_;
  Table table_;
  Column column_;
  Type type_;
  std::string charset_;
  std::string collation_;
  std::vector<std::pair<std::string, std::string>> pending_;  ///< charset and collation of each column, as printed
  std::string table_charset_;
  std::string table_collation_;
  std::string engine_;
};

}  // namespace

void settle_periods(Table& table) {
  const auto not_null = [&](const std::string& name) {
    if (auto* column = find_named(table.columns, name)) column->nullable = false;
  };
  if (auto& period = table.options["period"]; !period.empty()) {
    const auto tokens = tokenize(period, lexical_rules());
    std::vector<std::string> names;
    for (const auto& token : tokens) {
      if (token.is_name()) names.push_back(unquote_name(token.text));
    }
    if (names.size() == 3) {
      period = quote_name(names[0]) + " (" + quote_name(names[1]) + ", " + quote_name(names[2]) + ")";
      not_null(names[1]), not_null(names[2]);
    }
  } else {
    table.options.erase("period");
  }
  const auto end = std::find_if(table.columns.begin(), table.columns.end(), [](const Column& column) { return option(column.options, "as_row") == "end"; });
  if (end == table.columns.end()) return;
  const auto without_end = [&](std::vector<IndexPart>& parts) {
    if (parts.size() > 1 && parts.back().column == end->name) parts.pop_back();
  };
  if (table.primary_key) without_end(table.primary_key->parts);
  for (auto& unique : table.uniques) without_end(unique.parts);
  for (auto& column : table.columns) {
    if (column.options.contains("as_row")) column.nullable = true;
  }
}

void leave_out_block_sizes(Table& table, const Context& context) {
  const auto engine = option(table.options, "engine");
  if (!equal_ignoring_case(engine.empty() ? context.engine : engine, "InnoDB")) return;
  if (table.primary_key) table.primary_key->options.erase("key_block_size");
  for (auto& unique : table.uniques) unique.options.erase("key_block_size");
  for (auto& index : table.indexes) index.options.erase("key_block_size");
}

Table read_create_table(std::string_view sql, const Context& context) { return TableReader(sql, context).read(); }

std::string normal_partitions(std::string_view sql, const Context& context, const std::vector<std::string>& columns) {
  auto tokens = tokenize(sql, lexical_rules());
  // Every partition says its engine: it is the table's.
  std::string text;
  std::size_t from = 0;
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    const bool storage = tokens[i].is("STORAGE") && i + 1 < tokens.size() && tokens[i + 1].is("ENGINE");
    if (!storage && !tokens[i].is("ENGINE")) continue;
    const auto begin = tokens[i].offset;
    if (storage) ++i;
    if (i + 1 < tokens.size() && tokens[i + 1].is_symbol("=")) ++i;
    if (i + 1 >= tokens.size()) break;
    ++i;
    text += sql.substr(from, begin - from);
    from = tokens[i].offset + tokens[i].text.size();
  }
  text += sql.substr(from);
  return normal_expression(text, context, columns);
}

std::string normal_default(std::string_view sql, const Context& context, const std::vector<std::string>& columns) {
  auto text = bare_expression(sql, context, columns);
  const auto parenthesis = text.find('(');
  const auto function = std::string_view(text).substr(0, parenthesis);
  if (function == "now" || function == "current_timestamp") {
    const auto close = text.find(')');
    if (close + 1 == text.size()) {
      const auto precision = trim(std::string_view(text).substr(parenthesis + 1, close - parenthesis - 1));
      return "current_timestamp(" + (precision == "0" ? std::string() : std::string(precision)) + ")";
    }
  }
  return text;
}

}  // namespace migrate::mysql
