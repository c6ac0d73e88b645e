/**
 * Loss and adjoints with `states: integrated`, over all points at once, in the arithmetic of Adam: the network gives V, the gates are
 * integrated along it (integrated_gates.hpp), and the residuals are the current balance and the data.
 */
#pragma once

#include "collocation.hpp"
#include "integrated_gates.hpp"
#include "projection.hpp"

namespace loligo::inline LOLIGO_ISA {

template <typename T> class IntegratedLoss {
public:
  bool open(Arena& arena, const HeadShape& shape, const Recording& recording, const int32_t* order, int) {
    shape_ = &shape;
    order_ = order;
    const ProgramShape& sizes = shape.programs;
    const int64_t size = paddedArray<T>(shape.points);
    if (!gates_.open(arena, shape, recording, order) || !points_.open(arena, shape, recording, nullptr)) return false;
    block_ = smaller(padded<T>(shape.points) / LANES<T>, Tape<T>::BLOCK);
    const int32_t slots = sizes.slots(), first = sizes.firstScalar();
    if (!loss_.open(arena, shape.program[static_cast<int>(ProgramRole::loss)], slots, first, block_)) return false;
    if (!linear_.open(arena, shape.program[static_cast<int>(ProgramRole::linear)], slots, first, block_)) return false;
    VBar_ = arena.take<T>(size);
    dVBar_ = arena.take<T>(size);
    xBar_ = arena.take<T*>(sizes.gates);
    parameterBar_ = arena.take<double>(sizes.inferred);
    gateBar_ = arena.take<double>(shape.freeGates);
    for (int32_t g = 0; g < sizes.gates && !arena.exhausted(); g++) xBar_[g] = arena.take<T>(size);
    return !arena.exhausted();
  }

  Parameters& parameters() { return gates_.parameters(); }

  /** Take theta's tail for a network that is forwarded anew. */
  void set(const double* tail) {
    take(tail);
    integrated_ = false;
  }

  /** The same for the network as it stands, after projection: gates that do not depend on what was projected stay. */
  void setProjected(const double* tail) {
    take(tail);
    for (int32_t k = 0; k < shape_->programs.linear; k++)
      if (gates_.dependOn(shape_->projected[k])) integrated_ = false;
  }

  void begin(const TermWeights& weights) {
    weights_ = weights;
    terms_ = Terms{};
    square_ = 0;
    for (int32_t p = 0; p < shape_->programs.inferred; p++) parameterBar_[p] = 0;
    for (int32_t z = 0; z < shape_->freeGates; z++) gateBar_[z] = 0;
  }

  /** All points, which `network` was just forwarded to; fills its adjoints. */
  template <typename Net> void accumulate(Net& network, int, int count) {
    integrate(network);
    for (int first = 0; first < count; first += block_ * LANES<T>) {
      const int vectors = padded<T>(smaller(count - first, block_ * LANES<T>)) / LANES<T>;
      readStates(loss_, first, vectors);
      if (T* factor = loss_.input(shape_->programs.factorSlot()); factor != nullptr)
        for (int i = 0; i < vectors * LANES<T>; i += LANES<T>)
          store<T>(factor + i, load<T>(points_.currentWeight + first + i) * T(2 * weights_.current));
      loss_.run(vectors);
      takeBlock(first, vectors);
    }
    gates_.pull(xBar_, VBar_, dVBar_, parameterBar_, gateBar_);
    for (int i = 0; i < count; i++) {
      const int p = order_ == nullptr ? i : order_[i];
      network.outBar(0)[i] = VBar_[p] * T(VOLTAGE_SCALE);
      network.dOutBar(0)[i] = dVBar_[p] * T(VOLTAGE_SCALE);
    }
  }

  template <typename Net> void project(Net& network, int, int count, Projection& projection) {
    integrate(network);
    for (int first = 0; first < count; first += block_ * LANES<T>) {
      const int valid = smaller(count - first, block_ * LANES<T>), vectors = padded<T>(valid) / LANES<T>;
      readStates(linear_, first, vectors);
      linear_.run(vectors);
      projection.add(linear_, points_.currentWeight + first, valid);
    }
  }

  const Terms& terms() const { return terms_; }
  double meanSquare() const { return square_ * DATA_SCALE_MV * DATA_SCALE_MV; }

  void gradient(double* tail) const {
    const double* slopes = gates_.parameters().slopes();
    const int32_t P = shape_->programs.inferred;
    for (int32_t p = 0; p < P; p++) tail[p] = parameterBar_[p] * slopes[p];
    for (int32_t z = 0; z < shape_->freeGates; z++) tail[P + z] = gateBar_[z] * slopes[P + z];
  }

private:
  void take(const double* tail) {
    gates_.set(tail);
    loss_.hoist(parameters().values());
    if (linear_.outputCount() > 0) linear_.hoist(parameters().values());
  }

  template <typename Net> void integrate(Net& network) {
    if (!integrated_) gates_.evaluate(network, true);
    integrated_ = true;
  }

  void readStates(Tape<T>& tape, int first, int vectors) {
    const ProgramShape& sizes = shape_->programs;
    const auto copy = [&](int32_t slot, const T* from, T shift) {
      if (T* row = tape.input(slot); row != nullptr)
        for (int i = 0; i < vectors * LANES<T>; i += LANES<T>) store<T>(row + i, load<T>(from + first + i) + shift);
    };
    copy(0, gates_.V, T(VOLTAGE_CENTRE));
    for (int32_t g = 0; g < sizes.gates; g++) copy(1 + g, gates_.gates[g].recurrence.x, T(0));
    copy(sizes.rateSlot(), gates_.dV, T(0));
    copy(sizes.currentSlot(), points_.current, T(0));
  }

  void takeBlock(int first, int vectors) {
    const ProgramShape& sizes = shape_->programs;
    const int32_t R = sizes.rows, S = sizes.states();
    const T dataFactor = T(2 * weights_.data);
    DataSums<T> data;
    Vector<T> current{};
    for (int i = 0; i < vectors * LANES<T>; i += LANES<T>) {
      const int p = first + i;
      const Vector<T> weight = load<T>(points_.currentWeight + p), residual = load<T>(loss_.output(0) + i);
      current += weight > T(0) ? weight * residual * residual : Vector<T>{};
      const Vector<T> dataBar =
          dataTerm<T>(load<T>(gates_.V + p), load<T>(points_.target + p), load<T>(points_.dataWeight + p), points_.huber, data) *
          dataFactor;
      store<T>(VBar_ + p, load<T>(loss_.output(R) + i) + dataBar);
      store<T>(dVBar_ + p, load<T>(loss_.output(R + S) + i));
      for (int32_t g = 0; g < sizes.gates; g++) store<T>(xBar_[g] + p, load<T>(loss_.output(R + 1 + g) + i));
    }
    terms_.data += double(sumOfLanes<T>(data.loss));
    square_ += double(sumOfLanes<T>(data.square));
    terms_.current += double(sumOfLanes<T>(current));
    for (int32_t q = 0; q < sizes.inferred; q++) {
      const T* bar = loss_.output(R + S + R + q);
      Vector<T> sum{};
      for (int i = 0; i < vectors * LANES<T>; i += LANES<T>) sum += load<T>(bar + i);
      parameterBar_[q] += double(sumOfLanes<T>(sum));
    }
  }

  const HeadShape* shape_ = nullptr;
  const int32_t* order_ = nullptr;
  Collocation<T> points_;
  IntegratedGates<T> gates_;
  Tape<T> loss_, linear_;
  int block_ = 1;
  bool integrated_ = false;
  TermWeights weights_;
  Terms terms_;
  double square_ = 0;
  T *VBar_ = nullptr, *dVBar_ = nullptr; // [paddedArray]
  T** xBar_ = nullptr;                   // [G][paddedArray]
  double *parameterBar_ = nullptr, *gateBar_ = nullptr;
};

} // namespace loligo::inline LOLIGO_ISA
