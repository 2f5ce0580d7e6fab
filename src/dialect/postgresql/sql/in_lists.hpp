#pragma once

#include <string>
#include <string_view>

namespace migrate::postgresql {

/// The SQL with `x IN ('a', 'b')` in the place of what the server makes of it for a varchar, and prints:
/// `(x)::text = ANY ((ARRAY['a'::character varying, 'b'::character varying])::text[])`. Read again, that text would be
/// stored as yet another one (a cast around each element), and never be the same as before.
[[nodiscard]] std::string with_in_lists(std::string_view sql);

}  // namespace migrate::postgresql
