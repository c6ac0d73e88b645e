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

/** One gate that reads another: dx[j+1] also has before[j] dy[j] + after[j] dy[j+1]. Null where it does not. */
template <typename T> struct ReadSlopes {
  T* before = nullptr;
  T* after = nullptr;
};

template <typename T> struct IntegratedGate {
  GateRecurrence<T> recurrence;
  /** Place among a segment's free initial gates; -1: x starts at the steady state of the segment's first V. */
  int32_t free = -1;
  AtNodes<T> inf, rate;
  /**
   * Partials of both by V, by each gate that others read, by each inferred parameter in the model's units; grid == nullptr where there is
   * no dependence. [1 + D + P]
   */
  AtNodes<T>*infBy = nullptr, *rateBy = nullptr;
  /** d x[j+1] / d V at start, middle and end of the step, at fixed x[j]. */
  T* voltageSlope[3] = {};
  double initialVoltageSlope = 0;
  /** d x[j+1] and d x(0) by each inferred parameter; null where there is no dependence. [P] */
  T** parameterSlope = nullptr;
  double* initialParameterSlope = nullptr;
  /** By the gates that it reads. [D] */
  ReadSlopes<T>* readSlope = nullptr;
  bool reads = false;
  /** Where others read it: x in the middles, and the partials of dx/dt at the grid by x and as infBy, [1 + D + P], null where 0. */
  T* middle = nullptr;
  T* slopeByX = nullptr;
  T** slopeBy = nullptr;
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
    if (readCount() > 0) steady_.hoist(parameters_.values());
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
    if (readCount() > 0) return evaluateInOrder(slopes);
    ratesAtNodes(slopes);
    for (int32_t g = 0; g < gateCount(); g++) {
      integrate(gates[g]);
      if (slopes) linearise(gates[g]);
    }
  }

  /** Slopes at the state last evaluated without them. */
  void linearise() {
    ratesAtNodes(true);
    for (int32_t g = 0; g < gateCount(); g++) linearise(gates[g]);
  }

  /**
   * Adjoints of the gates, xBar [G][paddedArray], added to those of V and d:V, of the parameters' values [P] and of free initial gates [Z].
   * V and dV bars are by mV and mV/ms. Where gates read others, xBar of those is added to.
   */
  void pull(T* const* xBar, T* VBar, T* dVBar, double* parameterBar, double* gateBar);

  /** Whether a gate moves with the inferred parameter. */
  bool dependOn(int32_t parameter) const {
    for (int32_t g = 0; g < gateCount(); g++)
      if (gates[g].parameterSlope[parameter] != nullptr) return true;
    return false;
  }

  int32_t gateCount() const { return shape_->programs.gates; }
  /** Gates that others read. */
  int32_t readCount() const { return shape_->programs.read; }
  int points() const { return points_; }
  Parameters& parameters() { return parameters_; }
  const Parameters& parameters() const { return parameters_; }

  T* V = nullptr; // V + 40 mV [M]
  T* dV = nullptr;
  T* stepMs = nullptr; // [M - 1], 0 where the next segment begins, then 0
  IntegratedGate<T>* gates = nullptr;

private:
  /** Values of the rates' programs at the grid and in the middles. */
  void ratesAtNodes(bool slopes) {
    if (gateCount() == 0) return;
    run(slopes, V, points_, &AtNodes<T>::grid);
    run(slopes, middle_, points_ - 1, &AtNodes<T>::middle);
  }

  /** Gates that read others, after those: their rates are run once what they read is known. */
  void evaluateInOrder(bool slopes) {
    steadyStates();
    ratesAtNodes(false);
    for (int32_t g = 0; g < gateCount(); g++) {
      if (gates[g].reads) ratesAtNodes(false);
      integrate(gates[g]);
      if (gates[g].middle != nullptr) fillMiddle(gates[g]);
    }
    if (slopes) linearise();
  }

  /** steadyValue_ [G (2 + P)][segments]: the outputs of `steady` at the segments' first V. */
  void steadyStates() {
    for (int32_t s = 0; s < shape_->segments; s++) {
      if (T* row = steady_.input(0); row != nullptr) store<T>(row, broadcast<T>(V[starts_[s]] + T(VOLTAGE_CENTRE)));
      steady_.run(1);
      for (int32_t k = 0; k < steady_.outputCount(); k++) steadyValue_[k * shape_->segments + s] = double(steady_.output(k)[0]);
    }
  }

  double steadyAt(int32_t gate, int32_t segment) const { return steadyValue_[gate * shape_->segments + segment]; }
  /** By V (0) or an inferred parameter (1 + p). */
  double steadyBy(int32_t gate, int32_t by, int32_t segment) const {
    return steadyValue_[(gateCount() + gate * (1 + shape_->programs.inferred) + by) * shape_->segments + segment];
  }

  void integrate(IntegratedGate<T>& gate) {
    const auto initial = [&](int32_t segment) {
      if (gate.free >= 0) return parameters_.initialGate(shape_->initialPlace(gate.free, segment));
      return gate.reads ? steadyAt(int32_t(&gate - gates), segment) : double(gate.inf.grid[starts_[segment]]);
    };
    gate.recurrence.integrate(initial, starts_, shape_->segments, gate.inf, gate.rate);
    repeatLast(gate.recurrence.x);
  }

  /** By Hermite's cubic, as V; dx/dt = rate (inf - x). */
  void fillMiddle(IntegratedGate<T>& gate) {
    const T* x = gate.recurrence.x;
    const auto slope = [&](int j) { return load<T>(gate.rate.grid + j) * (load<T>(gate.inf.grid + j) - load<T>(x + j)); };
    for (int j = 0; j < points_ - 1; j += LANES<T>)
      store<T>(gate.middle + j,
               (load<T>(x + j) + load<T>(x + j + 1)) * T(0.5) + load<T>(stepMs + j) * (slope(j) - slope(j + 1)) * T(0.125));
    for (int64_t p = points_ - 1; p < paddedArray<T>(points_); p++) gate.middle[p] = gate.middle[points_ - 2];
  }

  void run(bool slopes, const T* voltage, int count, T* AtNodes<T>::* part);
  void linearise(IntegratedGate<T>& gate);
  void lineariseReads(IntegratedGate<T>& gate);
  void lineariseSlope(IntegratedGate<T>& gate);

  void repeatLast(T* values) const {
    for (int64_t p = points_; p < paddedArray<T>(points_); p++) values[p] = values[points_ - 1];
  }

  const HeadShape* shape_ = nullptr;
  int points_ = 0;
  const int32_t* order_ = nullptr;
  const int32_t* starts_ = nullptr; // first point of each segment
  Parameters parameters_;
  Tape<T> rates_, rateSlopes_, steady_;
  double* steadyValue_ = nullptr;
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
  starts_ = recording.starts;
  const ProgramShape& sizes = shape.programs;
  const int32_t G = sizes.gates, D = sizes.read, P = sizes.inferred, W = 1 + D + P;
  const int64_t size = paddedArray<T>(points_);
  if (!parameters_.open(arena, shape, recording.others)) return false;
  T** arrays[] = {&V, &dV, &stepMs, &driven_, &drivenRate_, &middle_, &driveBar_, &startBar_, &middleBar_, &endBar_};
  for (T** array : arrays) *array = arena.take<T>(size);
  none_ = {arena.take<T>(size), arena.take<T>(size)};
  gates = arena.take<IntegratedGate<T>>(G);
  outputs_ = arena.take<AtNodes<T>*>(2 * G * (1 + W));
  steadyValue_ = arena.take<double>(int64_t{sizes.outputs(ProgramRole::steady)} * shape.segments);
  if (arena.exhausted()) return false;
  for (int j = 0; j < points_; j++) {
    driven_[j] = T(recording.drivenMv[j]);
    drivenRate_[j] = T(recording.drivenRate[j]);
  }
  for (int j = 0; j + 1 < points_; j++) stepMs[j] = T(recording.gridMs[j + 1] - recording.gridMs[j]);
  for (int32_t s = 1; s < shape.segments; s++) stepMs[starts_[s] - 1] = 0;
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
    gate.infBy = arena.take<AtNodes<T>>(W);
    gate.rateBy = arena.take<AtNodes<T>>(W);
    gate.readSlope = arena.take<ReadSlopes<T>>(D);
    gate.slopeBy = arena.take<T*>(W);
    gate.parameterSlope = arena.take<T*>(P);
    gate.initialParameterSlope = arena.take<double>(P);
    if (!gate.recurrence.open(arena, points_, stepMs)) return false;
    nodes(gate.inf, 2 * g);
    nodes(gate.rate, 2 * g + 1);
    for (int32_t k = 0; k < W; k++) {
      nodes(gate.infBy[k], 2 * G + 2 * g * W + k);
      nodes(gate.rateBy[k], 2 * G + (2 * g + 1) * W + k);
    }
    const auto dependsOn = [&](int32_t k) { return gate.infBy[k].grid != nullptr || gate.rateBy[k].grid != nullptr; };
    // only on gates before it: the description's programs promise no more
    for (int32_t d = 0; d < D && shape.read[d] < g; d++)
      if (dependsOn(1 + d)) gate.reads = true;
    for (int32_t p = 0; p < P; p++)
      if (dependsOn(1 + D + p) || gate.reads) gate.parameterSlope[p] = arena.take<T>(size);
    // by way of a gate that it reads it depends on those that that one reads
    for (int32_t d = 0; gate.reads && d < D && shape.read[d] < g; d++) gate.readSlope[d] = {arena.take<T>(size), arena.take<T>(size)};
    for (int32_t d = 0; d < D; d++) {
      if (shape.read[d] != g) continue;
      gate.middle = arena.take<T>(size);
      gate.slopeByX = arena.take<T>(size);
      for (int32_t k = 0; k < W; k++)
        if (dependsOn(k) && (k == 0 || k > D || shape.read[k - 1] < g)) gate.slopeBy[k] = arena.take<T>(size);
    }
    for (T*& slope : gate.voltageSlope) slope = arena.take<T>(size);
    if (arena.exhausted()) return false;
  }
  if (G == 0) return true;
  const int vectors = smaller(padded<T>(points_) / LANES<T>, Tape<T>::BLOCK);
  return rates_.open(arena, shape.program[static_cast<int>(ProgramRole::rates)], sizes.slots(), sizes.firstScalar(), vectors) &&
         rateSlopes_.open(arena, program, sizes.slots(), sizes.firstScalar(), vectors) &&
         (D == 0 || steady_.open(arena, shape.program[static_cast<int>(ProgramRole::steady)], sizes.slots(), sizes.firstScalar(), 1));
}

template <typename T> void IntegratedGates<T>::run(bool slopes, const T* voltage, int count, T* AtNodes<T>::* part) {
  Tape<T>& tape = slopes ? rateSlopes_ : rates_;
  const int end = padded<T>(count), block = smaller(padded<T>(points_), Tape<T>::BLOCK * LANES<T>);
  for (int first = 0; first < end; first += block) {
    const int size = smaller(block, end - first);
    if (T* V = tape.input(0); V != nullptr)
      for (int i = 0; i < size; i += LANES<T>) store<T>(V + i, load<T>(voltage + first + i) + T(VOLTAGE_CENTRE));
    for (int32_t d = 0; d < readCount(); d++) {
      const IntegratedGate<T>& gate = gates[shape_->read[d]];
      const T* x = (part == &AtNodes<T>::grid ? gate.recurrence.x : gate.middle) + first;
      if (T* row = tape.input(1 + shape_->read[d]); row != nullptr)
        for (int i = 0; i < size; i += LANES<T>) store<T>(row + i, load<T>(x + i));
    }
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
  const int32_t D = readCount(), g = int32_t(&gate - gates);
  gate.recurrence.linearise(gate.inf, gate.rate, starts_, shape_->segments, gate.free < 0 && !gate.reads);
  for (int32_t k = 0; k <= shape_->programs.inferred; k++) {
    const int32_t by = k == 0 ? 0 : D + k;
    T* const slope = k == 0 ? gate.voltageSlope[0] : gate.parameterSlope[k - 1];
    const bool steady = gate.free < 0 && gate.infBy[by].grid != nullptr;
    double& initial = k == 0 ? gate.initialVoltageSlope : gate.initialParameterSlope[k - 1];
    initial = steady ? double(gate.infBy[by].grid[0]) : 0;
    if (gate.reads) initial = gate.free < 0 ? steadyBy(g, k, 0) : 0;
    if (slope == nullptr) continue;
    const AtNodes<T> inf = gate.infBy[by].grid == nullptr ? none_ : gate.infBy[by],
                     rate = gate.rateBy[by].grid == nullptr ? none_ : gate.rateBy[by];
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
  if (gate.reads) lineariseReads(gate);
  if (gate.middle != nullptr) lineariseSlope(gate);
}

/** What moves a gate that it reads moves it too: at the nodes at once, in the middle by way of that one's x and slope at either end. */
template <typename T> void IntegratedGates<T>::lineariseReads(IntegratedGate<T>& gate) {
  const GateRecurrence<T>& recurrence = gate.recurrence;
  const int32_t D = readCount(), P = shape_->programs.inferred, g = int32_t(&gate - gates);
  for (int32_t d = 0; d < D && shape_->read[d] < g; d++)
    for (int64_t j = 0; j < paddedArray<T>(points_); j++) gate.readSlope[d].before[j] = gate.readSlope[d].after[j] = 0;
  for (int32_t d = 0; d < D && shape_->read[d] < g; d++) {
    if (gate.infBy[1 + d].grid == nullptr && gate.rateBy[1 + d].grid == nullptr) continue;
    const IntegratedGate<T>& other = gates[shape_->read[d]];
    const AtNodes<T> inf = gate.infBy[1 + d].grid == nullptr ? none_ : gate.infBy[1 + d],
                     rate = gate.rateBy[1 + d].grid == nullptr ? none_ : gate.rateBy[1 + d];
    for (int j = 0; j < points_ - 1; j += LANES<T>) {
      const auto through = [&](int node, const T* infBy, const T* rateBy) {
        return load<T>(recurrence.infSlope[node] + j) * load<T>(infBy + j) + load<T>(recurrence.rateSlope[node] + j) * load<T>(rateBy + j);
      };
      const auto add = [&](T* to, Vector<T> value) { store<T>(to + j, load<T>(to + j) + value); };
      const Vector<T> middle = through(1, inf.middle, rate.middle), eighth = middle * load<T>(stepMs + j) * T(0.125);
      add(gate.readSlope[d].before, through(0, inf.grid, rate.grid) + middle * T(0.5) + eighth * load<T>(other.slopeByX + j));
      add(gate.readSlope[d].after, through(2, inf.grid + 1, rate.grid + 1) + middle * T(0.5) - eighth * load<T>(other.slopeByX + j + 1));
      for (int32_t k = 0; k < 1 + D + P; k++) {
        if (other.slopeBy[k] == nullptr) continue;
        const Vector<T> before = eighth * load<T>(other.slopeBy[k] + j), after = eighth * load<T>(other.slopeBy[k] + j + 1);
        if (k > D) {
          add(gate.parameterSlope[k - 1 - D], before - after);
          continue;
        }
        add(k == 0 ? gate.voltageSlope[0] : gate.readSlope[k - 1].before, before);
        add(k == 0 ? gate.voltageSlope[2] : gate.readSlope[k - 1].after, -after);
      }
    }
  }
  // a later segment starts at the steady state of its V
  for (int32_t s = 1; gate.free < 0 && s < shape_->segments; s++) {
    const int32_t j = starts_[s] - 1;
    gate.voltageSlope[2][j] = T(steadyBy(g, 0, s));
    for (int32_t p = 0; p < P; p++) gate.parameterSlope[p][j] = T(steadyBy(g, 1 + p, s));
  }
}

/** Partials of dx/dt = rate (inf - x) at the grid. */
template <typename T> void IntegratedGates<T>::lineariseSlope(IntegratedGate<T>& gate) {
  const T* x = gate.recurrence.x;
  for (int32_t k = 0; k < 1 + readCount() + shape_->programs.inferred; k++) {
    if (gate.slopeBy[k] == nullptr) continue;
    const T* infBy = gate.infBy[k].grid == nullptr ? none_.grid : gate.infBy[k].grid;
    const T* rateBy = gate.rateBy[k].grid == nullptr ? none_.grid : gate.rateBy[k].grid;
    for (int j = 0; j < points_; j += LANES<T>)
      store<T>(gate.slopeBy[k] + j,
               load<T>(gate.rate.grid + j) * load<T>(infBy + j) + (load<T>(gate.inf.grid + j) - load<T>(x + j)) * load<T>(rateBy + j));
    repeatLast(gate.slopeBy[k]);
  }
  for (int j = 0; j < points_; j += LANES<T>) store<T>(gate.slopeByX + j, -load<T>(gate.rate.grid + j));
  repeatLast(gate.slopeByX);
}

template <typename T> void IntegratedGates<T>::pull(T* const* xBar, T* VBar, T* dVBar, double* parameterBar, double* gateBar) {
  const int steps = points_ - 1;
  T* const bars[] = {startBar_, middleBar_, endBar_};
  for (T* bar : bars)
    for (int j = 0; j < steps; j += LANES<T>) store<T>(bar + j, Vector<T>{});
  for (int32_t i = 0; i < gateCount(); i++) {
    // who reads comes before whom it reads
    const int32_t g = readCount() == 0 ? i : gateCount() - 1 - i;
    const IntegratedGate<T>& gate = gates[g];
    const double initialBar = gate.recurrence.adjoint(xBar[g], driveBar_);
    for (int j = 0; j < steps; j += LANES<T>) {
      const Vector<T> bar = load<T>(driveBar_ + j);
      store<T>(startBar_ + j, load<T>(startBar_ + j) + bar * load<T>(gate.voltageSlope[0] + j));
      store<T>(middleBar_ + j, load<T>(middleBar_ + j) + bar * load<T>(gate.voltageSlope[1] + j));
      store<T>(endBar_ + j, load<T>(endBar_ + j) + bar * load<T>(gate.voltageSlope[2] + j));
    }
    for (int32_t d = 0; gate.reads && d < readCount() && shape_->read[d] < g; d++) {
      T* bar = xBar[shape_->read[d]];
      for (int j = 0; j < steps; j++) {
        bar[j] += driveBar_[j] * gate.readSlope[d].before[j];
        bar[j + 1] += driveBar_[j] * gate.readSlope[d].after[j];
      }
    }
    VBar[0] += T(initialBar * gate.initialVoltageSlope);
    for (int32_t p = 0; p < shape_->programs.inferred; p++) {
      if (gate.parameterSlope[p] != nullptr) parameterBar[p] += innerProduct(driveBar_, gate.parameterSlope[p], steps);
      parameterBar[p] += initialBar * gate.initialParameterSlope[p];
    }
    if (gate.free >= 0) {
      gateBar[gate.free] += initialBar;
      for (int32_t s = 1; s < shape_->segments; s++) gateBar[shape_->initialPlace(gate.free, s)] += double(driveBar_[starts_[s] - 1]);
    }
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
