# cmake --install: the program, the drivers, the library with its headers and package file, the templates.
install(TARGETS migrate_program RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(TARGETS ${MIGRATE_DRIVER_TARGETS} LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}/migrate)
install(DIRECTORY src/include/migrate DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(DIRECTORY templates/ DESTINATION ${CMAKE_INSTALL_DATADIR}/migrate/templates)
