/**
 * Runs the core on one description, without Node: for builds with sanitizers and for other processors. Reads a file of two 64-bit counts,
 * the integers and the numbers (core-run.test.ts writes it), goes through every function of the kernel, and prints one line
 * for each: a name, its code, and the numbers that it gave. What is refused ends the run with the line "refused CODE CHECK".
 */
#include "../../worker/engines/fused/core/exports.hpp"
#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

extern "C" const loligo::Kernel* LOLIGO_KERNEL();

extern "C" void* loligo_take_block(size_t bytes) {
  void* block = nullptr;
  if (bytes > (size_t{1} << 32) || posix_memalign(&block, 64, bytes) != 0) return nullptr;
  std::memset(block, 0, bytes);
  return block;
}

extern "C" void loligo_free_block(void* block, size_t) { std::free(block); }

namespace {

void print(const char* name, int code, const std::vector<double>& numbers) {
  std::printf("%s %d", name, code);
  for (double number : numbers) std::printf(" %.17g", number);
  std::printf("\n");
}

template <typename T> bool readAll(std::FILE* file, std::vector<T>& into, int64_t count) {
  into.resize(static_cast<size_t>(count));
  return std::fread(into.data(), sizeof(T), into.size(), file) == into.size();
}

void train(const loligo::Kernel& kernel, loligo::CohortHandle* cohort, int replica, std::vector<double> theta) {
  const size_t n = theta.size();
  std::vector<double> first(n), second(n), factors(3, 1.0), terms(3), trace(64);
  const std::vector<double> stage = {40, 1e-3, 5, 5, 1, 10, 1};
  print("setTheta", kernel.setTheta(cohort, replica, theta.data(), n), {});
  print("setMoments", kernel.setMoments(cohort, replica, first.data(), second.data(), n), {});
  print("setFactors", kernel.setFactors(cohort, replica, factors.data(), 3), {});
  print("adam", kernel.adam(cohort, replica, stage.data(), stage.size(), 0, 20, terms.data(), nullptr, 0), terms);
  print("getTheta", kernel.getTheta(cohort, replica, theta.data(), n), theta);
  print("getMoments", kernel.getMoments(cohort, replica, first.data(), second.data(), n), {});
  print("getFactors", kernel.getFactors(cohort, replica, factors.data(), 3), factors);
}

void differentiate(const loligo::Kernel& kernel, loligo::CohortHandle* cohort, int replica, std::vector<double> theta, int points) {
  const size_t n = theta.size();
  std::vector<double> gradient(n), terms(3), step(n), factor(1), predicted(1);
  print("gradient32", kernel.gradient32(cohort, replica, theta.data(), n, 1, gradient.data(), terms.data()), gradient);
  print("evaluate", kernel.evaluate(cohort, replica, theta.data(), n, -1, terms.data()), terms);
  print("refresh", kernel.refresh(cohort, replica, factor.data()), factor);
  print("gradient", kernel.gradient(cohort, replica, 1, gradient.data(), n), gradient);
  print("linearise", kernel.linearise(cohort, replica, 1), {});
  print("solve", kernel.solve(cohort, replica, 1e-3, step.data(), n, predicted.data()), predicted);
  print("projected", kernel.evaluate(cohort, replica, theta.data(), n, 1, terms.data()), terms);
  print("wrongLength", kernel.gradient(cohort, replica, 1, gradient.data(), n - 1), {});
  print("wrongReplica", kernel.gradient(cohort, 1 << 20, 1, gradient.data(), n), {});
  std::vector<double> states(static_cast<size_t>(points) * 64), parameters(64);
  for (size_t rows = 1; rows < 64; rows++)
    for (size_t count = 0; count < 64; count++)
      if (kernel.reconstruct(cohort, replica, states.data(), rows * static_cast<size_t>(points), parameters.data(), count) == loligo::ok)
        print("reconstruct", static_cast<int>(rows), {states.begin(), states.begin() + points});
}

} // namespace

int main(int argc, char** argv) {
  std::FILE* file = argc == 2 ? std::fopen(argv[1], "rb") : nullptr;
  std::vector<int64_t> counts;
  std::vector<int32_t> ints;
  std::vector<double> reals;
  if (file == nullptr || !readAll(file, counts, 2) || !readAll(file, ints, counts[0]) || !readAll(file, reals, counts[1])) return 2;
  std::fclose(file);
  const loligo::Kernel& kernel = *LOLIGO_KERNEL();
  loligo::CohortHandle* cohort = nullptr;
  int detail = 0;
  const int code = kernel.open(ints.data(), ints.size(), reals.data(), reals.size(), &cohort, &detail);
  if (code != loligo::ok) return std::printf("refused %d %d\n", code, detail), 0;
  std::printf("open %s %d\n", kernel.isa, kernel.size(cohort));
  for (int replica = 0; replica < kernel.size(cohort); replica++) {
    std::vector<double> theta(static_cast<size_t>(kernel.thetaSize(cohort)));
    kernel.getTheta(cohort, replica, theta.data(), theta.size());
    differentiate(kernel, cohort, replica, theta, ints[3]);
    train(kernel, cohort, replica, theta);
  }
  kernel.close(cohort);
  return 0;
}
