/**
 * Residuals with `states: integrated` in double, with their derivatives: reference/integrated-head.ts. The network gives V alone and must
 * keep all points in the grid's order; a perturbation of V reaches a residual directly and through every gate, which remembers V before it.
 *
 * M points; arrays over points are paddedArray<double>(M), rows of residuals contiguous (residual_rows.hpp).
 */
#pragma once

#include "double_head.hpp"
#include "integrated_gates.hpp"
#include "projection.hpp"

namespace loligo::inline LOLIGO_ISA {

class IntegratedHead {
public:
  bool open(Arena& arena, const HeadShape& shape, const Recording& recording, size_t parameterOffset) {
    shape_ = &shape;
    const ProgramShape& sizes = shape.programs;
    const int32_t G = sizes.gates, P = sizes.inferred, Z = shape.freeGates;
    const int64_t size = paddedArray<double>(shape.points);
    block_ = smaller(padded<double>(shape.points) / LANES<double>, Tape<double>::BLOCK);
    if (!gates_.open(arena, shape, recording, nullptr) || !rows_.open(arena, shape, recording)) return false;
    if (!tapes_.open(arena, shape, block_)) return false;
    double** arrays[] = {&slopeV_, &slopeDV_, &VBar_, &dVBar_, &drive_, &x_};
    for (double** array : arrays) *array = arena.take<double>(size);
    current_ = paddedCurrent(arena, shape, recording);
    residualSlope_ = takeRows(arena, G, size);
    xBar_ = takeRows(arena, G, size);
    parameterPartial_ = takeRows(arena, P, size);
    columns_ = takeRows(arena, P + Z, rows_.count());
    residualBar_ = arena.take<double>(rows_.count());
    gateView_ = arena.take<GateView>(G);
    pairView_ = arena.take<GatePairView>(int64_t{G} * sizes.read);
    response_ = takeRows(arena, sizes.read == 0 ? 0 : G, size);
    if (arena.exhausted()) return false;
    currentWeight_ = recording.currentWeight;
    sampleAt_ = recording.sampleAt;
    starts_ = recording.starts;
    for (int32_t g = 0; g < G; g++) {
      const IntegratedGate<double>& gate = gates_.gates[g];
      gateView_[g] = {gate.recurrence.decay, gate.voltageSlope[0], gate.voltageSlope[1], gate.voltageSlope[2], residualSlope_[g], 0};
    }
    view_ = viewOf(shape, recording, rows_, columns_, size_t(P + Z), parameterOffset);
    view_.pairs = pairView_;
    view_.pairCount = listPairs();
    view_.integrated = true;
    view_.gates = gateView_;
    view_.gateCount = size_t(G);
    view_.stepMs = gates_.stepMs;
    view_.slopeV = slopeV_;
    view_.slopeDV = slopeDV_;
    return true;
  }

  const Parameters& parameters() const { return gates_.parameters(); }
  const ResidualRows& rows() const { return rows_; }
  /** After `linearise`. */
  const HeadView& view() const { return view_; }

  template <typename Net> void evaluate(Net& network, const double* tail) {
    gates_.set(tail);
    gates_.evaluate(network, false);
    tapes_.residuals.hoist(parameters().values());
    eachBlock(tapes_.residuals, [&](int first, int valid) { rows_.set(0, first, valid, tapes_.residuals.output(0)); });
    rows_.setData(gates_.V);
    rows_.setPriors(parameters());
  }

  /** The linear least-squares problem at the states last evaluated. */
  void project(Projection& projection) {
    if (tapes_.linear.outputCount() == 0) return;
    tapes_.linear.hoist(parameters().values());
    eachBlock(tapes_.linear, [&](int first, int valid) { projection.add(tapes_.linear, currentWeight_ + first, valid); });
  }

  /** Derivatives at the state last evaluated. */
  void linearise() {
    const int32_t G = shape_->programs.gates, P = shape_->programs.inferred, S = 1 + G;
    gates_.linearise();
    tapes_.jacobian.hoist(parameters().values());
    eachBlock(tapes_.jacobian, [&](int first, int valid) {
      copyOut(slopeV_ + first, 0, valid);
      copyOut(slopeDV_ + first, S, valid);
      for (int32_t g = 0; g < G; g++) copyOut(residualSlope_[g] + first, 1 + g, valid);
      for (int32_t p = 0; p < P; p++) copyOut(parameterPartial_[p] + first, S + 1 + p, valid);
    });
    for (int32_t g = 0; g < G; g++) gateView_[g].initialVoltageSlope = gates_.gates[g].initialVoltageSlope;
    fillColumns();
  }

  /** Adjoints of the residuals -> those of the network's outputs, and theta's tail of the gradient; both overwritten. Needs `linearise`. */
  template <typename Net> void pull(const double* residualBar, Net& network, double* tail) {
    const int32_t M = shape_->points, P = shape_->programs.inferred, Z = shape_->freeGates;
    const double* currentBar = residualBar + shape_->samples;
    for (int32_t p = 0; p < M; p++) {
      VBar_[p] = currentBar[p] * slopeV_[p];
      dVBar_[p] = currentBar[p] * slopeDV_[p];
    }
    for (int32_t i = 0; i < shape_->samples; i++) VBar_[sampleAt_[i]] += residualBar[i];
    for (int32_t g = 0; g < shape_->programs.gates; g++)
      for (int32_t p = 0; p < M; p++) xBar_[g][p] = currentBar[p] * residualSlope_[g][p];
    for (int32_t k = 0; k < P + Z; k++) tail[k] = 0;
    for (int32_t q = 0; q < P; q++)
      for (int32_t p = 0; p < M; p++) tail[q] += currentBar[p] * parameterPartial_[q][p];
    gates_.pull(xBar_, VBar_, dVBar_, tail, tail + P);
    for (int32_t k = 0; k < P + Z; k++) tail[k] *= parameters().slopes()[k];
    const Priors& priors = rows_.priors();
    for (int32_t r = 0; r < priors.count(); r++) tail[priors.parameter(r)] += residualBar[rows_.firstPrior() + r] * priors.slope(r);
    for (int32_t p = 0; p < M; p++) {
      network.outBar(0)[p] = VOLTAGE_SCALE * VBar_[p];
      network.dOutBar(0)[p] = VOLTAGE_SCALE * dVBar_[p];
    }
  }

  /** Adjoints of the loss under these factors of its terms. */
  template <typename Net> void pullLoss(const TermWeights& factors, Net& network, double* tail) {
    rows_.adjoints(factors, residualBar_);
    pull(residualBar_, network, tail);
  }

  /** V (mV) and each gate, [1 + G][M]. */
  void states(double* to) const {
    for (int32_t p = 0; p < shape_->points; p++) *to++ = gates_.V[p] + VOLTAGE_CENTRE;
    for (int32_t g = 0; g < shape_->programs.gates; g++)
      for (int32_t p = 0; p < shape_->points; p++) *to++ = gates_.gates[g].recurrence.x[p];
  }

private:
  size_t listPairs() {
    size_t count = 0;
    for (int32_t g = 0; g < shape_->programs.gates; g++)
      for (int32_t d = 0; d < shape_->programs.read; d++) {
        const ReadSlopes<double>& slopes = gates_.gates[g].readSlope[d];
        if (slopes.before != nullptr) pairView_[count++] = {g, shape_->read[d], slopes.before, slopes.after};
      }
    return count;
  }

  template <typename Use> void eachBlock(Tape<double>& tape, Use use) {
    const ProgramShape& sizes = shape_->programs;
    const int size = block_ * LANES<double>;
    const auto copy = [&](int32_t slot, const double* from, double shift, int points) {
      if (double* row = tape.input(slot); row != nullptr)
        for (int i = 0; i < points; i += LANES<double>) store<double>(row + i, load<double>(from + i) + shift);
    };
    for (int first = 0; first < shape_->points; first += size) {
      const int valid = smaller(size, shape_->points - first);
      copy(0, gates_.V + first, VOLTAGE_CENTRE, valid);
      for (int32_t g = 0; g < sizes.gates; g++) copy(1 + g, gates_.gates[g].recurrence.x + first, 0, valid);
      copy(sizes.rateSlot(), gates_.dV + first, 0, valid);
      copy(sizes.currentSlot(), current_ + first, 0, valid);
      tape.run(padded<double>(valid) / LANES<double>);
      use(first, valid);
    }
  }

  void copyOut(double* to, int32_t output, int valid) const {
    const double* from = tapes_.jacobian.output(output);
    for (int i = 0; i < valid; i++) to[i] = from[i];
  }

  /** d residual / d theta of parameters and free initial gates: directly, and through the gates. */
  void fillColumns() {
    const int32_t P = shape_->programs.inferred, M = shape_->points;
    const double* slopes = parameters().slopes();
    for (int32_t q = 0; q < P; q++) {
      double* column = columns_[q] + shape_->samples;
      for (int32_t p = 0; p < M; p++) column[p] = slopes[q] * parameterPartial_[q][p];
      rows_.fillColumn(q, columns_[q]);
      for (int32_t g = 0; g < gates_.gateCount(); g++) {
        const IntegratedGate<double>& gate = gates_.gates[g];
        clearResponse(g);
        if (gate.parameterSlope[q] == nullptr) continue;
        for (int32_t j = 0; j + 1 < M; j++) drive_[j] = slopes[q] * gate.parameterSlope[q][j];
        addReads(g);
        addResponse(g, slopes[q] * gate.initialParameterSlope[q], column);
      }
    }
    for (int32_t j = 0; j < M; j++) drive_[j] = 0;
    for (int32_t g = 0; g < gates_.gateCount(); g++) {
      const int32_t free = gates_.gates[g].free;
      for (int32_t s = 0; free >= 0 && s < shape_->segments; s++) {
        const int32_t place = P + shape_->initialPlace(free, s);
        double* column = columns_[place] + shape_->samples;
        for (int32_t p = 0; p < M; p++) column[p] = 0;
        // a later segment's initial value is the end of the step that leads to it
        if (s > 0) drive_[starts_[s] - 1] = slopes[place];
        for (int32_t other = 0; other < g; other++) clearResponse(other);
        addResponse(g, s == 0 ? slopes[place] : 0, column);
        if (s > 0) drive_[starts_[s] - 1] = 0;
        for (int32_t reader = g + 1; shape_->programs.read > 0 && reader < gates_.gateCount(); reader++) {
          clearResponse(reader);
          if (!gates_.gates[reader].reads) continue;
          addReads(reader);
          addResponse(reader, 0, column);
          for (int32_t j = 0; j < M; j++) drive_[j] = 0;
        }
      }
    }
  }

  void addResponse(int32_t g, double initial, double* column) {
    double* x = shape_->programs.read == 0 ? x_ : response_[g];
    gates_.gates[g].recurrence.respond(initial, drive_, x);
    for (int32_t p = 0; p < shape_->points; p++) column[p] += residualSlope_[g][p] * x[p];
  }

  void clearResponse(int32_t g) {
    for (int32_t p = 0; shape_->programs.read > 0 && p < shape_->points; p++) response_[g][p] = 0;
  }

  /** What the responses of the gates that it reads add to its drive. */
  void addReads(int32_t g) {
    for (size_t k = 0; k < view_.pairCount; k++) {
      const GatePairView& pair = pairView_[k];
      const double* x = response_[pair.read];
      for (int32_t j = 0; pair.gate == g && j + 1 < shape_->points; j++) drive_[j] += pair.before[j] * x[j] + pair.after[j] * x[j + 1];
    }
  }

  const HeadShape* shape_ = nullptr;
  IntegratedGates<double> gates_;
  ResidualRows rows_;
  HeadTapes tapes_;
  int block_ = 1;
  double* current_ = nullptr;
  const double* currentWeight_ = nullptr;
  const int32_t* sampleAt_ = nullptr;
  const int32_t* starts_ = nullptr;
  double *slopeV_ = nullptr, *slopeDV_ = nullptr; // d residual:V / d V, / d d:V
  double** residualSlope_ = nullptr;              // [G] d residual:V / d gate
  double** parameterPartial_ = nullptr;           // [P] d residual:V / d parameter, at fixed gates
  double** columns_ = nullptr;                    // [P + Z][rows]
  double *VBar_ = nullptr, *dVBar_ = nullptr, *drive_ = nullptr, *x_ = nullptr;
  double** xBar_ = nullptr;       // [G]
  double* residualBar_ = nullptr; // [rows]
  GateView* gateView_ = nullptr;
  GatePairView* pairView_ = nullptr;
  double** response_ = nullptr; // of each gate, where gates read others [G]
  HeadView view_;
};

} // namespace loligo::inline LOLIGO_ISA
