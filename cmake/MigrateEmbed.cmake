# migrate_embed(TARGET FOLDER [CONFIG migrate.yaml]) puts the units of a migrations folder into a program: SQL units with the
# files that they include as they are, C++ units compiled. migrate::upgrade(url) then needs no files.
#
# CONFIG names the migrate.yaml whose settings hold; the one beside the folder serves without it.
function(migrate_embed target folder)
  cmake_parse_arguments(embed "" "CONFIG" "" ${ARGN})
  get_filename_component(folder "${folder}" ABSOLUTE)
  string(REGEX REPLACE "/$" "" folder "${folder}")
  if(NOT IS_DIRECTORY "${folder}")
    message(FATAL_ERROR "migrate_embed: there is no folder ${folder}")
  endif()
  get_filename_component(parent "${folder}" DIRECTORY)
  get_filename_component(folder_name "${folder}" NAME)
  if(NOT embed_CONFIG AND EXISTS "${parent}/migrate.yaml")
    set(embed_CONFIG "${parent}/migrate.yaml")
  elseif(embed_CONFIG)
    get_filename_component(embed_CONFIG "${embed_CONFIG}" ABSOLUTE)
  endif()

  file(GLOB_RECURSE files CONFIGURE_DEPENDS RELATIVE "${folder}" "${folder}/*")
  string(MD5 prefix "${target} ${folder}")
  string(SUBSTRING "${prefix}" 0 8 prefix)
  set(assembler "")
  set(declarations "")
  set(table "")
  set(sources "")
  set(count 0)
  set(entries "")
  foreach(file IN LISTS files)
    # Units stand in the folder itself; deeper sources are not units, and what begins with a dot is nobody's.
    if(file MATCHES "(^|/)\\." OR file MATCHES "\\.(so|o)$" OR file MATCHES "/.*\\.cpp$")
      continue()
    endif()
    list(APPEND entries "${folder}/${file}|${folder_name}/${file}")
  endforeach()
  if(embed_CONFIG)
    list(APPEND entries "${embed_CONFIG}|migrate.yaml")
  endif()
  foreach(entry IN LISTS entries)
    string(REGEX REPLACE "\\|.*" "" path "${entry}")
    string(REGEX REPLACE ".*\\|" "" name "${entry}")
    set(symbol "migrate_file_${prefix}_${count}")
    set(unit "nullptr")
    if(name MATCHES "^${folder_name}/[^/]*\\.cpp$")
      set(unit_name "${prefix}_${count}")
      list(APPEND sources "${path}")
      set_property(SOURCE "${path}" APPEND PROPERTY COMPILE_DEFINITIONS "MIGRATE_UNIT_NAME=${unit_name}")
      string(APPEND declarations "extern \"C\" const migrate::UnitEntry migrate_unit_${unit_name};\n")
      set(unit "&migrate_unit_${unit_name}")
    endif()
    string(APPEND assembler "asm(\".pushsection .rodata\\n.global ${symbol}\\n.hidden ${symbol}\\n${symbol}:\\n.incbin \\\"${path}\\\"\\n.global ${symbol}_end\\n.hidden ${symbol}_end\\n${symbol}_end:\\n.byte 0\\n.popsection\\n\");\n")
    string(APPEND declarations "extern \"C\" __attribute__((visibility(\"hidden\"))) const char ${symbol}[];\nextern \"C\" __attribute__((visibility(\"hidden\"))) const char ${symbol}_end[];\n")
    string(APPEND table "    {\"${name}\", ${symbol}, ${symbol}_end, ${unit}},\n")
    list(APPEND paths "${path}")
    math(EXPR count "${count} + 1")
  endforeach()

  set(generated "${CMAKE_CURRENT_BINARY_DIR}/migrate_embedded_${prefix}.cpp")
  file(CONFIGURE OUTPUT "${generated}" @ONLY CONTENT "// Written by migrate_embed.
#include <migrate/migrate.hpp>

@assembler@
@declarations@
namespace {
const migrate::EmbeddedFile files[] = {
@table@};
[[maybe_unused]] const bool embedded = migrate::embed(files, sizeof files / sizeof files[0]);
}  // namespace
")
  set_property(SOURCE "${generated}" PROPERTY OBJECT_DEPENDS "${paths}")
  target_sources(${target} PRIVATE "${generated}" ${sources})
  target_link_libraries(${target} PRIVATE migrate::migrate)
endfunction()
