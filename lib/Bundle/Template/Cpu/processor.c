/* ---------------------------------------------------------------- what the processor can do */

#include <cpuid.h>

/* A bit of a register of the instruction cpuid, and of the register sets it needs. */
typedef struct cpu_feature {
  const char *name;
  uint32_t leaf, subleaf;
  int reg, bit;
  uint64_t saved;
} cpu_feature;

/* FEATURES */
/* The register sets that the system saves when it switches threads. */
static uint64_t saved_registers(void) {
  uint32_t a, b, c, d;
  if (!__get_cpuid(1, &a, &b, &c, &d) || !(c >> 27 & 1))
    return 0;
  __asm__ volatile("xgetbv" : "=a"(a), "=d"(d) : "c"(0));
  return (uint64_t)d << 32 | a;
}

static int has_feature(const cpu_feature *feature, uint64_t saved) {
  uint32_t registers[4];
  if (!__get_cpuid_count(feature->leaf, feature->subleaf, &registers[0], &registers[1],
                         &registers[2], &registers[3]))
    return 0;
  return (registers[feature->reg] >> feature->bit & 1) &&
         (saved & feature->saved) == feature->saved;
}

static int check_machine(int32_t device, char *why, size_t why_size) {
  uint64_t saved = saved_registers();
  if (device != 0)
    return fail(MOE_UNSUPPORTED, why, why_size, "device %d, expected 0, the CPU", (int)device);
  for (size_t i = 0; i < sizeof features / sizeof features[0]; ++i)
    if (!has_feature(&features[i], saved))
      return fail(MOE_UNSUPPORTED, why, why_size, "this processor lacks %s, which target %s has",
                  features[i].name, variants[0].target);
  return MOE_OK;
}

