/**
 * Tape<float> and Tape<double> against a plain interpreter of the same programs: random straight-line programs over every opcode, scalars
 * and varying inputs mixed, registers read once and often, outputs that are inputs or constants, every block size.
 */
#include "../../../../../worker/engines/fused/core/tape.hpp"
#include "program.hpp"
#include <cmath>
#include <vector>

using namespace loligo;

namespace {

constexpr int32_t VARYING = 5, SCALARS = 4, SLOTS = VARYING + SCALARS, OUTPUTS = 7;

struct Random : test::Random {
  uint32_t below(uint32_t n) { return uint32_t(test::Random::uniform() * n); }
  double uniform(double low, double high) { return low + (high - low) * test::Random::uniform(); }
};

struct Generated {
  std::vector<int32_t> code, outputs;
  std::vector<double> constants;
  Program view() const {
    return {code.data(), int32_t(code.size() / 3), constants.data(), int32_t(constants.size()), outputs.data(), int32_t(outputs.size())};
  }
};

/** Values stay near 1, so that errors stay small: every other instruction takes a value back with tanh or adds constants. */
Generated generate(Random& random, int length) {
  Generated program;
  const auto push = [&](Opcode op, int32_t a, int32_t b) {
    program.code.insert(program.code.end(), {int32_t(op), a, b});
    return int32_t(program.code.size() / 3) - 1;
  };
  for (int32_t slot = 0; slot < SLOTS; slot++) push(Opcode::input, slot, 0);
  push(Opcode::input, 0, 0);
  for (double value : {1.0, 2.5, -0.75, 0.0}) {
    program.constants.push_back(value);
    push(Opcode::constant, int32_t(program.constants.size()) - 1, 0);
  }
  for (int i = 0; i < length; i++) {
    const int32_t n = int32_t(program.code.size() / 3);
    // recent registers more often: chains, and values that die soon
    const auto any = [&] {
      return random.below(3) == 0 ? int32_t(random.below(uint32_t(n))) : n - 1 - int32_t(random.below(uint32_t(std::min(n, 6))));
    };
    // arguments of what grows, and divisors, are made safe first: tanh, and 2.5 + tanh
    const int32_t safe = push(Opcode::tanh, any(), 0);
    const int32_t positive = push(Opcode::add, safe, 11);
    switch (random.below(12)) {
    case 0:
      push(Opcode::power, safe, int32_t(1 + random.below(7)));
      break;
    case 1:
      push(Opcode::div, any(), positive);
      push(Opcode::div, any(), positive);
      break;
    case 2:
      push(Opcode::exp, safe, 0);
      break;
    case 3:
      push(Opcode::log, positive, 0);
      break;
    case 4:
      push(Opcode::sqrt, positive, 0);
      break;
    case 5:
      push(Opcode::sinh, safe, 0);
      break;
    case 6:
      push(Opcode::cosh, safe, 0);
      break;
    case 7:
      push(Opcode::exprel, safe, 0);
      break;
    case 8:
      push(Opcode::exprelSlope, safe, 0);
      break;
    case 9:
      push(Opcode::neg, any(), 0);
      break;
    default: {
      const Opcode first = Opcode(3 + random.below(3)), second = Opcode(3 + random.below(3));
      const int32_t inner = push(first, any(), safe);
      if (random.below(2) == 0)
        push(second, inner, positive);
      else
        push(second, positive, inner);
      push(Opcode::tanh, n + 3, 0);
    }
    }
  }
  const uint32_t n = uint32_t(program.code.size() / 3);
  for (int k = 0; k < OUTPUTS - 2; k++) program.outputs.push_back(int32_t(n - 1 - random.below(std::min(n, 12u))));
  program.outputs.push_back(int32_t(random.below(SLOTS)));
  program.outputs.push_back(12);
  return program;
}

double plain(Opcode op, double a, double b) {
  switch (op) {
  case Opcode::add:
    return a + b;
  case Opcode::sub:
    return a - b;
  case Opcode::mul:
    return a * b;
  case Opcode::div:
    return a / b;
  case Opcode::neg:
    return -a;
  case Opcode::exp:
    return std::exp(a);
  case Opcode::log:
    return std::log(a);
  case Opcode::sqrt:
    return std::sqrt(a);
  case Opcode::tanh:
    return std::tanh(a);
  case Opcode::sinh:
    return std::sinh(a);
  case Opcode::cosh:
    return std::cosh(a);
  case Opcode::exprel:
    return a == 0 ? 1 : std::expm1(a) / a;
  default: {
    double sum = 0, term = 1;
    for (int k = 0; k < 30; k++, term *= a / k) sum += term / (k + 2);
    return sum;
  }
  }
}

/** All registers at one point. */
std::vector<double> interpret(const Program& program, const double* slots) {
  std::vector<double> value;
  for (int32_t i = 0; i < program.length; i++) {
    const int32_t *at = program.code + 3 * i, a = at[1], b = at[2];
    const Opcode op = Opcode(at[0]);
    if (op == Opcode::input)
      value.push_back(slots[a]);
    else if (op == Opcode::constant)
      value.push_back(program.constants[a]);
    else if (op == Opcode::power)
      value.push_back(std::pow(value[size_t(a)], b));
    else
      value.push_back(plain(op, value[size_t(a)], isBinary(op) ? value[size_t(b)] : 0));
  }
  return value;
}

template <typename T> test::Property errors(const char* name, double bound) {
  Random random;
  test::Property property{name, bound};
  const auto broken = [&](const char* where) {
    property.see(INFINITY, where);
    return property;
  };
  for (int round = 0; round < 400; round++) {
    const Generated generated = generate(random, 1 + round % 60);
    const Program program = generated.view();
    if (!isValid(program, SLOTS, OUTPUTS)) return broken("a valid program is refused");
    Arena arena;
    Tape<T> tape;
    const int most = 1 + round % Tape<T>::BLOCK;
    if (!tape.open(arena, program, SLOTS, VARYING, most)) return broken("a tape does not open");
    double slots[SLOTS];
    for (int32_t s = VARYING; s < SLOTS; s++) slots[s] = random.uniform(-1.5, 1.5);
    tape.hoist(slots + VARYING);
    // twice, on fewer vectors the second time: nothing may be left over from a run
    for (int vectors = most; vectors > 0; vectors -= larger(1, most / 2)) {
      const int points = vectors * LANES<T>;
      std::vector<std::vector<double>> inputs(VARYING, std::vector<double>(size_t(points), 0));
      for (int32_t s = 0; s < VARYING; s++)
        for (int i = 0; i < points; i++) {
          const T value = T(random.uniform(-1.5, 1.5));
          inputs[size_t(s)][size_t(i)] = double(value);
          if (T* row = tape.input(s); row != nullptr) row[i] = value;
        }
      tape.run(vectors);
      for (int i = 0; i < points; i++) {
        for (int32_t s = 0; s < VARYING; s++) slots[s] = inputs[size_t(s)][size_t(i)];
        const std::vector<double> value = interpret(program, slots);
        for (int32_t k = 0; k < OUTPUTS; k++) {
          const double want = value[size_t(program.outputs[k])];
          const double error = std::fabs(double(tape.output(k)[i]) - want) / std::fmax(1, std::fabs(want));
          property.see(error, "round " + std::to_string(round));
        }
      }
    }
  }
  return property;
}

} // namespace

int main() {
  // errors of some dozens of instructions on values of about 1, some of which amplify theirs
  return test::finish({errors<float>("tape, float", 5e-6), errors<double>("tape, double", 1e-14)});
}
