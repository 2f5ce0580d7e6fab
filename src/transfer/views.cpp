#include "transfer/views.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>

#include "dialect/canonical.hpp"
#include "dialect/render.hpp"
#include "dialect/sql.hpp"
#include "schema/lookup.hpp"
#include "transfer/probe.hpp"

namespace migrate {
namespace {

/// Rows of views beyond which they are not compared.
constexpr std::size_t most_view_rows = 200000;

std::string words_of(const DatabaseError& error) { return error.message().substr(0, error.message().find('\n')); }

/// A value whose type nobody tells: numbers by their digits, times without the zeros of their fraction, everything else as it is.
std::string plain_value(const Field& field) {
  if (field.is_null()) return "~";
  std::string buffer;
  for (const auto kind : {ValueType::Kind::decimal, ValueType::Kind::timestamp, ValueType::Kind::time}) {
    const auto canonical = canonical_text({.kind = kind}, field, buffer);
    if (canonical.refusal.empty()) return std::string(canonical.value.text);
  }
  if (field.text == "t") return "1";
  if (field.text == "f") return "0";
  return "'" + std::string(field.text);
}

/// How often each row is in the view; nothing where it has too many, or cannot be read.
std::optional<std::map<long long, long long>> rows_of_view(RowsConnection& connection, const std::string& name) {
  std::map<long long, long long> rows;
  std::size_t count = 0;
  struct TooMany {};
  try {
    connection.read_rows("SELECT * FROM " + name, [&](Fields fields) {
      if (++count > most_view_rows) throw TooMany{};
      std::string text;
      for (const auto& field : fields) text += plain_value(field) + "|";
      ++rows[hash_of(text)];
    });
  } catch (const TooMany&) {
    return std::nullopt;
  }
  return rows;
}

class ViewMaker {
 public:
  ViewMaker(End& source, RowsConnection* rows, End& target) : source_(source), rows_(rows), target_(target), probe_(target.dialect(), target.server(), target.session().connection()) {}

  /// Why the view is not there; "" when it is.
  std::string make(const View& original, const View& view) {
    if (auto why = probe_.refusal(view); !why.empty()) return why;
    Schema one;
    one.views.push_back(view);
    target_.dialect().canonical().canonicalize(one, target_.server());
    try {
      run({Create<View>{one.views[0]}});
      if (rows_ == nullptr || same_rows(original, view)) return "";
    } catch (const DatabaseError& error) {
      if (error.cause == DatabaseError::Cause::connection) throw;
      return words_of(error);
    }
    run({Drop<View>{one.views[0]}});
    return "it shows other rows there";
  }

 private:
  void run(const std::vector<Operation>& operations) {
    for (const auto& statement : target_.dialect().render().render(operations, target_.inspect(), target_.server())) target_.session().connection().execute(statement.text);
  }

  bool same_rows(const View& original, const View& view) {
    if (!there_) {
      there_ = target_.open_rows();
      target_.dialect().rows().set_up_reading(*there_);
    }
    const auto here = rows_of_view(*rows_, source_.dialect().sql().quote_name(original.name));
    return !here || here == rows_of_view(*there_, target_.dialect().sql().quote_name(view.name));
  }

  End& source_;
  RowsConnection* rows_;
  End& target_;
  Probe probe_;
  std::unique_ptr<RowsConnection> there_;
};

}  // namespace

void make_views(End& source, RowsConnection* rows, End& target, const std::vector<View>& originals, const std::vector<View>& views, std::vector<Loss>& losses) {
  const auto there = target.inspect();
  std::vector<std::pair<const View*, const View*>> waiting;
  std::size_t at = 0;
  for (const auto& original : originals) {
    if (original.materialized || at == views.size()) continue;
    const auto& view = views[at++];
    if (find_named(there.views, view.name) == nullptr) waiting.emplace_back(&original, &view);
  }
  // A view may stand on another: what is refused is tried again as long as one was made.
  ViewMaker maker(source, rows, target);
  std::map<QualifiedName, std::string> reasons;
  for (bool made = true; made && !waiting.empty();) {
    made = false;
    for (auto view = waiting.begin(); view != waiting.end();) {
      const auto why = maker.make(*view->first, *view->second);
      reasons[view->second->name] = why;
      if (why.empty()) {
        made = true;
        view = waiting.erase(view);
      } else {
        ++view;
      }
    }
  }
  for (const auto& [original, view] : waiting) losses.push_back({"view " + original->name.text(), reasons[view->name], true});
}

}  // namespace migrate
