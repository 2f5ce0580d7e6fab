# Every dependency of the design, with a message that says which package is missing.

function(migrate_missing what package)
  message(FATAL_ERROR "${what} was not found. On Debian or Ubuntu: apt-get install ${package}\n"
                      "(scripts/install-dependencies installs everything that is missing)")
endfunction()

find_package(Threads REQUIRED)

find_package(SQLite3 QUIET)
if(NOT SQLite3_FOUND)
  migrate_missing("SQLite 3" libsqlite3-dev)
endif()

include(${CMAKE_CURRENT_LIST_DIR}/MigrateLibraries.cmake)
if(NOT TARGET migrate::yaml)
  migrate_missing("libyaml" libyaml-dev)
endif()
if(NOT TARGET migrate::yaml_cpp)
  migrate_missing("yaml-cpp" libyaml-cpp-dev)
endif()
if(NOT TARGET migrate::md)
  migrate_missing("libmd" libmd-dev)
endif()

find_package(fmt QUIET)
if(NOT fmt_FOUND)
  migrate_missing("fmt" libfmt-dev)
endif()

find_package(nlohmann_json QUIET)
if(NOT nlohmann_json_FOUND)
  migrate_missing("nlohmann-json" nlohmann-json3-dev)
endif()

find_package(Boost QUIET COMPONENTS program_options)
if(NOT Boost_FOUND)
  migrate_missing("Boost.Program_options" libboost-program-options-dev)
endif()

find_path(MUSTACHE_INCLUDE_DIR kainjow/mustache.hpp)
if(NOT MUSTACHE_INCLUDE_DIR)
  migrate_missing("kainjow mustache" libkainjow-mustache-dev)
endif()

find_package(PkgConfig QUIET)
if(NOT PkgConfig_FOUND)
  migrate_missing("pkg-config" pkg-config)
endif()

pkg_check_modules(PQXX QUIET IMPORTED_TARGET libpqxx)
if(NOT PQXX_FOUND)
  migrate_missing("libpqxx" libpqxx-dev)
endif()
# libpq itself for rows (COPY); libpqxx stands on it.
pkg_check_modules(PQ QUIET IMPORTED_TARGET libpq)
if(NOT PQ_FOUND)
  migrate_missing("libpq" libpq-dev)
endif()
add_library(migrate_driver_postgresql INTERFACE)
target_link_libraries(migrate_driver_postgresql INTERFACE PkgConfig::PQXX PkgConfig::PQ)

# MySQL Connector/C++, the JDBC-style API: Debian's 1.1 keeps its headers in cppconn/, Oracle's 8 and 9 in mysql/jdbc.h's folder.
find_path(MYSQLCPPCONN_INCLUDE_DIR cppconn/driver.h PATH_SUFFIXES mysql-cppconn-8/jdbc jdbc mysql-cppconn/jdbc)
find_library(MYSQLCPPCONN_LIBRARY NAMES mysqlcppconn)
if(NOT MYSQLCPPCONN_INCLUDE_DIR OR NOT MYSQLCPPCONN_LIBRARY)
  migrate_missing("MySQL Connector/C++ (JDBC-style API)" libmysqlcppconn-dev)
endif()
add_library(migrate_driver_mysql INTERFACE)
target_include_directories(migrate_driver_mysql SYSTEM INTERFACE ${MYSQLCPPCONN_INCLUDE_DIR})
target_link_libraries(migrate_driver_mysql INTERFACE ${MYSQLCPPCONN_LIBRARY})

# libpg_query splits and lints PostgreSQL statements; without it the project's own tokenizer does both.
find_path(PG_QUERY_INCLUDE_DIR pg_query.h)
find_library(PG_QUERY_LIBRARY NAMES libpg_query.a pg_query)

# cpp-httplib serves the review page: a library with a header on Debian, a header alone elsewhere. Without it `review` writes files only.
find_path(HTTPLIB_INCLUDE_DIR httplib.h)
find_library(HTTPLIB_LIBRARY cpp-httplib)
set(HTTPLIB_DEFINITIONS)
if(HTTPLIB_LIBRARY)
  pkg_check_modules(HTTPLIB QUIET cpp-httplib)  # the header has to see what the library was built with
  foreach(flag ${HTTPLIB_CFLAGS_OTHER})
    if(flag MATCHES "^-D(.*)$")
      list(APPEND HTTPLIB_DEFINITIONS ${CMAKE_MATCH_1})
    endif()
  endforeach()
else()
  set(HTTPLIB_LIBRARY "")
endif()

find_path(DOCTEST_INCLUDE_DIR doctest/doctest.h)
if(MIGRATE_TESTS AND NOT DOCTEST_INCLUDE_DIR)
  migrate_missing("doctest" doctest-dev)
endif()
