# How every library, tool and unit test of the project is compiled and linked.

add_compile_options(-fno-exceptions -Wall -Wextra -Wno-unused-parameter)
if(MOE_ENABLE_WERROR)
  add_compile_options(-Werror)
endif()
if(MOE_SANITIZE)
  add_compile_options(-fsanitize=${MOE_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${MOE_SANITIZE})
  add_library(MoESanitizerOptions OBJECT ${CMAKE_SOURCE_DIR}/lib/SanitizerOptions.cpp)
endif()
if(MOE_ENABLE_FUZZERS)
  # The fuzzers must see which branches of the libraries an input takes.
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()
# What every program links besides libraries of the project.
set(moe_program_libraries MLIR LLVM $<TARGET_NAME_IF_EXISTS:MoESanitizerOptions>)

# One precompiled header for all files that use MLIR: parsing MLIR is most of a compile.
if(MOE_ENABLE_PCH)
  file(WRITE ${CMAKE_BINARY_DIR}/MoEPCH.cpp "")
  add_library(MoEPCH OBJECT ${CMAKE_BINARY_DIR}/MoEPCH.cpp)
  target_precompile_headers(MoEPCH PRIVATE ${CMAKE_SOURCE_DIR}/lib/MoEPCH.h)
endif()

# moe_add_library(<name> [NO_MLIR] <sources>... [DEPENDS <targets>...] [LINK <libraries>...])
# A static library. MLIR is never named here: the executable links the one MLIR dylib.
function(moe_add_library name)
  cmake_parse_arguments(ARG "NO_MLIR" "" "DEPENDS;LINK" ${ARGN})
  add_library(${name} STATIC ${ARG_UNPARSED_ARGUMENTS})
  target_link_libraries(${name} PUBLIC ${ARG_LINK})
  if(NOT ARG_NO_MLIR)
    add_dependencies(${name} MoEIncGen)
    if(MOE_ENABLE_PCH)
      target_precompile_headers(${name} REUSE_FROM MoEPCH)
    endif()
  endif()
  if(ARG_DEPENDS)
    add_dependencies(${name} ${ARG_DEPENDS})
  endif()
endfunction()

# moe_add_tool(<name> <sources>... [LINK <libraries>...])
function(moe_add_tool name)
  cmake_parse_arguments(ARG "" "" "LINK" ${ARGN})
  add_executable(${name} ${ARG_UNPARSED_ARGUMENTS})
  add_dependencies(${name} MoEIncGen)
  target_link_libraries(${name} PRIVATE ${ARG_LINK} ${moe_program_libraries})
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
  set_property(GLOBAL APPEND PROPERTY MOE_TOOLS ${name})
  if(MOE_ENABLE_PCH)
    target_precompile_headers(${name} REUSE_FROM MoEPCH)
  endif()
endfunction()

# moe_add_unit_test(<name> <sources>... [LINK <libraries>...]): a GoogleTest program that
# lit finds by its name, which must end in Tests.
function(moe_add_unit_test name)
  cmake_parse_arguments(ARG "" "" "LINK" ${ARGN})
  add_executable(${name} ${ARG_UNPARSED_ARGUMENTS})
  add_dependencies(${name} MoEIncGen)
  target_link_libraries(${name} PRIVATE
    ${ARG_LINK} ${moe_program_libraries} GTest::gtest GTest::gtest_main)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/test/unit)
  set_property(GLOBAL APPEND PROPERTY MOE_UNIT_TESTS ${name})
endfunction()
