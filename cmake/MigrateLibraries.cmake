# The targets migrate::yaml (libyaml) and migrate::md (libmd): libraries that have no package file for CMake in every distribution.
function(migrate_find_library name header library)
  find_path(MIGRATE_${name}_INCLUDE_DIR ${header})
  find_library(MIGRATE_${name}_LIBRARY NAMES ${library})
  if(MIGRATE_${name}_INCLUDE_DIR AND MIGRATE_${name}_LIBRARY AND NOT TARGET migrate::${name})
    add_library(migrate::${name} INTERFACE IMPORTED GLOBAL)
    target_include_directories(migrate::${name} SYSTEM INTERFACE ${MIGRATE_${name}_INCLUDE_DIR})
    target_link_libraries(migrate::${name} INTERFACE ${MIGRATE_${name}_LIBRARY})
  endif()
endfunction()

migrate_find_library(yaml yaml.h yaml)
migrate_find_library(md sha2.h md)
