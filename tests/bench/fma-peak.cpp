// The most fused multiply-adds a core does: independent chains in registers, no memory. Prints "ready", then answers each line on standard
// input with GFLOP/s (single precision, 2 per lane and instruction) over a slice of SLICE seconds of CPU time. Not part of any engine.
#include <cstdio>
#include <cstdlib>
#include <ctime>

#if defined(__AVX512F__)
constexpr int BYTES = 64;
#elif defined(__AVX__)
constexpr int BYTES = 32;
#else
constexpr int BYTES = 16;
#endif
constexpr int LANES = BYTES / 4;
// Latency 4 at 2 a cycle asks for 8 chains; 12 leave room and fit in 16 registers.
constexpr int CHAINS = 12;
constexpr long ROUNDS = 1'000'000;

typedef float Lanes __attribute__((vector_size(BYTES)));

static double cpu_seconds() {
  timespec now;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return double(now.tv_sec) + 1e-9 * double(now.tv_nsec);
}

// Converges to b / (1 - a): never denormal, never infinite.
static float chains(float a, float b) {
  const Lanes factor = Lanes{} + a;
  const Lanes term = Lanes{} + b;
  Lanes c0 = term, c1 = term, c2 = term, c3 = term, c4 = term, c5 = term;
  Lanes c6 = term, c7 = term, c8 = term, c9 = term, c10 = term, c11 = term;
  for (long i = 0; i < ROUNDS; i++) {
    c0 = c0 * factor + term, c1 = c1 * factor + term, c2 = c2 * factor + term, c3 = c3 * factor + term;
    c4 = c4 * factor + term, c5 = c5 * factor + term, c6 = c6 * factor + term, c7 = c7 * factor + term;
    c8 = c8 * factor + term, c9 = c9 * factor + term, c10 = c10 * factor + term, c11 = c11 * factor + term;
    // Equal chains would be computed once.
#if defined(__x86_64__)
    asm volatile("" : "+v"(c0), "+v"(c1), "+v"(c2), "+v"(c3), "+v"(c4), "+v"(c5));
    asm volatile("" : "+v"(c6), "+v"(c7), "+v"(c8), "+v"(c9), "+v"(c10), "+v"(c11));
#elif defined(__aarch64__)
    asm volatile("" : "+w"(c0), "+w"(c1), "+w"(c2), "+w"(c3), "+w"(c4), "+w"(c5));
    asm volatile("" : "+w"(c6), "+w"(c7), "+w"(c8), "+w"(c9), "+w"(c10), "+w"(c11));
#endif
  }
  return (c0 + c1 + c2 + c3 + c4 + c5 + c6 + c7 + c8 + c9 + c10 + c11)[0];
}

static double gflops(double seconds) {
  volatile float a = 0.5f, b = 1.0f, sink = 0.0f;
  const double start = cpu_seconds();
  double spent = 0;
  long calls = 0;
  while (spent < seconds) {
    sink = sink + chains(a, b);
    calls++;
    spent = cpu_seconds() - start;
  }
  return 2e-9 * double(calls) * double(ROUNDS) * CHAINS * LANES / spent;
}

int main() {
  const char* text = getenv("SLICE");
  const double slice = text == nullptr ? 0.3 : atof(text);
  gflops(slice);
  printf("ready\n");
  fflush(stdout);
  for (int letter = getchar(); letter != EOF; letter = getchar()) {
    if (letter != '\n') continue;
    printf("%.2f\n", gflops(slice));
    fflush(stdout);
  }
}
