# cmake --install: the program, the drivers, the library with its headers and package file, the templates.
include(CMakePackageConfigHelpers)

install(TARGETS migrate_program RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(TARGETS ${MIGRATE_DRIVER_TARGETS} LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}/migrate)
install(DIRECTORY src/include/migrate DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(DIRECTORY templates/ DESTINATION ${CMAKE_INSTALL_DATADIR}/migrate/templates)

# find_package(migrate)
set(package_folder ${CMAKE_INSTALL_LIBDIR}/cmake/migrate)
install(TARGETS migrate_library EXPORT migrateTargets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(EXPORT migrateTargets NAMESPACE migrate:: DESTINATION ${package_folder})
configure_package_config_file(cmake/migrateConfig.cmake.in ${CMAKE_BINARY_DIR}/migrateConfig.cmake
                              INSTALL_DESTINATION ${package_folder})
write_basic_package_version_file(${CMAKE_BINARY_DIR}/migrateConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_BINARY_DIR}/migrateConfig.cmake ${CMAKE_BINARY_DIR}/migrateConfigVersion.cmake DESTINATION ${package_folder})
