// Where statements end. Bodies of stored programs are followed also where no DELIMITER hides their semicolons: the words
// that open and close blocks are only that at the start of a statement, so the splitter knows where one starts.

#include "dialect/mysql/sql/split.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "core/text.hpp"
#include "dialect/mysql/sql/text.hpp"

namespace migrate::mysql {

const LexicalRules& rules_for(const Quoting& quoting) {
  static const std::array<LexicalRules, 4> all = [] {
    std::array<LexicalRules, 4> rules;
    rules.fill(lexical_rules());
    for (const auto i : {1, 3}) rules[static_cast<std::size_t>(i)].backslash_escapes = false;
    for (const auto i : {2, 3}) rules[static_cast<std::size_t>(i)].double_quoted_strings = false;
    return rules;
  }();
  return all[(quoting.backslash_escapes ? 0U : 1U) + (quoting.ansi_quotes ? 2U : 0U)];
}

namespace {

template <std::size_t N>
bool is_any(const Token& token, const std::array<std::string_view, N>& words) {
  return token.kind == TokenKind::word && std::any_of(words.begin(), words.end(), [&](auto word) { return equal_ignoring_case(token.text, word); });
}

/// Follows one statement's tokens and knows whether a ';' here ends it.
class Blocks {
 public:
  /// Takes a token that is not a comment.
  void take(const Token& token) {
    const bool first = count_++ == 0;
    if (first) start_statement(token);
    else if (kind_ == Kind::unknown) find_kind(token);
    if (kind_ == Kind::program) follow(token);
    previous_ = upper(token.text);
  }

  [[nodiscard]] bool open() const { return !stack_.empty(); }

 private:
  enum class Kind { unknown, plain, program };
  enum class Header { name, trigger, event, routine, none };
  enum class Block { begin, branch, case_statement, case_expression, loop, repeat, until };

  void start_statement(const Token& token) {
    if (token.is("CREATE") || token.is("ALTER")) return;
    static constexpr std::array<std::string_view, 6> compound = {"IF", "CASE", "LOOP", "WHILE", "REPEAT", "FOR"};
    // MariaDB runs compound statements outside of stored programs too. A lone BEGIN starts a transaction.
    if (is_any(token, compound)) {
      kind_ = Kind::program;
      header_ = Header::none;
      at_start_ = true;
    } else if (!token.is("BEGIN")) {
      kind_ = Kind::plain;
    }
  }

  /// Behind CREATE or ALTER (or BEGIN) up to the word that tells what it is about.
  void find_kind(const Token& token) {
    if (previous_ == "BEGIN" && count_ == 2) {
      kind_ = token.is("NOT") ? Kind::program : Kind::plain;
      if (kind_ == Kind::program) {
        header_ = Header::none;
        stack_.push_back(Block::begin);
        at_start_ = false;
      }
      return;
    }
    static constexpr std::array<std::string_view, 15> others = {"TABLE",    "VIEW",     "INDEX",  "DATABASE", "SCHEMA", "USER",  "ROLE", "SEQUENCE",
                                                                "UNIQUE",   "FULLTEXT", "SPATIAL", "SERVER",  "TEMPORARY", "UNDO", "TABLESPACE"};
    if (is_any(token, others)) kind_ = Kind::plain;
    if (token.is("TRIGGER")) header_ = Header::trigger;
    else if (token.is("EVENT")) header_ = Header::event;
    else if (token.is("PROCEDURE") || token.is("FUNCTION")) header_ = Header::routine;
    else return;
    function_ = token.is("FUNCTION");
    kind_ = Kind::program;
  }

  void follow(const Token& token) {
    if (header_ != Header::none) {
      follow_header(token);
      if (header_ != Header::none) return;
      if (!body_begins_here_) return;
    }
    follow_body(token);
  }

  /// Up to where the body starts; the token that starts it is looked at as part of the body.
  void follow_header(const Token& token) {
    body_begins_here_ = false;
    if (token.is_symbol("(")) ++parentheses_;
    if (token.is_symbol(")") && --parentheses_ == 0) parameters_over_ = true;
    if (parentheses_ > 0) return;
    returns_ = returns_ || token.is("RETURNS");
    if (header_ == Header::event) {
      if (token.is("DO")) enter_body();
    } else if (header_ == Header::trigger) {
      if (token.is("ROW") && previous_ == "EACH") row_seen_ = true;
      else if (row_seen_ && (token.is("FOLLOWS") || token.is("PRECEDES"))) skip_name_ = true;
      else if (row_seen_ && skip_name_) skip_name_ = false;
      else if (row_seen_) body_here();
    } else if (token.is("AS") || token.is("IS")) {
      enter_body();
      enter_declarations();
    } else if (function_ && !returns_ && token.is("RETURN")) {
      // sql_mode ORACLE: RETURN type IS ... BEGIN ... END
    } else if (parameters_over_) {
      static constexpr std::array<std::string_view, 24> statements = {
          "BEGIN", "IF",   "CASE",   "LOOP",  "WHILE",  "REPEAT",   "FOR",     "RETURN",  "SELECT", "INSERT", "UPDATE", "DELETE",
          "CALL",  "WITH", "REPLACE", "DO",   "SIGNAL", "RESIGNAL", "TRUNCATE", "EXECUTE", "ALTER",  "CREATE", "DROP",   "START"};
      const bool set = token.is("SET") && previous_ != "CHARACTER" && previous_ != "CHAR" && previous_ != "RETURNS";
      if (is_any(token, statements) || set) body_here();
      else if (token.is_symbol(":")) enter_body();
    }
  }

  void enter_body() {
    header_ = Header::none;
    at_start_ = true;
  }
  /// What sql_mode ORACLE has in front of BEGIN: it belongs to the block that this BEGIN opens.
  void enter_declarations() {
    push(Block::begin, true);
    declarations_ = true;
  }
  void body_here() {
    enter_body();
    body_begins_here_ = true;
  }

  void push(Block block, bool starts) {
    stack_.push_back(block);
    at_start_ = starts;
  }

  void follow_body(const Token& token) {
    const bool starts = std::exchange(at_start_, false);
    if (starts) declare_ = token.is("DECLARE");
    if (end_seen_) {  // END IF, END LOOP label, ...
      end_seen_ = false;
      static constexpr std::array<std::string_view, 6> tails = {"IF", "CASE", "LOOP", "WHILE", "REPEAT", "FOR"};
      if (is_any(token, tails)) return;
    }
    if (declarations_ && starts && stack_.size() == 1 && token.is("BEGIN")) {
      declarations_ = false;
      at_start_ = true;
      return;
    }
    if (starts && stack_.empty() && token.is("DECLARE")) return enter_declarations();
    const auto top = stack_.empty() ? std::optional<Block>() : stack_.back();
    if (token.is_symbol(";") || token.is_symbol(":")) {
      at_start_ = true;
    } else if (token.is("END")) {
      close(starts, top);
    } else if (token.is("CASE")) {
      push(starts ? Block::case_statement : Block::case_expression, false);
    } else if (token.is("BEGIN") && (starts || declare_)) {
      push(Block::begin, true);
    } else if (starts || declare_) {
      open_block(token, starts);
    }
    follow_branches(token, starts, top);
  }

  void open_block(const Token& token, bool starts) {
    if (token.is("IF") && starts) push(Block::branch, false);
    else if (token.is("LOOP") && starts) push(Block::loop, true);
    else if ((token.is("WHILE") || token.is("FOR")) && starts) push(Block::loop, false), head_ = true;
    else if (token.is("REPEAT") && starts) push(Block::repeat, true);
    else if (token.is("UNTIL") && !stack_.empty() && stack_.back() == Block::repeat) stack_.back() = Block::until;
    else if (token.is("NOT")) at_start_ = false;
  }

  void follow_branches(const Token& token, bool starts, std::optional<Block> top) {
    if (!top || *top == Block::case_expression) return;
    if ((token.is("THEN") || token.is("ELSE")) && (*top == Block::branch || *top == Block::case_statement)) at_start_ = true;
    if ((token.is("DO") || token.is("LOOP")) && *top == Block::loop && head_ && !starts) {
      at_start_ = true;
      head_ = false;
    }
    if (token.is("ATOMIC") && *top == Block::begin && previous_ == "NOT") at_start_ = true;
  }

  void close(bool starts, std::optional<Block> top) {
    if (!top) return;
    if (*top == Block::case_expression) {
      stack_.pop_back();
    } else if (starts || *top == Block::until) {
      stack_.pop_back();
      end_seen_ = true;
    }
  }

  Kind kind_ = Kind::unknown;
  Header header_ = Header::name;
  std::vector<Block> stack_;
  std::string previous_;
  int count_ = 0;
  int parentheses_ = 0;
  bool parameters_over_ = false;
  bool row_seen_ = false;
  bool skip_name_ = false;
  bool body_begins_here_ = false;
  bool at_start_ = false;
  bool declare_ = false;
  bool end_seen_ = false;
  bool head_ = false;
  bool function_ = false;
  bool returns_ = false;       ///< RETURNS stood in the header
  bool declarations_ = false;
};

/// Follows what SET statements make of sql_mode.
class QuotingReader {
 public:
  QuotingReader(Quoting& now, const Quoting& usual) : now_(now), usual_(usual) {}

  void follow(std::string_view statement, const LexicalRules& rules) {
    if (lower(statement).find("sql_mode") == std::string::npos) return;
    const auto tokens = tokenize(statement, rules);
    if (tokens.empty() || !tokens[0].is("SET")) return;
    bool global = false;
    for (std::size_t i = 1; i < tokens.size(); ++i) {
      const auto& token = tokens[i];
      if (token.is("GLOBAL") || token.is("PERSIST") || starts_with_ignoring_case(token.text, "@@GLOBAL") || starts_with_ignoring_case(token.text, "@@PERSIST")) global = true;
      if (token.is_symbol(",")) global = false;
      const bool mode = token.is("SQL_MODE") || equal_ignoring_case(token.text, "@@SQL_MODE");
      if (mode && !global && i + 2 < tokens.size() && (tokens[i + 1].is_symbol("=") || tokens[i + 1].is_symbol(":="))) set(tokens, i + 2);
    }
  }

 private:
  void set(const std::vector<Token>& tokens, std::size_t value) {
    int depth = 0;
    std::size_t end = value;
    bool whole = true;  // the mode is named, and not made of the one before
    for (; end < tokens.size() && !(depth == 0 && tokens[end].is_symbol(",")); ++end) {
      depth += tokens[end].is_symbol("(") ? 1 : tokens[end].is_symbol(")") ? -1 : 0;
      whole = whole && tokens[end].kind == TokenKind::string;
    }
    if (end - value == 1 && !whole) {
      now_ = usual_;  // DEFAULT, or a variable that keeps the mode of before
      return;
    }
    if (whole) now_ = {};
    const bool takes_away = tokens[value].is("REPLACE");
    for (auto i = value; i < end; ++i) {
      if (tokens[i].kind != TokenKind::string) continue;
      const auto named = Quoting::of(unquote_text(tokens[i].text));
      if (!named.backslash_escapes) now_.backslash_escapes = takes_away;
      if (named.ansi_quotes) now_.ansi_quotes = !takes_away;
    }
  }

  Quoting& now_;
  Quoting usual_;
};

class Splitter {
 public:
  Splitter(std::string_view sql, Location location, Quoting& quoting, const Quoting& usual) : sql_(sql), location_(std::move(location)), quoting_(quoting), modes_(quoting, usual) {
    if (location_.line == 0) location_.line = 1;
  }

  std::vector<Range> run() {
    while (at_ < sql_.size()) {
      if (!one()) break;
    }
    return std::move(ranges_);
  }

  /// Asked for in growing order mostly: lines are counted from the last place on.
  [[nodiscard]] Location place(std::size_t offset) const {
    if (offset < counted_) counted_ = 0, lines_ = 0;
    const auto between = sql_.substr(counted_, offset - counted_);
    lines_ += std::count(between.begin(), between.end(), '\n');
    counted_ = offset;
    const auto before = sql_.substr(0, offset);
    const auto lines = lines_;
    const auto line_start = before.rfind('\n');
    int column = static_cast<int>(line_start == std::string_view::npos ? offset : offset - line_start - 1) + 1;
    if (lines == 0 && location_.column > 1) column += location_.column - 1;
    return {location_.file, location_.line + static_cast<int>(lines), column};
  }

 private:
  /// Reads up to the end of one statement (or one DELIMITER line); false at the end of the text.
  bool one() {
    const auto rest = sql_.substr(at_);
    Lexer lexer(rest, rules_for(quoting_), place(at_), true);
    std::optional<std::size_t> begin;
    std::size_t end = 0;
    std::size_t words = 0;
    Blocks blocks;
    for (Token token{}; lexer.next(token);) {
      const bool executable = token.kind == TokenKind::comment && (token.text.starts_with("/*!") || token.text.starts_with("/*M!"));
      const bool closing = token.kind == TokenKind::comment && token.text == "*/";
      if (token.kind == TokenKind::comment && !executable && !closing) {
        // A delimiter may look like a comment ("##"): the client sees it first.
        if (delimiter_ == ";" || !starts_with_ignoring_case(rest.substr(token.offset), delimiter_)) continue;
        finish(begin, end, words);
        at_ += token.offset + delimiter_.size();
        return true;
      }
      if (token.kind != TokenKind::comment) {
        if (words == 0 && token.is("DELIMITER")) return read_delimiter(token.offset);
        if (const auto found = delimiter_in(token); found && !(delimiter_ == ";" && blocks.open())) {
          const auto stop = token.offset + *found;
          if (*found > 0) end = stop, ++words, begin = begin.value_or(token.offset);
          finish(begin, end, words);
          at_ += stop + delimiter_.size();
          return true;
        }
        // The client takes dashes in front of a statement for a comment, whatever stands behind them.
        if (words == 0 && !begin && token.is_symbol("-") && rest.substr(token.offset, 2) == "--") {
          lexer.skip_to(std::min(rest.find('\n', token.offset), rest.size()));
          continue;
        }
        if (token.is_symbol("\\") && (rest.substr(token.offset + 1, 1) == "\n" || rest.substr(token.offset + 1, 2) == "\r\n")) {
          continuations.push_back(at_ + token.offset);
          continue;
        }
        refuse_client_command(token, words, rest);
        if (delimiter_ == ";") blocks.take(token);
        ++words;
      }
      if (!begin) begin = token.offset;
      end = token.offset + token.text.size();
    }
    if (blocks.open()) {
      throw Error{ErrorKind::usage, "the statement that starts here opens a block (BEGIN, IF, CASE, LOOP, ...) that is never closed",
                  "end it with END, or set a DELIMITER around it", place(at_ + begin.value_or(0))};
    }
    finish(begin, end, words);
    return false;
  }

 public:
  /// Backslashes at the ends of lines: the mysql client drops them, so files have them.
  std::vector<std::size_t> continuations;
  /// By which each range was read; null for the usual ones.
  std::vector<const LexicalRules*> rules;

 private:
  void finish(std::optional<std::size_t> begin, std::size_t end, std::size_t words) {
    if (!begin || words == 0 || end <= *begin) return;
    ranges_.push_back({at_ + *begin, at_ + end});
    rules.push_back(quoting_ == Quoting{} ? nullptr : &rules_for(quoting_));
    modes_.follow(sql_.substr(at_ + *begin, end - *begin), rules_for(quoting_));
  }

  std::optional<std::size_t> delimiter_in(const Token& token) const {
    if (token.kind == TokenKind::string || token.kind == TokenKind::quoted_name) return std::nullopt;
    if (delimiter_ == ";") return token.is_symbol(";") ? std::optional<std::size_t>(0) : std::nullopt;
    const auto rest = sql_.substr(at_ + token.offset);
    for (std::size_t k = 0; k < token.text.size(); ++k) {
      if (starts_with_ignoring_case(rest.substr(k), delimiter_)) return k;
    }
    return std::nullopt;
  }

  bool read_delimiter(std::size_t offset) {
    const auto start = at_ + offset;
    const auto line_end = std::min(sql_.find('\n', start), sql_.size());
    const auto line = trim(sql_.substr(start + 9, line_end - start - 9));
    const auto value = line.substr(0, line.find_first_of(" \t"));
    if (value.empty()) throw Error{ErrorKind::usage, "DELIMITER without a delimiter", "DELIMITER ;", place(start)};
    if (value.find('\\') != std::string_view::npos) {
      throw Error{ErrorKind::usage, "a DELIMITER may not hold a backslash", "DELIMITER //", place(start)};
    }
    delimiter_ = value;
    at_ = line_end;
    return true;
  }

  void refuse_client_command(const Token& token, std::size_t words, std::string_view rest) const {
    static constexpr std::array<std::string_view, 17> commands = {"SOURCE", "SYSTEM", "TEE",   "NOTEE", "PAGER",    "NOPAGER",   "PROMPT", "REHASH", "CONNECT",
                                                                  "QUIT",   "EXIT",   "EDIT",  "EGO",   "WARNINGS", "NOWARNING", "STATUS", "PRINT"};
    const bool word = words == 0 && is_any(token, commands);
    if (!word && !token.is_symbol("\\")) return;
    const auto shown = token.is_symbol("\\") ? std::string(rest.substr(token.offset, 2)) : std::string(token.text);
    throw Error{ErrorKind::usage, "'" + shown + "' is a command of the mysql client, not SQL",
                word && token.is("SOURCE") ? "use: -- migrate: include FILE" : "end statements with ';' and leave client commands out",
                place(at_ + token.offset)};
  }

  std::string_view sql_;
  Location location_;
  std::size_t at_ = 0;
  mutable std::size_t counted_ = 0;
  mutable std::ptrdiff_t lines_ = 0;
  std::string delimiter_ = ";";
  Quoting& quoting_;
  QuotingReader modes_;
  std::vector<Range> ranges_;
};

bool locks_tables(std::string_view statement) {
  const auto words = split(upper(collapse_spaces(statement.substr(0, 40))), ' ');
  return words.size() > 1 && (words[0] == "LOCK" || words[0] == "UNLOCK") && (words[1] == "TABLES" || words[1] == "TABLE");
}

/// LOAD DATA LOCAL asks the client for a file, and connections allow no server that (run/connect.cpp): better told before
/// anything has run.
void refuse_local_file(const Statement& statement) {
  if (!starts_with_ignoring_case(statement.text, "LOAD")) return;
  const auto words = split(upper(collapse_spaces(statement.text.substr(0, 80))), ' ');
  const bool loads = words.size() > 3 && (words[1] == "DATA" || words[1] == "XML");
  const auto local = loads && (words[2] == "LOW_PRIORITY" || words[2] == "CONCURRENT") ? words[3] : loads ? words[2] : std::string();
  if (local != "LOCAL") return;
  throw Error{ErrorKind::usage, "LOAD DATA LOCAL reads a file of the machine where migrate runs, which no server may ask for", "write INSERT statements, or put the file on the server and leave LOCAL out",
              statement.location};
}

}  // namespace

Quoting Quoting::of(std::string_view sql_mode) {
  Quoting quoting;
  for (const auto& mode : split(upper(sql_mode), ',')) {
    if (mode == "NO_BACKSLASH_ESCAPES") quoting.backslash_escapes = false;
    static constexpr std::array<std::string_view, 7> ansi{"ANSI_QUOTES", "ANSI", "ORACLE", "MSSQL", "DB2", "POSTGRESQL", "MAXDB"};
    if (std::find(ansi.begin(), ansi.end(), mode) != ansi.end()) quoting.ansi_quotes = true;
  }
  return quoting;
}

bool may_be_nothing(std::string_view statement) {
  if (!statement.starts_with("/*")) return false;
  Lexer lexer(statement, lexical_rules(), {}, true);
  int depth = 0;
  try {
    for (Token token{}; lexer.next(token);) {
      if (token.kind != TokenKind::comment && depth == 0) return false;
      if (token.kind != TokenKind::comment) continue;
      const bool whole = token.text.size() > 2 && token.text.ends_with("*/");
      if ((token.text.starts_with("/*!") || token.text.starts_with("/*M!")) && !whole) ++depth;
      if (token.text == "*/") --depth;
    }
  } catch (const Error&) {  // quoted as other modes have it
    return false;
  }
  return true;
}

std::vector<Range> statement_ranges(std::string_view sql, Quoting& quoting, const Quoting& usual) { return Splitter(sql, {}, quoting, usual).run(); }

std::vector<Statement> split_statements(std::string_view sql, const Location& location, Quoting quoting) {
  const auto usual = quoting;
  Splitter splitter(sql, location, quoting, usual);
  std::vector<Statement> statements;
  const auto ranges = splitter.run();
  std::string left_out;
  for (std::size_t i = 0; i < ranges.size(); ++i) {
    const auto& range = ranges[i];
    const auto text = sql.substr(range.begin, range.end - range.begin);
    if (locks_tables(text)) {
      if (starts_with_ignoring_case(text, "LOCK")) left_out = "LOCK TABLES is passed over: each statement commits with its record, which would end the lock";
      continue;
    }
    statements.push_back({std::string(text), splitter.place(range.begin), splitter.rules[i], std::exchange(left_out, "")});
    for (const auto offset : splitter.continuations) {
      if (offset >= range.begin && offset < range.end) statements.back().text[offset - range.begin] = ' ';
    }
    refuse_local_file(statements.back());
  }
  return statements;
}

}  // namespace migrate::mysql
