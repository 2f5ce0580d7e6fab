// revision: 0009-41c7ea
// parents: 0008-d83f59
// message: customers are found by name
// created: 2026-04-21T08:40:00Z

#include <migrate/unit.hpp>

#include <string>
#include <string_view>
#include <utility>

namespace {

/// "  Zoë   Müller-Łoś " -> "zoe mueller-los": every engine has another idea of this, and SQLite none.
std::string folded(std::string_view name) {
  static constexpr std::pair<std::string_view, std::string_view> letters[] = {
      {"ä", "ae"}, {"ö", "oe"}, {"ü", "ue"}, {"ß", "ss"}, {"Ä", "ae"}, {"Ö", "oe"}, {"Ü", "ue"}, {"æ", "ae"}, {"Æ", "ae"}, {"ø", "o"}, {"Ø", "o"},
      {"å", "a"},  {"Å", "a"},  {"á", "a"},  {"à", "a"},  {"â", "a"},  {"ã", "a"},  {"ç", "c"},  {"é", "e"},   {"è", "e"},  {"ê", "e"}, {"ë", "e"},
      {"É", "e"},  {"í", "i"},  {"î", "i"},  {"ï", "i"},  {"ñ", "n"},  {"ó", "o"},  {"ô", "o"},  {"õ", "o"},   {"ú", "u"},  {"û", "u"}, {"ł", "l"},
      {"Ł", "l"},  {"ś", "s"},  {"š", "s"},  {"Š", "s"},  {"ž", "z"},  {"Ž", "z"},  {"č", "c"},  {"Č", "c"}};
  std::string out;
  while (!name.empty()) {
    std::string_view taken = name.substr(0, 1);
    std::string plain(taken);
    if (taken[0] >= 'A' && taken[0] <= 'Z') plain[0] = static_cast<char>(plain[0] - 'A' + 'a');
    for (const auto& [letter, ascii] : letters) {
      if (!name.starts_with(letter)) continue;
      taken = letter;
      plain = ascii;
    }
    name.remove_prefix(taken.size());
    if (plain == " " && (out.empty() || out.back() == ' ')) continue;
    out += plain;
  }
  if (out.ends_with(' ')) out.pop_back();
  return out;
}

}  // namespace

void upgrade(migrate::Operations& op) {
  op.add_column("customers", migrate::column("search_name", "varchar(200)"));
  for (const auto& [id, name] : op.query<long long, std::string>("SELECT id, full_name FROM customers ORDER BY id")) {
    op.execute("UPDATE customers SET search_name = ? WHERE id = ?", {folded(name), id});
  }
  op.create_index("customers", {"search_name"}, "ix_customers_search_name");
}

void downgrade(migrate::Operations& op) { op.drop_column("customers", "search_name"); }

MIGRATE_UNIT(upgrade, downgrade)
