#include "runner/journal.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/sha256.hpp"

namespace migrate {
namespace {

constexpr std::size_t longest_answer = 32 * 1024;

/// Strings behind each other, each with its length. Bytes that a text column may refuse are escaped.
class Writer {
 public:
  Writer& add(const std::string& text) {
    std::string escaped;
    for (const char c : text) {
      if (c == '%' || static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) >= 0x7f) escaped += fmt::format("%{:02x}", static_cast<unsigned char>(c));
      else escaped += c;
    }
    text_ += fmt::format("{}:{}", escaped.size(), escaped);
    return *this;
  }
  Writer& add(std::size_t number) {
    text_ += fmt::format("{} ", number);
    return *this;
  }
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  std::string text_;
};

class Reader {
 public:
  explicit Reader(const std::string& text) : text_(text) {}

  std::size_t number(char end = ' ') {
    std::size_t value = 0;
    const auto start = at_;
    for (; at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9' && at_ - start < 15; ++at_) value = value * 10 + static_cast<std::size_t>(text_[at_] - '0');
    if (at_ == start || at_ >= text_.size() || text_[at_] != end) refuse();
    ++at_;
    return value;
  }
  std::string string() {
    const auto size = number(':');
    if (size > text_.size() - at_) refuse();
    std::string out;
    for (const auto end = at_ + size; at_ < end; ++at_) {
      if (text_[at_] != '%') {
        out += text_[at_];
        continue;
      }
      if (at_ + 2 >= end) refuse();
      const auto hex = text_.substr(at_ + 1, 2);
      if (hex.find_first_not_of("0123456789abcdef") != std::string::npos) refuse();
      out += static_cast<char>(std::stoi(hex, nullptr, 16));
      at_ += 2;
    }
    return out;
  }
  [[nodiscard]] bool at_end() const { return at_ == text_.size(); }

 private:
  [[noreturn]] static void refuse() {
    throw Error{ErrorKind::failed, "the progress of a unit that was cut off cannot be read", "was it recorded by another version of migrate?"};
  }
  const std::string& text_;
  std::size_t at_ = 0;
};

}  // namespace

std::string write_journal(const Journal& journal) {
  Writer writer;
  writer.add(journal.calls).add(journal.digest).add(journal.base).add(journal.flight).add(journal.cursor).add(journal.next_cursor);
  writer.add(journal.statements.size());
  for (const auto& statement : journal.statements) writer.add(statement);
  writer.add(journal.answers.size());
  for (const auto& [call, answer] : journal.answers) writer.add(call).add(answer);
  return writer.text();
}

Journal read_journal(const std::string& text) {
  Journal journal;
  Reader reader(text);
  journal.calls = reader.number();
  journal.digest = reader.string();
  journal.base = reader.number();
  journal.flight = reader.string();
  journal.cursor = reader.string();
  journal.next_cursor = reader.string();
  for (auto count = reader.number(); count > 0; --count) journal.statements.push_back(reader.string());
  for (auto count = reader.number(); count > 0; --count) {
    const auto call = reader.number();
    journal.answers.emplace(call, reader.string());
  }
  return journal;
}

std::string write_answer(const Result& result) {
  Writer writer;
  writer.add(result.columns.size());
  for (const auto& column : result.columns) writer.add(column);
  writer.add(result.rows.size());
  for (const auto& row : result.rows) {
    for (const auto& value : row) {
      writer.add(value ? std::size_t{1} : std::size_t{0});
      if (value) writer.add(*value);
    }
  }
  return writer.text().size() <= longest_answer ? writer.text() : "#" + sha256(writer.text());
}

bool is_digest(const std::string& answer) { return answer.starts_with('#'); }

Result read_answer(const std::string& answer) {
  Result result;
  Reader reader(answer);
  for (auto count = reader.number(); count > 0; --count) result.columns.push_back(reader.string());
  for (auto count = reader.number(); count > 0; --count) {
    Row row;
    for (std::size_t i = 0; i < result.columns.size(); ++i) row.push_back(reader.number() == 1 ? Value(reader.string()) : Value());
    result.rows.push_back(std::move(row));
  }
  return result;
}

std::string next_key(const std::string& digest, const std::string& key) { return sha256(digest + '\0' + key).substr(0, 16); }

}  // namespace migrate
