/**
 * V along the grid, and every gate integrated along it, with slopes and adjoints: what Adam's loss and the head of double share in the
 * formulation `states: integrated` (reference/integrated-head.ts). V is held shifted,
 * 40 o + driven voltage = V + 40 mV, but where rates are computed.
 *
 * M points in the grid's order; nodes are the grid and the middles of its steps, where V is the cubic Hermite interpolant
 * (V[j] + V[j+1]) / 2 + step (dV[j] - dV[j+1]) / 8. All arrays are paddedArray<T>(M).
 */
#pragma once

#include "gate_recurrence.hpp"
#include "parameters.hpp"

namespace loligo::inline LOLIGO_ISA {

template <typename T> struct IntegratedGate {
  GateRecurrence<T> recurrence;
  /** Place among the free initial gates; -1: x(0) is the steady state at V(0). */
  int32_t free = -1;
  AtNodes<T> inf, rate;
  /** Partials of both by V, then by each inferred parameter in the model's units; grid == nullptr where there is no dependence. [1 + P] */
  AtNodes<T>*infBy = nullptr, *rateBy = nullptr;
  /** d x[j+1] / d V at start, middle and end of the step, at fixed x[j]. */
  T* voltageSlope[3] = {};
  double initialVoltageSlope = 0;
  /** d x[j+1] and d x(0) by each inferred parameter; null where there is no dependence. [P] */
  T** parameterSlope = nullptr;
  double* initialParameterSlope = nullptr;
};

template <typename T> class IntegratedGates {
public:
  bool open(Arena& arena, const HeadShape& shape, const Recording& recording, const int32_t* order);

  /** Take theta's tail. */
  void set(const double* tail) {
    parameters_.set(tail);
    if (gateCount() == 0) return;
    rates_.hoist(parameters_.values());
    rateSlopes_.hoist(parameters_.values());
  }

  /** Read V from a network forwarded over all points, and integrate. `slopes`: linearise too. */
  template <typename Net> void evaluate(Net& network, bool slopes) {
    for (int i = 0; i < points_; i++) {
      const int p = order_ == nullptr ? i : order_[i];
      V[p] = network.out(0)[i] * T(VOLTAGE_SCALE) + driven_[p];
      dV[p] = network.dOut(0)[i] * T(VOLTAGE_SCALE) + drivenRate_[p];
    }
    // beyond the end the last point repeats
    for (int64_t p = points_; p < paddedArray<T>(points_); p++) {
      V[p] = V[points_ - 1];
      dV[p] = dV[points_ - 1];
    }
    for (int j = 0; j < points_; j += LANES<T>) {
      const Vector<T> mean = (load<T>(V + j) + load<T>(V + j + 1)) * T(0.5);
      store<T>(middle_ + j, mean + load<T>(stepMs + j) * (load<T>(dV + j) - load<T>(dV + j + 1)) * T(0.125));
    }
    ratesAtNodes(slopes);
    for (int32_t g = 0; g < gateCount(); g++) {
      IntegratedGate<T>& gate = gates[g];
      gate.recurrence.integrate(gate.free < 0 ? double(gate.inf.grid[0]) : parameters_.initialGate(gate.free), gate.inf, gate.rate);
      repeatLast(gate.recurrence.x);
      if (slopes) linearise(gate);
    }
  }

  /** Slopes at the state last evaluated without them. */
  void linearise() {
    ratesAtNodes(true);
    for (int32_t g = 0; g < gateCount(); g++) linearise(gates[g]);
  }

  /**
   * Adjoints of the gates, xBar [G][paddedArray], added to those of V and d:V, of the parameters' values [P] and of free initial gates [Z].
   * V and dV bars are by mV and mV/ms.
   */
  void pull(const T* const* xBar, T* VBar, T* dVBar, double* parameterBar, double* gateBar);

  /** Whether a gate moves with the inferred parameter. */
  bool dependOn(int32_t parameter) const {
    for (int32_t g = 0; g < gateCount(); g++)
      if (gates[g].parameterSlope[parameter] != nullptr) return true;
    return false;
  }

  int32_t gateCount() const { return shape_->programs.gates; }
  int points() const { return points_; }
  Parameters& parameters() { return parameters_; }
  const Parameters& parameters() const { return parameters_; }

  T* V = nullptr; // V + 40 mV [M]
  T* dV = nullptr;
  T* stepMs = nullptr; // [M - 1], then 0
  IntegratedGate<T>* gates = nullptr;

private:
  /** Values of the rates' programs at the grid and in the middles. */
  void ratesAtNodes(bool slopes) {
    if (gateCount() == 0) return;
    run(slopes, V, points_, &AtNodes<T>::grid);
    run(slopes, middle_, points_ - 1, &AtNodes<T>::middle);
  }

  void run(bool slopes, const T* voltage, int count, T* AtNodes<T>::* part);
  void linearise(IntegratedGate<T>& gate);

  void repeatLast(T* values) const {
    for (int64_t p = points_; p < paddedArray<T>(points_); p++) values[p] = values[points_ - 1];
  }

  const HeadShape* shape_ = nullptr;
  int points_ = 0;
  const int32_t* order_ = nullptr;
  Parameters parameters_;
  Tape<T> rates_, rateSlopes_;
  T *driven_ = nullptr, *drivenRate_ = nullptr; // [M]
  T* middle_ = nullptr;
  AtNodes<T>** outputs_ = nullptr; // where each output of rateSlopes goes; null: it is 0
  AtNodes<T> none_;                // zeros
  T *driveBar_ = nullptr, *startBar_ = nullptr, *middleBar_ = nullptr, *endBar_ = nullptr;
};

/** Whether an output is the constant 0. */
inline bool isZero(const Program& program, int32_t output) {
  const int32_t* instruction = program.code + 3 * program.outputs[output];
  return instruction[0] == static_cast<int32_t>(Opcode::constant) && program.constants[instruction[1]] == 0;
}

template <typename T>
bool IntegratedGates<T>::open(Arena& arena, const HeadShape& shape, const Recording& recording, const int32_t* order) {
  shape_ = &shape;
  points_ = shape.points;
  order_ = order;
  const ProgramShape& sizes = shape.programs;
  const int32_t G = sizes.gates, P = sizes.inferred;
  const int64_t size = paddedArray<T>(points_);
  if (!parameters_.open(arena, shape, recording.others)) return false;
  T** arrays[] = {&V, &dV, &stepMs, &driven_, &drivenRate_, &middle_, &driveBar_, &startBar_, &middleBar_, &endBar_};
  for (T** array : arrays) *array = arena.take<T>(size);
  none_ = {arena.take<T>(size), arena.take<T>(size)};
  gates = arena.take<IntegratedGate<T>>(G);
  outputs_ = arena.take<AtNodes<T>*>(2 * G * (2 + P));
  if (arena.exhausted()) return false;
  for (int j = 0; j < points_; j++) {
    driven_[j] = T(recording.drivenMv[j]);
    drivenRate_[j] = T(recording.drivenRate[j]);
  }
  for (int j = 0; j + 1 < points_; j++) stepMs[j] = T(recording.gridMs[j + 1] - recording.gridMs[j]);
  const Program& program = shape.program[static_cast<int>(ProgramRole::rateSlopes)];
  const auto nodes = [&](AtNodes<T>& values, int32_t output) {
    outputs_[output] = nullptr;
    if (output >= 2 * G && isZero(program, output)) return;
    values = {arena.take<T>(size), arena.take<T>(size)};
    outputs_[output] = &values;
  };
  for (int32_t g = 0; g < G; g++) {
    IntegratedGate<T>& gate = gates[g];
    gate = IntegratedGate<T>{};
    gate.free = shape.freeGate[g];
    gate.infBy = arena.take<AtNodes<T>>(1 + P);
    gate.rateBy = arena.take<AtNodes<T>>(1 + P);
    gate.parameterSlope = arena.take<T*>(P);
    gate.initialParameterSlope = arena.take<double>(P);
    if (!gate.recurrence.open(arena, points_, stepMs)) return false;
    nodes(gate.inf, 2 * g);
    nodes(gate.rate, 2 * g + 1);
    for (int32_t k = 0; k <= P; k++) {
      nodes(gate.infBy[k], 2 * G + 2 * g * (1 + P) + k);
      nodes(gate.rateBy[k], 2 * G + (2 * g + 1) * (1 + P) + k);
      if (k > 0 && (gate.infBy[k].grid != nullptr || gate.rateBy[k].grid != nullptr)) gate.parameterSlope[k - 1] = arena.take<T>(size);
    }
    for (T*& slope : gate.voltageSlope) slope = arena.take<T>(size);
    if (arena.exhausted()) return false;
  }
  if (G == 0) return true;
  const int vectors = smaller(padded<T>(points_) / LANES<T>, Tape<T>::BLOCK);
  return rates_.open(arena, shape.program[static_cast<int>(ProgramRole::rates)], sizes.slots(), sizes.firstScalar(), vectors) &&
         rateSlopes_.open(arena, program, sizes.slots(), sizes.firstScalar(), vectors);
}

template <typename T> void IntegratedGates<T>::run(bool slopes, const T* voltage, int count, T* AtNodes<T>::* part) {
  Tape<T>& tape = slopes ? rateSlopes_ : rates_;
  const int end = padded<T>(count), block = smaller(padded<T>(points_), Tape<T>::BLOCK * LANES<T>);
  for (int first = 0; first < end; first += block) {
    const int size = smaller(block, end - first);
    if (T* V = tape.input(0); V != nullptr)
      for (int i = 0; i < size; i += LANES<T>) store<T>(V + i, load<T>(voltage + first + i) + T(VOLTAGE_CENTRE));
    tape.run(size / LANES<T>);
    for (int32_t k = 0; k < tape.outputCount(); k++) {
      if (outputs_[k] == nullptr) continue;
      T* to = outputs_[k]->*part + first;
      for (int i = 0; i < size; i += LANES<T>) store<T>(to + i, load<T>(tape.output(k) + i));
    }
  }
  // the steps' rule reads a point beyond
  for (int32_t k = 0; k < tape.outputCount(); k++)
    if (outputs_[k] != nullptr)
      for (int64_t p = count; p < paddedArray<T>(points_); p++) (outputs_[k]->*part)[p] = (outputs_[k]->*part)[count - 1];
}

template <typename T> void IntegratedGates<T>::linearise(IntegratedGate<T>& gate) {
  const GateRecurrence<T>& recurrence = gate.recurrence;
  gate.recurrence.linearise(gate.inf, gate.rate);
  for (int32_t k = 0; k <= shape_->programs.inferred; k++) {
    T* const slope = k == 0 ? gate.voltageSlope[0] : gate.parameterSlope[k - 1];
    const bool steady = gate.free < 0 && gate.infBy[k].grid != nullptr;
    (k == 0 ? gate.initialVoltageSlope : gate.initialParameterSlope[k - 1]) = steady ? double(gate.infBy[k].grid[0]) : 0;
    if (slope == nullptr) continue;
    const AtNodes<T> inf = gate.infBy[k].grid == nullptr ? none_ : gate.infBy[k],
                     rate = gate.rateBy[k].grid == nullptr ? none_ : gate.rateBy[k];
    for (int j = 0; j < points_ - 1; j += LANES<T>) {
      const auto through = [&](int node, const T* infBy, const T* rateBy) {
        return load<T>(recurrence.infSlope[node] + j) * load<T>(infBy + j) + load<T>(recurrence.rateSlope[node] + j) * load<T>(rateBy + j);
      };
      const Vector<T> start = through(0, inf.grid, rate.grid), middle = through(1, inf.middle, rate.middle),
                      end = through(2, inf.grid + 1, rate.grid + 1);
      store<T>(slope + j, k == 0 ? start : start + middle + end);
      if (k > 0) continue;
      store<T>(gate.voltageSlope[1] + j, middle);
      store<T>(gate.voltageSlope[2] + j, end);
    }
  }
}

template <typename T> void IntegratedGates<T>::pull(const T* const* xBar, T* VBar, T* dVBar, double* parameterBar, double* gateBar) {
  const int steps = points_ - 1;
  T* const bars[] = {startBar_, middleBar_, endBar_};
  for (T* bar : bars)
    for (int j = 0; j < steps; j += LANES<T>) store<T>(bar + j, Vector<T>{});
  for (int32_t g = 0; g < gateCount(); g++) {
    const IntegratedGate<T>& gate = gates[g];
    const double initialBar = gate.recurrence.adjoint(xBar[g], driveBar_);
    for (int j = 0; j < steps; j += LANES<T>) {
      const Vector<T> bar = load<T>(driveBar_ + j);
      store<T>(startBar_ + j, load<T>(startBar_ + j) + bar * load<T>(gate.voltageSlope[0] + j));
      store<T>(middleBar_ + j, load<T>(middleBar_ + j) + bar * load<T>(gate.voltageSlope[1] + j));
      store<T>(endBar_ + j, load<T>(endBar_ + j) + bar * load<T>(gate.voltageSlope[2] + j));
    }
    VBar[0] += T(initialBar * gate.initialVoltageSlope);
    for (int32_t p = 0; p < shape_->programs.inferred; p++) {
      if (gate.parameterSlope[p] != nullptr) parameterBar[p] += innerProduct(driveBar_, gate.parameterSlope[p], steps);
      parameterBar[p] += initialBar * gate.initialParameterSlope[p];
    }
    if (gate.free >= 0) gateBar[gate.free] += initialBar;
  }
  // driveBar is 0 beyond the last step, and so are the three
  for (int j = 0; j < steps; j += LANES<T>) {
    const Vector<T> middle = load<T>(middleBar_ + j);
    store<T>(VBar + j, load<T>(VBar + j) + load<T>(startBar_ + j) + middle * T(0.5));
    store<T>(dVBar + j, load<T>(dVBar + j) + load<T>(stepMs + j) * middle * T(0.125));
  }
  for (int j = 0; j < steps; j += LANES<T>) {
    const Vector<T> middle = load<T>(middleBar_ + j);
    store<T>(VBar + j + 1, load<T>(VBar + j + 1) + load<T>(endBar_ + j) + middle * T(0.5));
    store<T>(dVBar + j + 1, load<T>(dVBar + j + 1) - load<T>(stepMs + j) * middle * T(0.125));
  }
}

} // namespace loligo::inline LOLIGO_ISA
