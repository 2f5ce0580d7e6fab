#include "dialect/sqlite/canonical/options.hpp"

namespace migrate::sqlite {

const KnownOptions& known_options() {
  static const KnownOptions options{{"table", {"strict", "without_rowid"}}, {"column", {"not_null_conflict"}}, {"primary key", {"on_conflict"}}, {"unique", {"on_conflict"}}};
  return options;
}

}  // namespace migrate::sqlite
