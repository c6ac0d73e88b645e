/**
 * Loss and adjoints with `states: network`, tile by tile, in the arithmetic of Adam: the network gives V and every gate, and each state has
 * a residual of its own at each point (reference/network-head.ts). V = -40 + 40 o + driven voltage; a gate is x = (1 + tanh o) / 2,
 * dx/dt = 2 x (1 - x) do/dt.
 */
#pragma once

#include "collocation.hpp"
#include "gate_range.hpp"
#include "projection.hpp"

namespace loligo::inline LOLIGO_ISA {

template <typename T> class NetworkLoss {
public:
  /** `tile`: most points of a call, as Network::tile(). */
  bool open(Arena& arena, const HeadShape& shape, const Recording& recording, const int32_t* order, int tile) {
    shape_ = &shape;
    const ProgramShape& sizes = shape.programs;
    const int vectors = smaller(padded<T>(tile) / LANES<T>, Tape<T>::BLOCK);
    if (!points_.open(arena, shape, recording, order) || !parameters_.open(arena, shape, recording.others)) return false;
    const int32_t slots = sizes.slots(), first = sizes.firstScalar();
    if (!loss_.open(arena, shape.program[static_cast<int>(ProgramRole::loss)], slots, first, vectors)) return false;
    if (!linear_.open(arena, shape.program[static_cast<int>(ProgramRole::linear)], slots, first, vectors)) return false;
    block_ = vectors;
    const int64_t row = int64_t{vectors} * LANES<T>;
    slope_ = arena.take<T>(sizes.states() * row);
    rateSlope_ = arena.take<T>(sizes.states() * row);
    parameterSum_ = arena.take<Vector<T>>(sizes.inferred);
    parameterBar_ = arena.take<double>(sizes.inferred);
    return !arena.exhausted();
  }

  Parameters& parameters() { return parameters_; }

  /** Take theta's tail; call before anything else at a theta. */
  void set(const double* tail) {
    parameters_.set(tail);
    loss_.hoist(parameters_.values());
    if (linear_.outputCount() > 0) linear_.hoist(parameters_.values());
  }

  /** The same after projection. */
  void setProjected(const double* tail) { set(tail); }

  /** Begin sums over points. `weights`: factors of the terms in the loss whose adjoints are wanted. */
  void begin(const TermWeights& weights) {
    weights_ = weights;
    terms_ = Terms{};
    square_ = 0;
    for (int32_t p = 0; p < shape_->programs.inferred; p++) parameterBar_[p] = 0;
  }

  /** Add the points of slots [first, first + count), that `network` was just forwarded to, and fill its adjoints there. */
  template <typename Net> void accumulate(Net& network, int first, int count) {
    Sums sums;
    for (int32_t p = 0; p < shape_->programs.inferred; p++) parameterSum_[p] = Vector<T>{};
    for (int offset = 0; offset < count; offset += block_ * LANES<T>) {
      const int valid = smaller(count - offset, block_ * LANES<T>);
      readStates(loss_, network, first, offset, valid);
      readFactors(first + offset, vectorsOf(valid));
      loss_.run(vectorsOf(valid));
      writeBars(network, first, offset, vectorsOf(valid), sums);
    }
    terms_.data += double(sumOfLanes<T>(sums.data.loss));
    square_ += double(sumOfLanes<T>(sums.data.square));
    terms_.current += double(sumOfLanes<T>(sums.current));
    terms_.gates += double(sumOfLanes<T>(sums.gates));
    for (int32_t p = 0; p < shape_->programs.inferred; p++) parameterBar_[p] += double(sumOfLanes<T>(parameterSum_[p]));
  }

  /** Add the points' share of the linear least-squares problem, at the states that `network` gives there. */
  template <typename Net> void project(Net& network, int first, int count, Projection& projection) {
    for (int offset = 0; offset < count; offset += block_ * LANES<T>) {
      const int valid = smaller(count - offset, block_ * LANES<T>);
      readStates(linear_, network, first, offset, valid);
      linear_.run(vectorsOf(valid));
      projection.add(linear_, points_.currentWeight + first + offset, valid);
    }
  }

  const Terms& terms() const { return terms_; }
  /** Mean square of V - data, mV^2. */
  double meanSquare() const { return square_ * DATA_SCALE_MV * DATA_SCALE_MV; }

  /** Writes theta's tail of the gradient. */
  void gradient(double* tail) const {
    for (int32_t p = 0; p < shape_->programs.inferred; p++) tail[p] = parameterBar_[p] * parameters_.slopes()[p];
  }

private:
  struct Sums {
    DataSums<T> data;
    Vector<T> current{}, gates{};
  };

  static int vectorsOf(int points) { return padded<T>(points) / LANES<T>; }

  /** Lanes from `valid` on repeat the last valid one. */
  static void fillTail(T* row, int valid) {
    for (int i = valid; i < padded<T>(valid); i++) row[i] = row[valid - 1];
  }

  static void put(T* row, int i, Vector<T> value) {
    if (row != nullptr) store<T>(row + i, value);
  }

  template <typename Net> void readStates(Tape<T>& tape, Net& network, int first, int offset, int valid) {
    const ProgramShape& sizes = shape_->programs;
    const int end = padded<T>(valid), row = block_ * LANES<T>;
    for (int32_t k = 0; k < sizes.states(); k++) {
      const T* out = network.out(k) + offset;
      const T* dOut = network.dOut(k) + offset;
      T* state = tape.input(k);
      T* rate = tape.input(sizes.rateSlot() + k);
      for (int i = 0; i < end; i += LANES<T>) {
        const Vector<T> o = load<T>(out + i), dO = load<T>(dOut + i);
        if (k == 0) {
          put(state, i, o * T(VOLTAGE_SCALE) + load<T>(points_.driven + first + offset + i) + T(VOLTAGE_CENTRE));
          put(rate, i, dO * T(VOLTAGE_SCALE) + load<T>(points_.drivenRate + first + offset + i));
          continue;
        }
        const StateOfOutput<T> gate = stateOfOutput<T>(shape_->gateRanges[k - 1], o, dO);
        put(state, i, gate.state);
        put(rate, i, gate.rate);
        store<T>(slope_ + k * row + i, gate.slope);
        store<T>(rateSlope_ + k * row + i, gate.rateSlope);
      }
      if (end == valid) continue;
      if (state != nullptr) fillTail(state, valid);
      if (rate != nullptr) fillTail(rate, valid);
    }
    T* current = tape.input(sizes.currentSlot());
    for (int i = 0; i < end; i += LANES<T>) put(current, i, load<T>(points_.current + first + offset + i));
  }

  void readFactors(int first, int vectors) {
    T* current = loss_.input(shape_->programs.factorSlot());
    T* gates = loss_.input(shape_->programs.factorSlot() + 1);
    const T currentFactor = T(2 * weights_.current), gatesFactor = T(2 * weights_.gates);
    for (int i = 0; i < vectors * LANES<T>; i += LANES<T>) {
      put(current, i, load<T>(points_.currentWeight + first + i) * currentFactor);
      put(gates, i, load<T>(points_.gatesWeight + first + i) * gatesFactor);
    }
  }

  template <typename Net> void writeBars(Net& network, int first, int offset, int vectors, Sums& sums) {
    const ProgramShape& sizes = shape_->programs;
    const int32_t S = sizes.states(), R = sizes.rows, row = block_ * LANES<T>;
    const T dataFactor = T(2 * weights_.data);
    for (int i = 0; i < vectors * LANES<T>; i += LANES<T>) {
      const int p = first + offset + i;
      const Vector<T> weight = load<T>(points_.currentWeight + p), gatesWeight = load<T>(points_.gatesWeight + p);
      const Vector<T> residual = load<T>(loss_.output(0) + i);
      sums.current += weight > T(0) ? weight * residual * residual : Vector<T>{};
      for (int32_t g = 1; g < R; g++) {
        const Vector<T> gate = load<T>(loss_.output(g) + i);
        sums.gates += gatesWeight > T(0) ? gatesWeight * gate * gate : Vector<T>{};
      }
      const Vector<T> shifted = load<T>(network.out(0) + offset + i) * T(VOLTAGE_SCALE) + load<T>(points_.driven + p);
      const Vector<T> dataBar =
          dataTerm<T>(shifted, load<T>(points_.target + p), load<T>(points_.dataWeight + p), points_.huber, sums.data) * dataFactor;
      store<T>(network.outBar(0) + offset + i, (load<T>(loss_.output(R) + i) + dataBar) * T(VOLTAGE_SCALE));
      store<T>(network.dOutBar(0) + offset + i, load<T>(loss_.output(R + S) + i) * T(VOLTAGE_SCALE));
      for (int32_t k = 1; k < S; k++) {
        const Vector<T> bar = load<T>(loss_.output(R + k) + i), rateBar = load<T>(loss_.output(R + S + k) + i);
        const Vector<T> slope = load<T>(slope_ + k * row + i);
        store<T>(network.outBar(k) + offset + i, slope * bar + load<T>(rateSlope_ + k * row + i) * rateBar);
        store<T>(network.dOutBar(k) + offset + i, slope * rateBar);
      }
    }
    for (int32_t q = 0; q < sizes.inferred; q++) {
      const T* bar = loss_.output(R + S + R + q);
      Vector<T> sum = parameterSum_[q];
      for (int i = 0; i < vectors * LANES<T>; i += LANES<T>) sum += load<T>(bar + i);
      parameterSum_[q] = sum;
    }
  }

  const HeadShape* shape_ = nullptr;
  Collocation<T> points_;
  Parameters parameters_;
  Tape<T> loss_, linear_;
  int block_ = 1;
  T* slope_ = nullptr;     // d x / d o, [S][block]
  T* rateSlope_ = nullptr; // d (dx/dt) / d o at fixed do/dt
  TermWeights weights_;
  Terms terms_;
  double square_ = 0;
  Vector<T>* parameterSum_ = nullptr;
  double* parameterBar_ = nullptr;
};

} // namespace loligo::inline LOLIGO_ISA
