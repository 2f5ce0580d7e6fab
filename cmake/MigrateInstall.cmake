# cmake --install, in two components: `runtime` is the program with its drivers, headers for C++ units and pages; `development` is the
# library with its package file. scripts/package makes a release of them.
include(CMakePackageConfigHelpers)

set(CMAKE_INSTALL_DEFAULT_COMPONENT_NAME runtime)
# A package may bring libraries of its own, whose versions differ between releases of a distribution.
set_target_properties(migrate_program PROPERTIES INSTALL_RPATH "$ORIGIN/../${CMAKE_INSTALL_LIBDIR}/migrate/private")
set_target_properties(${MIGRATE_DRIVER_TARGETS} PROPERTIES INSTALL_RPATH "$ORIGIN/private")
install(TARGETS migrate_program RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(TARGETS ${MIGRATE_DRIVER_TARGETS} LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}/migrate)
install(TARGETS migrate_launcher RUNTIME DESTINATION ${CMAKE_INSTALL_LIBDIR}/migrate)
install(DIRECTORY src/include/migrate DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(DIRECTORY docs DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(FILES README.md CHANGELOG.md DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR} RENAME copyright)
install(FILES docs/model.schema.json DESTINATION ${CMAKE_INSTALL_DATADIR}/migrate)
# The program writes its own manual and completions.
set(written ${CMAKE_BINARY_DIR}/generated)
add_custom_command(TARGET migrate_program POST_BUILD
  COMMAND ${CMAKE_COMMAND} -E make_directory ${written}
  COMMAND migrate_program help --man > ${written}/migrate.1
  COMMAND migrate_program completion bash > ${written}/migrate.bash
  COMMAND migrate_program completion zsh > ${written}/_migrate
  COMMAND migrate_program completion fish > ${written}/migrate.fish VERBATIM)
install(FILES ${written}/migrate.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
install(FILES ${written}/migrate.bash DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions RENAME migrate)
install(FILES ${written}/_migrate DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/vendor-completions)
install(FILES ${written}/migrate.fish DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d)
install(DIRECTORY templates/ DESTINATION ${CMAKE_INSTALL_DATADIR}/migrate/templates)

# find_package(migrate)
set(package_folder ${CMAKE_INSTALL_LIBDIR}/cmake/migrate)
set(CMAKE_INSTALL_DEFAULT_COMPONENT_NAME development)
install(TARGETS migrate_library EXPORT migrateTargets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(EXPORT migrateTargets NAMESPACE migrate:: DESTINATION ${package_folder})
configure_package_config_file(cmake/migrateConfig.cmake.in ${CMAKE_BINARY_DIR}/migrateConfig.cmake
                              INSTALL_DESTINATION ${package_folder})
write_basic_package_version_file(${CMAKE_BINARY_DIR}/migrateConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES cmake/MigrateEmbed.cmake cmake/MigrateLibraries.cmake ${CMAKE_BINARY_DIR}/migrateConfig.cmake ${CMAKE_BINARY_DIR}/migrateConfigVersion.cmake DESTINATION ${package_folder})
