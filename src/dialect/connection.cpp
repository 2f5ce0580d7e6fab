#include "dialect/connection.hpp"

#include <stdexcept>

namespace migrate {
namespace {

[[noreturn]] void no_such() { throw std::logic_error("this engine's connection has no such way for rows"); }

}  // namespace

void RowsConnection::copy_out(std::string_view, const std::function<void(std::string_view)>&) { no_such(); }
void RowsConnection::begin_copy_in(std::string_view) { no_such(); }
void RowsConnection::copy_in(std::string_view) { no_such(); }
void RowsConnection::end_copy_in() { no_such(); }
void RowsConnection::abort_copy_in() noexcept {}
void RowsConnection::prepare_rows(std::string_view) { no_such(); }
void RowsConnection::run_row(Fields) { no_such(); }
void RowsConnection::define_function(const std::string&, std::function<std::optional<std::string>(Fields)>) { no_such(); }
void RowsConnection::define_number(const std::string&, std::function<long long(Fields)>) { no_such(); }

}  // namespace migrate
