#include "autogenerate/names.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <map>
#include <set>
#include <string_view>

#include "core/text.hpp"

namespace migrate {
namespace {

std::set<std::string> set_of(std::string_view text) {
  const auto words = split(text, ' ');
  return {words.begin(), words.end()};
}

/// Short forms that people use for whole words, and spellings of one word. What a short form can stand for is all in its line.
const std::map<std::string, std::set<std::string>>& short_forms() {
  static const auto forms = [] {
    static constexpr std::array lines{
        "abbr abbreviation", "acc account", "acct account", "addr address", "admin administrator", "alt alternative", "amt amount", "app application", "approx approximate",
        "attr attribute", "auth authentication authorization", "avg average", "bal balance", "bg background", "bool boolean", "btn button", "calc calculated", "cat category",
        "cert certificate", "cfg config configuration", "char character", "cls class", "cmd command", "cnt count", "co company", "col column", "comm comment", "conf config configuration",
        "config configuration", "coord coordinate", "corp corporation", "cred credential", "ctx context", "cur current", "curr current", "cust customer", "db database", "decl declaration",
        "def definition default", "del deleted", "dept department", "desc description", "descr description", "dest destination", "dev device developer", "dict dictionary", "diff difference",
        "dir directory", "disp display", "dist distance", "div division", "doc document", "dob birthdate", "dst destination", "dt date", "ean barcode", "elem element", "email mail", "emp employee",
        "env environment", "err error", "est estimated", "evt event", "exec execution", "exp expiration expiry", "expr expression", "ext extension external", "fav favorite favourite",
        "fname firstname", "fk foreignkey", "fmt format", "fn function", "freq frequency", "gen generated", "geo geography", "grp group", "hist history", "hw hardware", "hr hour", "idx index",
        "img image", "inc increment", "ind indicator", "info information", "init initial", "inst instance", "int internal integer", "inv invoice", "ip ipaddress", "k key", "lang language",
        "lat latitude", "len length", "lib library", "lname lastname", "lng longitude", "loc location", "lon longitude", "lvl level", "mail email", "mfr manufacturer", "mgr manager", "mem memory member",
        "meta metadata", "mgmt management", "min minimum", "max maximum", "misc miscellaneous", "mod module", "msg message", "mult multiplier", "nav navigation", "nbr number", "no number", "nr number",
        "num number", "obj object", "op operation operator", "opt option optional", "ord order", "org organization organisation", "orig original", "os operatingsystem", "param parameter",
        "pass password", "passwd password", "pct percent percentage", "perc percent percentage", "perm permission", "phone telephone phonenumber", "pic picture", "pkg package", "pos position",
        "prev previous", "pref preference", "priv private privilege", "proc process procedure", "prod product", "prof profile", "proj project", "prop property", "pt point", "pub public publication",
        "pw password", "pwd password", "qty quantity", "rec record", "ref reference", "reg region registration", "rel relation", "rep representative", "repo repository", "req request required",
        "res result resource", "resp response", "ret return", "rev revision", "sched schedule", "sec second", "seq sequence", "sess session", "sig signature", "spec specification", "src source",
        "srv server service", "ssn socialsecuritynumber", "stat statistic", "std standard", "str string", "sub subscription", "subj subject", "sum summary", "svc service", "sw software", "sys system",
        "tbl table", "tel telephone phone", "temp temperature temporary", "tmp temporary", "tot total", "trans transaction translation", "ts timestamp", "tx transaction", "txn transaction", "txt text",
        "tz timezone", "uid userid", "univ university", "usr user", "util utility", "v value", "val value", "var variable", "vat valueaddedtax", "ver version", "vol volume", "wt weight", "yr year", "zip zipcode"};
    std::map<std::string, std::set<std::string>> all;
    for (const auto* line : lines) {
      auto words = split(line, ' ');
      const auto first = words.front();
      all[first].insert(words.begin() + 1, words.end());
    }
    return all;
  }();
  return forms;
}

/// Words that exclude each other: one in the place of another says another thing.
const std::vector<std::set<std::string>>& scales() {
  static const std::vector<std::set<std::string>> all{
      set_of("min max minimum maximum avg average sum total count median limit"), set_of("start end begin finish stop"), set_of("started ended finished stopped begun completed"),
      set_of("first last next previous prev"), set_of("created updated modified changed deleted removed inserted published expired issued closed opened"),
      set_of("old new"), set_of("in out"), set_of("from to"), set_of("src dst source destination dest target"), set_of("sender receiver recipient"), set_of("before after"), set_of("left right top bottom"),
      set_of("up down upper lower"), set_of("open close closed opened"), set_of("enabled disabled enable disable"), set_of("active inactive"), set_of("visible hidden shown"), set_of("public private"),
      set_of("allow allowed deny denied"), set_of("show hide"), set_of("valid invalid"), set_of("lock unlock locked unlocked"), set_of("success failure succeeded failed error"), set_of("gross net"),
      set_of("debit credit"), set_of("buy sell bought sold"), set_of("input output"), set_of("read write"), set_of("parent child"), set_of("width height depth length"), set_of("home work mobile"),
      set_of("ns us ms s sec secs second seconds msec millis milliseconds min mins minute minutes h hour hours day days week weeks month months year years"),
      set_of("b kb mb gb tb bytes kib mib gib bit bits"), set_of("mg g kg t lb lbs oz"), set_of("mm cm m km ft inch inches mi miles"), set_of("c f k celsius fahrenheit kelvin"),
      set_of("eur usd gbp chf jpy cny cad aud sek nok dkk pln czk inr brl krw euro euros dollar dollars cents pounds"), set_of("utc local"), set_of("daily weekly monthly yearly"),
      set_of("male female"), set_of("x y z"), set_of("lat lon lng latitude longitude"), set_of("house street city country state zip"), set_of("draft final"), set_of("planned actual estimated expected")};
  return all;
}

/// Words that many names have, and that say little of what is meant.
bool is_filler(const std::string& word) {
  static const auto fillers = set_of("id ids at on by of the a an is has to for and in no number date time ts type name value key code flag");
  return fillers.contains(word);
}

bool is_vowel(char c) { return std::string_view("aeiouy").find(c) != std::string_view::npos; }

/// "qty" of quantity, "usr" of user, "msg" of message: the first and the last consonant stay, and no vowel behind the first letter.
bool is_skeleton(const std::string& part, const std::string& whole) {
  if (part.size() < 3 || part.size() >= whole.size() || part.front() != whole.front()) return false;
  if (std::any_of(part.begin() + 1, part.end(), [](char c) { return is_vowel(c) && c != 'y'; })) return false;
  const auto last = std::find_if(whole.rbegin(), whole.rend(), [](char c) { return !is_vowel(c) || c == 'y'; });
  if (last == whole.rend() || *last != part.back()) return false;
  std::size_t at = 0;
  for (const char c : whole) {
    if (at < part.size() && part[at] == c) ++at;
  }
  return at == part.size();
}

/// What people write wrong, or in another country: adress, recieve, seperate, colour, organise, centre.
bool is_misspelt(const std::string& a, const std::string& b) {
  if (std::min(a.size(), b.size()) < 5) return false;
  std::size_t same = 0;
  while (same < a.size() && same < b.size() && a[same] == b[same]) ++same;
  std::size_t tail = 0;
  while (tail < a.size() - same && tail < b.size() - same && a[a.size() - 1 - tail] == b[b.size() - 1 - tail]) ++tail;
  const auto left = a.substr(same, a.size() - same - tail);
  const auto right = b.substr(same, b.size() - same - tail);
  if (left.size() == 2 && right.size() == 2) return left[0] == right[1] && left[1] == right[0];
  if (left.size() == 1 && right.size() == 1) return a.size() >= 6 && ((is_vowel(left[0]) && is_vowel(right[0])) || (left + right == "sz" || left + right == "zs"));
  if (left.size() + right.size() != 1) return false;
  const char extra = left.empty() ? right[0] : left[0];
  const auto& longer = a.size() > b.size() ? a : b;
  const bool end = same + 1 == longer.size();
  const bool doubled = same > 0 && longer[same - 1] == extra && !end;
  return doubled || (extra == 'u' && same > 0 && longer[same - 1] == 'o' && !end);
}

bool are_alike(const std::string& a, const std::string& b) {
  const auto stands_for = [](const std::string& part, const std::string& whole) {
    const auto it = short_forms().find(part);
    return (it != short_forms().end() && it->second.contains(whole)) || is_skeleton(part, whole);
  };
  return a == b || stands_for(a, b) || stands_for(b, a) || is_misspelt(a, b);
}

bool is_plural(const std::string& one, const std::string& many) {
  return many == one + "s" || many == one + "es" || (one.ends_with('y') && many == one.substr(0, one.size() - 1) + "ies");
}

bool is_number(const std::string& word) { return !word.empty() && std::all_of(word.begin(), word.end(), [](char c) { return c >= '0' && c <= '9'; }); }

/// active and inactive, paid and unpaid, verified and nonverified
bool negates(const std::string& word, const std::string& other) {
  static constexpr std::array<std::string_view, 6> prefixes{"in", "un", "non", "dis", "im", "not"};
  return word.size() >= 3 && std::any_of(prefixes.begin(), prefixes.end(), [&](std::string_view prefix) { return other == std::string(prefix) + word; });
}

bool are_opposed(const std::string& a, const std::string& b) {
  if (a == b) return false;
  if (negates(a, b) || negates(b, a) || (is_number(a) && is_number(b))) return true;
  return std::any_of(scales().begin(), scales().end(), [&](const auto& scale) { return scale.contains(a) && scale.contains(b); });
}

/// 1 for the same word, less for a plural, a beginning, or a spelling that is mostly the same.
double word_similarity(const std::string& a, const std::string& b) {
  if (a == b) return 1;
  if (are_alike(a, b)) return 0.95;
  const auto longer = std::max(a.size(), b.size());
  const auto shorter = std::min(a.size(), b.size());
  if (shorter == 0) return 0;
  if (shorter >= 3 && (a.starts_with(b) || b.starts_with(a))) return 0.6 + 0.3 * static_cast<double>(shorter) / static_cast<double>(longer);
  const double ratio = 1 - static_cast<double>(edit_distance(a, b)) / static_cast<double>(longer);
  return ratio < 0.6 ? 0 : ratio * 0.9;
}

double weight_of(const std::string& word) { return is_filler(word) ? 0.25 : 1; }

/// What the two have in common, a filler counting a quarter of a word.
double shared_words(const Words& from, const Words& to) {
  double all = 0;
  for (const auto& word : from) all += weight_of(word);
  for (const auto& word : to) all += weight_of(word);
  double sum = 0;
  std::vector<bool> taken(to.size());
  for (const auto& word : from) {
    double best = 0;
    std::size_t at = 0;
    for (std::size_t i = 0; i < to.size(); ++i) {
      const double similarity = taken[i] ? 0 : word_similarity(word, to[i]);
      if (similarity > best) {
        best = similarity;
        at = i;
      }
    }
    if (best == 0) continue;
    taken[at] = true;
    sum += best * (weight_of(word) + weight_of(to[at]));
  }
  return all == 0 ? 0 : sum / all;
}

bool is_subsequence(const Words& part, const Words& whole) {
  std::size_t at = 0;
  for (const auto& word : whole) {
    if (at < part.size() && are_alike(part[at], word)) ++at;
  }
  return at == part.size();
}

/// Names of as many words: what stands in the place of what.
NameMatch match_places(const Words& from, const Words& to, double similarity) {
  NameMatch match{.relation = NameRelation::alike, .similarity = similarity, .from_word = {}, .to_word = {}};
  int others = 0;
  int opposed = 0;
  for (std::size_t i = 0; i < from.size(); ++i) {
    if (are_alike(from[i], to[i])) continue;
    ++others;
    opposed += are_opposed(from[i], to[i]) || is_plural(from[i], to[i]) || is_plural(to[i], from[i]) ? 1 : 0;
    match.from_word = from[i];
    match.to_word = to[i];
  }
  if (others != 1) match.from_word = match.to_word = "";
  if (others == 0) match.similarity = 0.95;
  else if (opposed == others) match.relation = NameRelation::opposed;
  else match.relation = others == static_cast<int>(from.size()) && similarity < 0.3 ? NameRelation::unlike : NameRelation::replaced;
  return match;
}

}  // namespace

Words words_of(const std::string& name) {
  Words words;
  bool start = true;
  for (std::size_t i = 0; i < name.size(); ++i) {
    const auto byte = [&](std::size_t at) { return at < name.size() ? static_cast<unsigned char>(name[at]) : static_cast<unsigned char>('_'); };
    if (std::isalnum(byte(i)) == 0 && byte(i) < 0x80) {
      start = true;
      continue;
    }
    // userName, and the N of URLName
    const bool upper_here = std::isupper(byte(i)) != 0;
    const bool after_lower = i > 0 && (std::islower(byte(i - 1)) != 0 || std::isdigit(byte(i - 1)) != 0);
    const bool last_of_capitals = i > 0 && std::isupper(byte(i - 1)) != 0 && std::islower(byte(i + 1)) != 0;
    if (start || (upper_here && (after_lower || last_of_capitals))) words.emplace_back();
    words.back() += static_cast<char>(std::tolower(byte(i)));
    start = false;
  }
  return words;
}

Words without_owner(Words words, const Words& owner) {
  std::size_t same = 0;
  const auto alike = [](const std::string& a, const std::string& b) { return a == b || is_plural(a, b) || is_plural(b, a); };
  while (same < words.size() && same < owner.size() && alike(words[same], owner[same])) ++same;
  if (same == words.size() && same > 0) --same;
  words.erase(words.begin(), words.begin() + static_cast<std::ptrdiff_t>(same));
  return words;
}

NameMatch match_names(const Words& from, const Words& to) {
  if (from.empty() || to.empty()) return {};
  if (join(from, "") == join(to, "")) return {.relation = NameRelation::same, .similarity = 1, .from_word = {}, .to_word = {}};
  const double similarity = shared_words(from, to);
  if (are_alike(join(from, ""), join(to, ""))) return {.relation = NameRelation::alike, .similarity = 0.95, .from_word = {}, .to_word = {}};
  if (from.size() == to.size()) return match_places(from, to, similarity);
  const auto& longer = from.size() > to.size() ? from : to;
  const auto& shorter = from.size() > to.size() ? to : from;
  NameMatch match{.relation = NameRelation::unlike, .similarity = similarity, .from_word = {}, .to_word = {}};
  if (is_subsequence(shorter, longer)) {
    const bool negated = longer.size() == shorter.size() + 1 && std::any_of(longer.begin(), longer.end(), [](const auto& word) { return word == "not" || word == "no" || word == "non"; });
    match.relation = negated ? NameRelation::opposed : NameRelation::qualified;
  } else if (similarity > 0.2) {
    match.relation = NameRelation::replaced;
  }
  return match;
}

bool same_ending(const std::string& a, const std::string& b) {
  static const std::vector<std::set<std::string>> endings{set_of("id key ref no nr num number code pk fk sk uid uuid"), set_of("date dt time ts timestamp at on"), set_of("flag ind yn")};
  return std::any_of(endings.begin(), endings.end(), [&](const auto& ending) { return ending.contains(a) && ending.contains(b); });
}

double name_similarity(const std::string& a, const std::string& b) {
  if (equal_ignoring_case(a, b)) return 1;
  const double by_words = match_names(words_of(a), words_of(b)).similarity;
  const double by_letters =
      1 - static_cast<double>(edit_distance(lower(a), lower(b))) / static_cast<double>(std::max<std::size_t>(1, std::max(a.size(), b.size())));
  return std::max(by_words, by_letters < 0.5 ? 0 : by_letters);
}

}  // namespace migrate
