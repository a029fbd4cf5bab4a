# lossops_add_kernels(<target> <file>...) adds to <target>, which links lossops::lossops or is it, the kernels of
# the losses that the files define: once per instruction set, chosen at run time. Files with LOSSOPS_DEFINE are
# sources of <target> too. To be called once for a target.
function(lossops_add_kernels target)
  set(isas DEFAULT)
  set(flags_DEFAULT)
  if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64)$")  # as setup.py has it
    set(isas DEFAULT AVX2 AVX512)
    set(flags_AVX2 -mavx2 -mfma -mf16c)
    set(flags_AVX512 -mavx512f -mavx512bw -mavx512vl -mavx512dq ${flags_AVX2})
  endif()
  foreach(isa IN LISTS isas)
    set(objects ${target}_${isa})
    add_library(${objects} OBJECT ${ARGN})
    target_compile_definitions(${objects} PRIVATE $<TARGET_PROPERTY:${target},COMPILE_DEFINITIONS>
                               CPU_CAPABILITY=${isa} CPU_CAPABILITY_${isa})
    # at::vec trips the warnings of uninitialized variables in GCC's intrinsics.
    target_compile_options(${objects} PRIVATE -O3 -fno-math-errno $<TARGET_PROPERTY:${target},COMPILE_OPTIONS>
                           -Wno-uninitialized -Wno-maybe-uninitialized ${flags_${isa}})
    target_include_directories(${objects} SYSTEM PRIVATE $<TARGET_PROPERTY:${target},INCLUDE_DIRECTORIES>)
    target_compile_features(${objects} PRIVATE cxx_std_20)
    set_target_properties(${objects} PROPERTIES POSITION_INDEPENDENT_CODE ON CXX_EXTENSIONS OFF)
    target_sources(${target} PRIVATE $<TARGET_OBJECTS:${objects}>)
  endforeach()
  set_property(SOURCE ${ARGN} APPEND PROPERTY COMPILE_DEFINITIONS LOSSOPS_KERNELS_ELSEWHERE)
  get_target_property(kind ${target} TYPE)
  if(kind MATCHES "^(SHARED|STATIC)_LIBRARY$")
    lossops_keep_linked(${target} ${target})
  endif()
endfunction()

# Programs that call operators use no symbol of the library that defines them, and linkers drop such a library
# under --as-needed, which torch's own targets switch on behind them, or take nothing from it if it is static.
# So what links <target> names each library of losses once more, where that is off.
function(lossops_keep_linked target)
  get_target_property(kind ${target} TYPE)
  set(how --no-as-needed)
  if(kind STREQUAL STATIC_LIBRARY)
    set(how --whole-archive)
  endif()
  set(needed)
  foreach(library IN LISTS ARGN)
    string(APPEND needed " \"$<TARGET_FILE:${library}>\"")
  endforeach()
  if(CMAKE_SYSTEM_NAME STREQUAL "Linux")
    target_link_libraries(${target} INTERFACE "-Wl,--push-state,${how}${needed} -Wl,--pop-state")
  endif()
endfunction()
