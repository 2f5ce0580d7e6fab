#include "library/sql_model.hpp"

#include "core/filesystem.hpp"
#include "core/text.hpp"
#include "dialect/sql.hpp"
#include "library/scratch.hpp"

namespace migrate {
namespace {

void run_file(Session& session, const std::filesystem::path& file) {
  const auto text = read_file(file);
  check_encoding(text, file.string());
  for (const auto& statement : session.dialect().sql().split(text, {file.string(), 1, 1})) {
    try {
      session.connection().execute(statement.text);
    } catch (const DatabaseError& error) {
      if (error.cause == DatabaseError::Cause::connection) throw;
      throw Error{ErrorKind::usage, "the model cannot be loaded: " + error.message(), error.hint, statement.location};
    }
  }
}

}  // namespace

Schema load_sql_model(const std::vector<std::filesystem::path>& files, Session& live, const std::vector<std::string>& schemas, const Options& options,
                      const std::optional<DatabaseUrl>& scratch) {
  const auto place = make_scratch(live, schemas, options, scratch, "load the SQL model into");
  for (const auto& file : files) run_file(place->session(), file);
  return inspect_scratch(*place, schemas);
}

}  // namespace migrate
