# The target migrate::yaml: libyaml, which has no package file for CMake in every distribution.
find_path(MIGRATE_YAML_INCLUDE_DIR yaml.h)
find_library(MIGRATE_YAML_LIBRARY NAMES yaml)
if(MIGRATE_YAML_INCLUDE_DIR AND MIGRATE_YAML_LIBRARY AND NOT TARGET migrate::yaml)
  add_library(migrate::yaml INTERFACE IMPORTED)
  target_include_directories(migrate::yaml SYSTEM INTERFACE ${MIGRATE_YAML_INCLUDE_DIR})
  target_link_libraries(migrate::yaml INTERFACE ${MIGRATE_YAML_LIBRARY})
endif()
