#include "dialect/sql/lexer.hpp"

#include <doctest/doctest.h>

#include <chrono>

namespace lexer_test {

using namespace migrate;

namespace {

const LexicalRules postgresql{.nested_comments = true, .dollar_quotes = true, .escape_strings = true};
const LexicalRules mysql{.hash_comments = true,
                         .dash_needs_space = true,
                         .executable_comments = true,
                         .backslash_escapes = true,
                         .backtick_names = true,
                         .double_quoted_strings = true};
const LexicalRules sqlite{.backtick_names = true, .bracket_names = true};

using Texts = std::vector<std::string>;

Texts texts(std::string_view sql, const LexicalRules& rules) {
  Texts out;
  for (const auto& token : tokenize(sql, rules)) out.emplace_back(token.text);
  return out;
}

TokenKind only_kind(std::string_view sql, const LexicalRules& rules) {
  const auto tokens = tokenize(sql, rules);
  REQUIRE(tokens.size() == 1);
  CHECK(tokens[0].text == sql);
  return tokens[0].kind;
}

Location failure(std::string_view sql, const LexicalRules& rules) {
  try {
    Lexer lexer(sql, rules, {"a.sql", 10, 1});
    for (Token token{}; lexer.next(token);) {
    }
  } catch (const Error& error) {
    CHECK(error.kind == ErrorKind::usage);
    CHECK(error.message().find("unterminated") == 0);
    return error.location;
  }
  FAIL("no error for ", std::string(sql));
  return {};
}

}  // namespace

TEST_CASE("words, numbers and operators are told apart with their offsets and lines") {
  const auto tokens = tokenize("select a1,\n  1e-5<=b->>'x'", postgresql);
  REQUIRE(tokens.size() == 8);
  CHECK(tokens[0].is("SELECT"));
  CHECK_FALSE(tokens[1].is("A"));
  CHECK(tokens[2].is_symbol(","));
  CHECK(tokens[3].kind == TokenKind::number);
  CHECK(tokens[3].text == "1e-5");
  CHECK(tokens[3].line == 2);
  CHECK(tokens[3].offset == 13);
  CHECK(tokens[4].is_symbol("<="));
  CHECK(tokens[6].is_symbol("->>"));
  CHECK(tokens[7].kind == TokenKind::string);
}

TEST_CASE("numbers take their fraction and exponent, and no more") {
  for (const auto* number : {"1", "1.5", ".5", "1.", "1e5", "1E+5", "1.5e-10", "0x1F", "1_000", "0b101"}) {
    CHECK(only_kind(number, postgresql) == TokenKind::number);
  }
  CHECK(texts("1..10", postgresql) == Texts{"1", "..", "10"});
  CHECK(texts("1-2", postgresql) == Texts{"1", "-", "2"});
  CHECK(texts("t.5", mysql) == Texts{"t", ".", "5"});
  CHECK(tokenize("2fa_codes", mysql)[0].kind == TokenKind::word);
  CHECK(texts("db.2fa", mysql) == Texts{"db", ".", "2fa"});
  CHECK(texts("a-1e", sqlite) == Texts{"a", "-", "1e"});
}

TEST_CASE("comments are skipped, nested only where the engine nests them") {
  CHECK(texts("a /* b /* c */ d */ e", postgresql) == Texts{"a", "e"});
  CHECK(texts("a /* b /* c */ d", sqlite) == Texts{"a", "d"});
  CHECK(texts("a -- b\nc", postgresql) == Texts{"a", "c"});
  CHECK(texts("a --b", postgresql) == Texts{"a"});
  CHECK(texts("a--1", mysql) == Texts{"a", "-", "-", "1"});
  CHECK(texts("a -- b\nc", mysql) == Texts{"a", "c"});
  CHECK(texts("a --", mysql) == Texts{"a"});
  CHECK(texts("a --\nb", mysql) == Texts{"a", "b"});
  CHECK(texts("a # b\nc", mysql) == Texts{"a", "c"});
  CHECK(texts("a # b", postgresql) == Texts{"a", "#", "b"});
  CHECK(texts("a/**/b", sqlite) == Texts{"a", "b"});
  CHECK(texts("\xEF\xBB\xBFselect", sqlite) == Texts{"select"});
}

TEST_CASE("executable comments are code") {
  CHECK(texts("/*!40101 SET NAMES utf8 */;", mysql) == Texts{"SET", "NAMES", "utf8", ";"});
  CHECK(texts("/*M!100100 SET a=1*/;", mysql) == Texts{"SET", "a", "=", "1", ";"});
  CHECK(texts("/*! a /* b */ c*/ d", mysql) == Texts{"a", "c", "d"});
  CHECK(texts("select 2*/*c*/3", mysql) == Texts{"select", "2", "*", "3"});
  CHECK(texts("/*!40101 SET a */", sqlite).empty());
  CHECK(texts("/*!999999\\- enable the sandbox mode */ a", mysql) == Texts{"a"});
  CHECK(failure("x\n/*!40101 SET a", mysql) == Location{"a.sql", 11, 1});
}

TEST_CASE("comments are tokens when asked for, with the marks of executable ones") {
  Lexer lexer("a -- b\n/*!50000 c */", mysql, {}, true);
  std::vector<std::pair<TokenKind, std::string>> found;
  for (Token token{}; lexer.next(token);) found.emplace_back(token.kind, token.text);
  CHECK(found == std::vector<std::pair<TokenKind, std::string>>{{TokenKind::word, "a"},
                                                                {TokenKind::comment, "-- b"},
                                                                {TokenKind::comment, "/*!50000"},
                                                                {TokenKind::word, "c"},
                                                                {TokenKind::comment, "*/"}});
}

TEST_CASE("strings end where the engine ends them") {
  CHECK(texts("'a''b' 'c'", postgresql) == Texts{"'a''b'", "'c'"});
  CHECK(texts("'a\\' 'c'", postgresql) == Texts{"'a\\'", "'c'"});
  CHECK(only_kind("'a\\'b'", mysql) == TokenKind::string);
  CHECK(only_kind("E'a\\'b'", postgresql) == TokenKind::string);
  CHECK(texts("E'a\\' ", sqlite) == Texts{"E", "'a\\'"});
  for (const auto* text : {"x'1F'", "B'01'", "N'a'", "''"}) CHECK(only_kind(text, postgresql) == TokenKind::string);
  CHECK(only_kind("U&'d\\0061'", postgresql) == TokenKind::string);
  CHECK(only_kind("U&\"d\\0061\"", postgresql) == TokenKind::quoted_name);
  CHECK(only_kind("\"a\\\"b\"", mysql) == TokenKind::string);
  CHECK(only_kind("\"a\"\"b\"", sqlite) == TokenKind::quoted_name);
  CHECK(only_kind("`a``;b`", mysql) == TokenKind::quoted_name);
  CHECK(only_kind("[a;'b]", sqlite) == TokenKind::quoted_name);
  CHECK(texts("a[1]", postgresql) == Texts{"a", "[", "1", "]"});
  CHECK(texts("_utf8mb4'a'", mysql) == Texts{"_utf8mb4", "'a'"});
}

TEST_CASE("dollar quotes start outside names only") {
  CHECK(only_kind("$$a;b$$", postgresql) == TokenKind::string);
  CHECK(only_kind("$f_1$ $$ $f$ ; $f_1$", postgresql) == TokenKind::string);
  CHECK(only_kind("a$b$c$b$", postgresql) == TokenKind::word);
  CHECK(texts("$1 $2", postgresql) == Texts{"$1", "$2"});
  CHECK(tokenize("$1", postgresql)[0].kind == TokenKind::parameter);
  CHECK(texts("$$a$$", sqlite) == Texts{"$", "$a", "$", "$"});
}

TEST_CASE("an unterminated quote or comment is an error at its start") {
  CHECK(failure("a\n 'b", postgresql) == Location{"a.sql", 11, 2});
  CHECK(failure("'a\\'", mysql) == Location{"a.sql", 10, 1});
  CHECK(failure("a /* b", sqlite) == Location{"a.sql", 10, 3});
  CHECK(failure("/* /* */", postgresql).line == 10);
  CHECK(failure("\n\n$a$ b $b$", postgresql) == Location{"a.sql", 12, 1});
  CHECK(failure("`a", mysql).column == 1);
  CHECK(failure("[a", sqlite).column == 1);
  CHECK(failure("\"a", sqlite).column == 1);
}

TEST_CASE("operators are read whole, and as PostgreSQL reads them there") {
  CHECK(texts("a::int||b@>c", postgresql) == Texts{"a", "::", "int", "||", "b", "@>", "c"});
  CHECK(texts("a<->b #>> c ?| d", postgresql) == Texts{"a", "<->", "b", "#>>", "c", "?|", "d"});
  CHECK(texts("a=-1", postgresql) == Texts{"a", "=", "-", "1"});
  CHECK(texts("a+/*c*/b", postgresql) == Texts{"a", "+", "b"});
  CHECK(texts("a=--c\nb", postgresql) == Texts{"a", "=", "b"});
  CHECK(texts("x[1:2] := y", postgresql) == Texts{"x", "[", "1", ":", "2", "]", ":=", "y"});
  CHECK(texts("count(*)", postgresql) == Texts{"count", "(", "*", ")"});
  CHECK(texts("a<=>b", mysql) == Texts{"a", "<=>", "b"});
  CHECK(texts("a->>'$.b'", mysql) == Texts{"a", "->>", "'$.b'"});
  CHECK(texts("a==b<>c", sqlite) == Texts{"a", "==", "b", "<>", "c"});
}

TEST_CASE("parameters and variables are told from labels and accounts") {
  CHECK(texts("? ?1 :name $x @y", sqlite) == Texts{"?", "?1", ":name", "$x", "@y"});
  CHECK(tokenize(":name", sqlite)[0].kind == TokenKind::parameter);
  CHECK(texts("again:BEGIN", mysql) == Texts{"again", ":", "BEGIN"});
  CHECK(texts("@@session.sql_mode", mysql) == Texts{"@@session", ".", "sql_mode"});
  CHECK(texts("`root`@`%`", mysql) == Texts{"`root`", "@", "`%`"});
  CHECK(texts("?||?", mysql) == Texts{"?", "||", "?"});
}

TEST_CASE("skipping moves the line along") {
  Lexer lexer("a\nb\nc d", sqlite);
  Token token{};
  REQUIRE(lexer.next(token));
  lexer.skip_to(4);
  CHECK(lexer.line() == 3);
  REQUIRE(lexer.next(token));
  CHECK(token.text == "c");
  CHECK(token.line == 3);
  lexer.skip_to(1000);
  CHECK_FALSE(lexer.next(token));
}

TEST_CASE("names and texts lose their quotes") {
  CHECK(unquote_name("Abc") == "Abc");
  CHECK(unquote_name("\"a\"\"B\"") == "a\"B");
  CHECK(unquote_name("`a``b`") == "a`b");
  CHECK(unquote_name("[a b]") == "a b");
  CHECK(unquote_text("'it''s'") == "it's");
  CHECK(unquote_text("'a\\nb'") == "a\\nb");
  CHECK(unquote_text("'a\\nb\\'\\%'", true) == "a\nb'\\%");
  CHECK(unquote_text("E'\\x41\\101\\u00e9\\\\'") == "AA\xC3\xA9\\");
  CHECK(unquote_text("$a$x'y$a$") == "x'y");
  CHECK(unquote_text("N'a'") == "a");
  CHECK(unquote_text("\"a\"\"b\"") == "a\"b");
  CHECK(unquote_text("''").empty());
}

TEST_CASE("texts that mean the same have one normal form") {
  const auto same = [](std::string_view a, std::string_view b, const LexicalRules& rules) {
    CHECK(normalize_sql(a, rules) == normalize_sql(b, rules));
  };
  same("((A  >= 1 and \"b\" != 'x'))", "a>=1 AND b <> 'x' /* c */", postgresql);
  same("lower( `Mail` )", "LOWER(mail)", mysql);
  same("\"a\" = 'it\\'s'", "'a'='it''s'", mysql);
  same("[a b]", "`a b`", sqlite);
  same("E'a\\'b'", "'a''b'", postgresql);
  same("$$a$$", "'a'", postgresql);
  same("X'ab'", "x'AB'", sqlite);
  CHECK(normalize_sql("(a) + (b)", postgresql) == "(a) + (b)");
  CHECK(normalize_sql("(a, b)", postgresql) == "(a, b)");
  CHECK(normalize_sql("\"User\" = user", postgresql) == "\"User\" = user");
  CHECK(normalize_sql("\"user\"", postgresql) != normalize_sql("user", postgresql));
  CHECK(normalize_sql("Price*Quantity IN (1,2)", postgresql) == "price * quantity in (1, 2)");
  CHECK(normalize_sql("'A'", postgresql) != normalize_sql("'a'", postgresql));
  CHECK(normalize_sql("", postgresql).empty());
  CHECK(normalize_sql("()", postgresql) == "()");
}

TEST_CASE("a name is mentioned as an identifier, not inside a string") {
  CHECK(mentions("select Users.id from x", "users", postgresql));
  CHECK(mentions("select \"users\".id", "users", postgresql));
  CHECK_FALSE(mentions("select 'users', users2 -- users", "users", postgresql));
  CHECK(mentions("create function f() as $$ select * from users $$", "users", postgresql));
  CHECK_FALSE(mentions("create function f() as $$ select 'users' $$", "users", postgresql));
  CHECK(mentions("it's users", "users", postgresql));
}

TEST_CASE("reading is linear in the length of the text") {
  std::string nested(2'000'000, '(');
  std::string dollars;
  for (int i = 0; i < 500'000; ++i) dollars += "$a ";
  const auto start = std::chrono::steady_clock::now();
  CHECK(tokenize(nested, postgresql).size() == nested.size());
  CHECK(tokenize(dollars, postgresql).size() == 500'000);
  CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(2));
}

}  // namespace lexer_test
