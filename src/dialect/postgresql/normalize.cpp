#include "dialect/postgresql/normalize.hpp"

namespace migrate::postgresql {

Schema normalize(Connection&, const ServerInfo&, const Schema& objects, const Schema&, const Schema&) { return objects; }

}  // namespace migrate::postgresql
