# Writes OUTPUT with "VERSION+commit[-dirty]"; leaves it alone when nothing changed, so nothing is rebuilt.
execute_process(COMMAND git -C ${SOURCE} describe --always --dirty --abbrev=9 --exclude=*
  OUTPUT_VARIABLE commit OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
if(commit)
  set(VERSION "${VERSION}+${commit}")
endif()
file(CONFIGURE OUTPUT ${OUTPUT} CONTENT "#define COTERIE_VERSION \"${VERSION}\"\n")
