/**
 * Inferred parameters and free initial gates: from numbers of theta to values in the model's units and back, in double, as layout.ts has
 * it. A parameter is centre + half tanh(theta), its exponential if positive; a free initial gate lies at the logistic function of its theta
 * as a share of its range.
 */
#pragma once

#include "gate_range.hpp"
#include "tape.hpp"

namespace loligo::inline LOLIGO_ISA {

/** tanh(theta) of the values next to a range's ends. */
inline constexpr double INNERMOST = 0.95;

struct Parameter {
  double centre, half;
  bool positive;

  static Parameter of(const ParameterRange& range) {
    const double low = range.positive ? scalarUnary(Opcode::log, range.low) : range.low;
    const double high = range.positive ? scalarUnary(Opcode::log, range.high) : range.high;
    return {(low + high) / 2, (high - low) / 2, range.positive};
  }
  double value(double theta) const {
    const double scaled = centre + half * scalarUnary(Opcode::tanh, theta);
    return positive ? scalarUnary(Opcode::exp, scaled) : scaled;
  }
  /** d value / d theta */
  double slope(double theta) const {
    const double u = scalarUnary(Opcode::tanh, theta);
    const double slope = half * (1 - u * u);
    return positive ? slope * value(theta) : slope;
  }
  /** A value at or beyond an end of the range is taken to just inside it. */
  double theta(double value) const {
    const double u = ((positive ? scalarUnary(Opcode::log, value) : value) - centre) / half;
    const double inside = u > INNERMOST ? INNERMOST : u < -INNERMOST ? -INNERMOST : u;
    return scalarUnary(Opcode::log, (1 + inside) / (1 - inside)) / 2;
  }
  /** The ends that `theta` can represent. */
  double low() const { return value(-scalarUnary(Opcode::log, (1 + INNERMOST) / (1 - INNERMOST)) / 2); }
  double high() const { return value(scalarUnary(Opcode::log, (1 + INNERMOST) / (1 - INNERMOST)) / 2); }
};

inline double gateOf(double theta) { return sigmoid<double>(broadcast<double>(theta))[0]; }

/** Values and slopes at one theta; `values` are what the tapes' scalar slots take: inferred [P], then the others [F]. */
class Parameters {
public:
  bool open(Arena& arena, const HeadShape& shape, const double* others) {
    inferred_ = shape.programs.inferred;
    freeGates_ = shape.freeGates;
    parameter_ = arena.take<Parameter>(inferred_);
    values_ = arena.take<double>(inferred_ + shape.programs.others);
    slopes_ = arena.take<double>(inferred_ + freeGates_);
    gates_ = arena.take<double>(freeGates_);
    ranges_ = arena.take<GateRange>(freeGates_);
    if (arena.exhausted()) return false;
    for (int32_t p = 0; p < inferred_; p++) parameter_[p] = Parameter::of(shape.ranges[p]);
    for (int32_t g = 0; g < shape.programs.gates; g++)
      for (int32_t s = 0; shape.freeGate[g] >= 0 && s < shape.segments; s++)
        ranges_[shape.initialPlace(shape.freeGate[g], s)] = shape.gateRanges[g];
    for (int32_t f = 0; f < shape.programs.others; f++) values_[inferred_ + f] = others[f];
    return true;
  }

  /** `tail` = theta + parameterOffset: parameters, then free initial gates. */
  void set(const double* tail) {
    for (int32_t p = 0; p < inferred_; p++) {
      values_[p] = parameter_[p].value(tail[p]);
      slopes_[p] = parameter_[p].slope(tail[p]);
    }
    for (int32_t z = 0; z < freeGates_; z++) {
      const double share = gateOf(tail[inferred_ + z]);
      const ShareOfRange<double> of(ranges_[z]);
      const Vector<double> gate = ranges_[z].plain() ? broadcast<double>(share) : of.value(broadcast<double>(share));
      gates_[z] = gate[0];
      slopes_[inferred_ + z] = of.slope(gate)[0] * (share * (1 - share));
    }
  }

  const Parameter& parameter(int32_t p) const { return parameter_[p]; }
  const double* values() const { return values_; }
  /** d value / d theta of parameters [P], then of free initial gates [Z]. */
  const double* slopes() const { return slopes_; }
  double initialGate(int32_t z) const { return gates_[z]; }

private:
  int32_t inferred_ = 0, freeGates_ = 0;
  Parameter* parameter_ = nullptr;
  double* values_ = nullptr;
  double* slopes_ = nullptr;
  double* gates_ = nullptr;
  GateRange* ranges_ = nullptr; // of each free initial gate
};

} // namespace loligo::inline LOLIGO_ISA
