/**
 * What a test program of the core is given: memory, and an exit when it was compiled for instructions that this processor lacks.
 * A program prints one line per property, "name: worst (at most bound)", and ends with finish(); core-program.ts reads it.
 */
#pragma once
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

extern "C" void* loligo_take_block(size_t bytes) {
  void* block = std::aligned_alloc(64, (bytes + 63) / 64 * 64);
  if (block != nullptr) __builtin_memset(block, 0, bytes);
  return block;
}
extern "C" void loligo_free_block(void* block, size_t) { std::free(block); }

namespace test {

/** First in main: nothing before it may need the instructions. */
inline void needProcessor() {
#if defined(__x86_64__)
  bool runs = true;
#if defined(__AVX512F__)
  runs = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw");
#elif defined(__AVX2__)
  runs = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
#endif
  if (runs) return;
  std::printf("absent\n");
  std::exit(0);
#endif
}

/** A small generator (xorshift), the same everywhere. */
struct Random {
  uint64_t state = 88172645463325252u;
  double uniform() {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return double(state >> 11) / 9007199254740992.0;
  }
  double symmetric() { return 2 * uniform() - 1; }
};

struct Property {
  const char* name;
  double bound;
  double worst = 0;

  /** A NaN counts as broken. */
  void see(double error, const std::string& where) {
    if (!(error <= bound)) std::printf("  broken: %s: %s: %.3g\n", name, where.c_str(), error);
    if (!(error <= worst)) worst = error == error ? error : 1e300;
  }
};

inline int finish(std::vector<Property> properties) {
  bool holds = true;
  for (const Property& property : properties) {
    std::printf("%s: %.3g (at most %.3g)\n", property.name, property.worst, property.bound);
    holds &= property.worst <= property.bound;
  }
  return holds ? 0 : 1;
}

} // namespace test
