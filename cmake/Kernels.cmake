# The host launchers of kernels/kernels.def, built once per instruction set and lane width; same bits, chosen at run time.
# -ffp-contract=off is what keeps OpenMP and OpenCL equal; the -fno- options only drop errno and trap semantics.
set(RP_KERNEL_FLAGS -ffp-contract=off -fno-math-errno -fno-trapping-math -Wno-psabi -Wno-conversion -Wno-unknown-pragmas)
set(RP_KERNEL_VARIANTS v1:x86-64:1 v1:x86-64:8 v3:x86-64-v3:8 v4:x86-64-v4:8 v4:x86-64-v4:16)
# What a run picks by itself.  The others are for the parity tests, and another level of optimisation is one way more to
# compute the same bits; it also compiles in half the time.
set(RP_KERNEL_BEST v3_8 v4_8 v4_16)
# Builds that look for errors of ours, not of compilers, compile these; the other names lead to them.
set(RP_KERNEL_FEW v1_1 v1_8)
set(few OFF)
if(RP_SANITIZE)
  set(few ON)
endif()
option(RP_FEW_KERNELS "compile two host builds of the kernels instead of nine" ${few})

function(rp_add_kernels name isa march lanes)
  add_library(rp_kernels_${name} OBJECT host/compute/openmp/kernels_host.c)
  target_link_libraries(rp_kernels_${name} PRIVATE rp_flags)
  set(level -O1)
  if(name IN_LIST RP_KERNEL_BEST AND NOT RP_FEW_KERNELS)
    set(level -O3)
  endif()
  target_compile_options(rp_kernels_${name} PRIVATE ${RP_KERNEL_FLAGS} ${level} -march=${march}
                         $<$<CONFIG:RelWithDebInfo>:-g1>)
  if(march STREQUAL "x86-64-v4")
    target_compile_options(rp_kernels_${name} PRIVATE -mprefer-vector-width=512)
  endif()
  if(RP_SANITIZE MATCHES undefined AND NOT lanes EQUAL 1)
    # checks of every lane take minutes to compile; the text is the same, and one lane has them
    target_compile_options(rp_kernels_${name} PRIVATE -fno-sanitize=undefined)
  endif()
  target_compile_definitions(rp_kernels_${name} PRIVATE RP_DIALECT_HOST RP_LANES=${lanes} RP_ISA=${isa})
  target_include_directories(rp_kernels_${name} PRIVATE ${PROJECT_SOURCE_DIR}/kernels)
  target_sources(rp_kernels_host INTERFACE $<TARGET_OBJECTS:rp_kernels_${name}>)
endfunction()

add_library(rp_kernels_host INTERFACE)
file(GLOB RP_KERNEL_HEADERS CONFIGURE_DEPENDS kernels/*.h kernels/*.def)
foreach(variant ${RP_KERNEL_VARIANTS})
  string(REPLACE ":" ";" parts ${variant})
  list(GET parts 0 isa)
  list(GET parts 1 march)
  list(GET parts 2 lanes)
  set(name ${isa}_${lanes})
  if(NOT RP_FEW_KERNELS OR name IN_LIST RP_KERNEL_FEW)
    rp_add_kernels(${name} ${isa} ${march} ${lanes})
  else()
    set(stand_in v1_8)
    if(lanes EQUAL 1)
      set(stand_in v1_1)
    endif()
    target_link_options(rp_kernels_host INTERFACE
                        -Wl,--defsym=rp_host_kernels_${name}=rp_host_kernels_${stand_in})
  endif()
endforeach()

# OpenCL: the same text as a string in the program, so that no file is needed at run time.
if(RP_OPENCL)
  add_executable(rp_embed cmake/embed.c)
  set(RP_KERNEL_SOURCE_C ${PROJECT_BINARY_DIR}/kernel_source.c)
  add_custom_command(OUTPUT ${RP_KERNEL_SOURCE_C}
    COMMAND rp_embed ${PROJECT_SOURCE_DIR}/kernels/kernels.cl ${RP_KERNEL_SOURCE_C} rp_kernel_source
    DEPENDS rp_embed ${RP_KERNEL_HEADERS} ${PROJECT_SOURCE_DIR}/kernels/kernels.cl ${PROJECT_SOURCE_DIR}/include/rampart/dq.h)
  add_library(rp_kernel_source OBJECT ${RP_KERNEL_SOURCE_C})
  target_sources(rp_kernels_host INTERFACE $<TARGET_OBJECTS:rp_kernel_source>)
endif()
