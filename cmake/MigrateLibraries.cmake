# The targets migrate::yaml (libyaml), migrate::yaml_cpp (yaml-cpp) and migrate::md (libmd): libraries that have no package file for CMake
# in every distribution.
function(migrate_find_library name header)
  find_path(MIGRATE_${name}_INCLUDE_DIR ${header})
  find_library(MIGRATE_${name}_LIBRARY NAMES ${ARGN})
  if(MIGRATE_${name}_INCLUDE_DIR AND MIGRATE_${name}_LIBRARY AND NOT TARGET migrate::${name})
    add_library(migrate::${name} INTERFACE IMPORTED GLOBAL)
    target_include_directories(migrate::${name} SYSTEM INTERFACE ${MIGRATE_${name}_INCLUDE_DIR})
    target_link_libraries(migrate::${name} INTERFACE ${MIGRATE_${name}_LIBRARY})
  endif()
endfunction()

migrate_find_library(yaml yaml.h yaml)
migrate_find_library(yaml_cpp yaml-cpp/emitter.h yaml-cpp)
migrate_find_library(md sha2.h md)

# Programs take yaml-cpp from its archive, where there is one: a shared library would be loaded at each start. The archive is not made for
# modules.
find_library(MIGRATE_yaml_cpp_ARCHIVE NAMES libyaml-cpp.a)
if(TARGET migrate::yaml_cpp AND MIGRATE_yaml_cpp_ARCHIVE)
  set_target_properties(migrate::yaml_cpp PROPERTIES INTERFACE_LINK_LIBRARIES
    "$<IF:$<STREQUAL:$<TARGET_PROPERTY:TYPE>,EXECUTABLE>,${MIGRATE_yaml_cpp_ARCHIVE},${MIGRATE_yaml_cpp_LIBRARY}>")
endif()
