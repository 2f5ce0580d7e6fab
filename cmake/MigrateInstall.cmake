# cmake --install: the program, the drivers, the library with its headers and package file, the templates.
include(CMakePackageConfigHelpers)

install(TARGETS migrate_program RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(TARGETS ${MIGRATE_DRIVER_TARGETS} LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}/migrate)
install(TARGETS migrate_launcher RUNTIME DESTINATION ${CMAKE_INSTALL_LIBDIR}/migrate)
install(DIRECTORY src/include/migrate DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
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
install(TARGETS migrate_library EXPORT migrateTargets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(EXPORT migrateTargets NAMESPACE migrate:: DESTINATION ${package_folder})
configure_package_config_file(cmake/migrateConfig.cmake.in ${CMAKE_BINARY_DIR}/migrateConfig.cmake
                              INSTALL_DESTINATION ${package_folder})
write_basic_package_version_file(${CMAKE_BINARY_DIR}/migrateConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES cmake/MigrateEmbed.cmake cmake/MigrateLibraries.cmake ${CMAKE_BINARY_DIR}/migrateConfig.cmake ${CMAKE_BINARY_DIR}/migrateConfigVersion.cmake DESTINATION ${package_folder})

# cpack: a package of Debian or Ubuntu, which asks for just the libraries that the program and its drivers use.
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_CONTACT "the migrate developers <migrate@localhost>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "${PROJECT_DESCRIPTION}")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_SECTION database)
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "g++, postgresql-client, mariadb-client, sqlite3")
set(CPACK_STRIP_FILES ON)
include(CPack)
