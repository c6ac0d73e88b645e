/**
 * What a test program of the core is given: memory, random numbers and the properties that it is to report.
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

/** An emulator is a hundred times slower: fewer cases. */
#if defined(LOLIGO_EMULATED)
inline constexpr bool EMULATED = true;
#else
inline constexpr bool EMULATED = false;
#endif

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
  std::string name;
  double bound;
  double worst = 0;

  /** A NaN counts as broken. */
  void see(double error, const std::string& where) {
    if (!(error <= bound)) std::printf("  broken: %s: %s: %.3g\n", name.c_str(), where.c_str(), error);
    if (!(error <= worst)) worst = error == error ? error : 1e300;
  }
};

inline int finish(std::vector<Property> properties) {
  bool holds = true;
  for (const Property& property : properties) {
    std::printf("%s: %.3g (at most %.3g)\n", property.name.c_str(), property.worst, property.bound);
    holds &= property.worst <= property.bound;
  }
  return holds ? 0 : 1;
}

} // namespace test
