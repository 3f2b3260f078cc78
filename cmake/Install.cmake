# `cmake --install build/release --prefix DIR`: the program, example studies, batch scripts and pages.
install(TARGETS coterie RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(DIRECTORY configs/ DESTINATION ${CMAKE_INSTALL_DATADIR}/coterie/configs FILES_MATCHING PATTERN "*.ini")
install(DIRECTORY slurm/ DESTINATION ${CMAKE_INSTALL_DATADIR}/coterie/slurm USE_SOURCE_PERMISSIONS OPTIONAL)
install(PROGRAMS tools/fetch_weights DESTINATION ${CMAKE_INSTALL_DATADIR}/coterie)
install(FILES README.md CHANGELOG.md LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(DIRECTORY docs/ DESTINATION ${CMAKE_INSTALL_DOCDIR}/docs FILES_MATCHING PATTERN "*.md" PATTERN "*.png")
