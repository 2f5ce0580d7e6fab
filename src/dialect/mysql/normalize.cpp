#include "dialect/mysql/schema.hpp"
namespace migrate::mysql {
Schema normalize_objects(Connection&, const ServerInfo&, const Schema& objects, const Schema&, const Schema&) { return objects; }
}
