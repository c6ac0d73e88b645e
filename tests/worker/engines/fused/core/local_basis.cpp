/**
 * The local basis against the sines and cosines themselves, by libm: at its samples and anywhere between them, for harmonics and
 * frequencies at random, from a single time to stretches of many cycles; and that it is as small as it has to be to be worth it.
 */
#include "../../../../../worker/engines/fused/core/local_basis.hpp"
#include "program.hpp"
#include <cmath>

using namespace loligo;
using test::Property;
using test::Random;

namespace {

Property values{"sines and cosines by the basis, over 1", 1e-7};
Property rates{"their rates, over the RMS of the frequencies", 2e-7};
Property small{"ranks beyond those expected", 0};
Property itself{"without a gain the basis is the sines and cosines themselves", 0};

struct Case {
  std::string name;
  std::vector<double> omega;
  double reach;
  int samples;
  /** Odd and even together. */
  int expected;
};

/** The value, or rate, of frequency k from a row of the basis. */
double product(const LocalBasis<double>& basis, int parity, const double* row, int k, int count) {
  double sum = 0;
  for (int i = 0; i < basis.rank(parity); i++) sum += row[i] * basis.matrix(parity)[i * count + k];
  return sum;
}

void check(const Case& c, Random& random) {
  Arena arena;
  LocalBasis<double> basis;
  Harmonics at;
  const int count = int(c.omega.size());
  std::vector<double> omega(c.omega), row(count);
  omega.resize(count + LANES<double>);
  if (!basis.open(arena, omega.data(), count, c.reach, c.samples, 2 * count) || !at.open(arena, count)) std::exit(2);
  small.see(std::max(0, basis.rank(ODD) + basis.rank(EVEN) - c.expected), c.name);
  double square = 1e-30;
  for (double w : c.omega) square += w * w / count;
  for (int i = 0; i < 40; i++) {
    const double tau = i < c.samples ? c.reach * (i + 0.5) / (c.samples - 0.5) : c.reach * random.symmetric();
    at.fill(omega.data(), count, tau);
    for (int parity : {ODD, EVEN}) {
      basis.write(parity, at.value[parity], row.data());
      for (int k = 0; k < count; k++) {
        const double phase = omega[k] * tau;
        values.see(std::fabs(product(basis, parity, row.data(), k, count) - (parity == ODD ? std::sin(phase) : std::cos(phase))), c.name);
      }
      basis.write(parity, at.rate[parity], row.data());
      for (int k = 0; k < count; k++) {
        const double phase = omega[k] * tau, rate = omega[k] * (parity == ODD ? std::cos(phase) : -std::sin(phase));
        rates.see(std::fabs(product(basis, parity, row.data(), k, count) - rate) / std::sqrt(square), c.name);
      }
    }
  }
}

std::vector<double> harmonics(int count, double highest) {
  std::vector<double> omega;
  for (int k = 1; k <= count; k++) omega.push_back(2 * M_PI * highest * k / count);
  return omega;
}

std::vector<double> normal(int count, double deviation, Random& random) {
  std::vector<double> omega;
  for (int k = 0; k < count; k++)
    omega.push_back(2 * M_PI * deviation * std::sqrt(-2 * std::log(1 - random.uniform())) * std::cos(2 * M_PI * random.uniform()));
  return omega;
}

void checkFull() {
  Arena arena;
  LocalBasis<double> basis;
  std::vector<double> omega = harmonics(12, 0.5);
  omega.resize(12 + LANES<double>);
  if (!basis.open(arena, omega.data(), 12, 20, 32, 20)) std::exit(2);
  const double row[12] = {1, 2, 3};
  double to[12] = {};
  basis.write(EVEN, row, to);
  const bool same = !basis.reduced() && basis.rank(ODD) == 12 && basis.rank(EVEN) == 12 && to[2] == 3 && basis.matrix(ODD) == nullptr;
  itself.see(same ? 0 : 1, "twelve harmonics over twenty cycles");
}

} // namespace

int main() {
  Random random;
  check({"W1", harmonics(32, 0.5), 31.5 * 50 / 511, 32, 19}, random);
  check({"W2", harmonics(32, 0.5), 31.5 * 50 / 1023, 32, 14}, random);
  check({"64 random", normal(64, 0.2, random), 3, 32, 30}, random);
  // what local_features.hpp takes on an uneven grid
  check({"random and few samples", normal(20, 0.1, random), 0.4, 8, 8}, random);
  check({"as many samples as radians", harmonics(32, 0.5), 2.5, 7 + 8, 18}, random);
  check({"long", normal(33, 0.2, random), 30, 160, 66}, random);
  check({"one time", harmonics(9, 0.5), 0, 1, 2}, random);
  check({"one frequency", harmonics(1, 0.5), 3, 32, 2}, random);
  check({"no frequency but 0", {0, 0, 0}, 3, 32, 1}, random);
  checkFull();
  return test::finish({values, rates, small, itself});
}
