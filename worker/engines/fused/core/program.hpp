/**
 * A straight-line program as the description carries it (worker/models/program.ts): a view, checked before it is used.
 *
 * Instruction i is three integers {opcode, a, b} and gives register i; operands are earlier registers.
 *   input: a = slot.  constant: a = index into `constants`.  power: a = register, b = exponent >= 1.  neg .. exprelSlope: a = register.
 *   add, sub, mul, div: a, b = registers.  Unused fields are 0.
 *
 * PROGRAMS of a shape, in this order, and their outputs, in this order. G gates, S = 1 + G states (V, then the gates), P inferred
 * parameters (theta's order), F other parameters (model's order without the inferred), R rows of residuals: S with states `network`
 * (residual:V, residual:<gate> ...), 1 with `integrated` (residual:V). K parameters that can be projected out, K <= P. D gates that the
 * rates of later gates read (0 with states `network`). 0 residuals   residual [R] 1 loss        residual [R], adjoint:<state> [S],
 * adjoint:d:<state of row> [R], adjoint:<inferred> [P], where the adjoint of residual:V is factor:current * residual:V, and of
 * residual:<gate> factor:gates * residual:<gate> (loss-program.ts) 2 jacobian    [R][S + 1 + P]: partial of each residual by each state, by
 * its own state's d:, by each inferred parameter 3 linear      constant, slope:<name> [K] of residual:V (linear.ts); empty (length 0, no
 * outputs) when K = 0 4 rates       inf:<gate>, rate:<gate> alternating [2 G]; integrated only, else empty. Run at nodes: V, parameters and
 * the D gates are read 5 rateSlopes  the 2 G outputs of `rates`, then for each of them in the same order its partials by V, by each gate
 * that others read and by each inferred [2 G][1 + D + P]; integrated only, else empty 6 steady      steady:<gate> [G], then for each its
 * partials by V and by each inferred [G][1 + P]; empty when D = 0. Reads V and parameters SLOTS, the same for every program: 0 .. S-1
 * states (V in mV, gates) | S .. S+R-1 d:<state of row> | S+R  I | S+R+1 factor:current | S+R+2 factor:gates   differ by point; S+R+3 ..
 * inferred parameters [P], then the others [F], in the model's units                                        are scalars.
 */
#pragma once

#include "isa.hpp"

namespace loligo::inline LOLIGO_ISA {

enum class Opcode : int32_t {
  input = 0,
  constant = 1,
  power = 2,
  add = 3,
  sub = 4,
  mul = 5,
  div = 6,
  neg = 7,
  exp = 8,
  log = 9,
  sqrt = 10,
  tanh = 11,
  sinh = 12,
  cosh = 13,
  exprel = 14,
  exprelSlope = 15,
};

struct Program {
  const int32_t* code = nullptr; // [length][3]
  int32_t length = 0;
  const double* constants = nullptr;
  int32_t constantCount = 0;
  const int32_t* outputs = nullptr; // registers, [outputCount]
  int32_t outputCount = 0;
};

enum class ProgramRole { residuals = 0, loss = 1, jacobian = 2, linear = 3, rates = 4, rateSlopes = 5, steady = 6 };
inline constexpr int32_t PROGRAM_COUNT = 7;

/** How many numbers a program's sides have; see PROGRAMS and SLOTS above. */
struct ProgramShape {
  int32_t gates = 0;    // G
  int32_t rows = 0;     // R
  int32_t inferred = 0; // P
  int32_t others = 0;   // F
  int32_t linear = 0;   // K
  int32_t read = 0;     // D
  bool integrated = false;

  constexpr int32_t states() const { return 1 + gates; }
  constexpr int32_t rateSlot() const { return states(); }
  constexpr int32_t currentSlot() const { return states() + rows; }
  constexpr int32_t factorSlot() const { return currentSlot() + 1; } // factor:current, then factor:gates
  constexpr int32_t firstScalar() const { return currentSlot() + 3; }
  constexpr int32_t slots() const { return firstScalar() + inferred + others; }

  constexpr int32_t outputs(ProgramRole role) const {
    switch (role) {
    case ProgramRole::residuals:
      return rows;
    case ProgramRole::loss:
      return rows + states() + rows + inferred;
    case ProgramRole::jacobian:
      return rows * (states() + 1 + inferred);
    case ProgramRole::linear:
      return linear == 0 ? 0 : 1 + linear;
    case ProgramRole::rates:
      return integrated ? 2 * gates : 0;
    case ProgramRole::rateSlopes:
      return integrated ? 2 * gates * (2 + read + inferred) : 0;
    case ProgramRole::steady:
      return read > 0 ? gates * (2 + inferred) : 0;
    }
    return 0;
  }
};

/** Whether a program can be executed: known opcodes, operands before their use, slots and constants in range, exponents from 1 to 4096. */
inline bool isValid(const Program& program, int32_t slots, int32_t outputs) {
  if (program.length < 0 || program.outputCount != outputs || program.constantCount < 0) return false;
  for (int32_t i = 0; i < program.length; i++) {
    const int32_t op = program.code[3 * i], a = program.code[3 * i + 1], b = program.code[3 * i + 2];
    const bool earlier = a >= 0 && a < i;
    switch (static_cast<Opcode>(op)) {
    case Opcode::input:
      if (a < 0 || a >= slots) return false;
      break;
    case Opcode::constant:
      if (a < 0 || a >= program.constantCount) return false;
      break;
    case Opcode::power:
      if (!earlier || b < 1 || b > 4096) return false;
      break;
    case Opcode::add:
    case Opcode::sub:
    case Opcode::mul:
    case Opcode::div:
      if (!earlier || b < 0 || b >= i) return false;
      break;
    default:
      if (op < static_cast<int32_t>(Opcode::neg) || op > static_cast<int32_t>(Opcode::exprelSlope) || !earlier) return false;
    }
  }
  for (int32_t k = 0; k < outputs; k++)
    if (program.outputs[k] < 0 || program.outputs[k] >= program.length) return false;
  return true;
}

} // namespace loligo::inline LOLIGO_ISA
