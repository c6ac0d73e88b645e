/**
 * Integrated formulation: how the residuals answer to perturbations of the network's output and of its time derivative along the grid, and
 * the adjoint of that. V moves a residual at once, and every later one by way of the gates, whose recurrences run along the grid; many
 * perturbations are carried side by side, one in each of a panel's R lanes (reference/integrated-head.ts: `push`).
 *
 * Per gate and step, with the middle of a step by Hermite's cubic (V[j] + V[j+1]) / 2 + step (dV[j] - dV[j+1]) / 8:
 *   x[j+1] = decay x[j] + before V[j] + after V[j+1] + bow (dV[j] - dV[j+1])
 * and where it reads another gate y also + before_y y[j] + after_y y[j+1]. Coefficients are copied, and multiplied by the scale from output
 * to mV.
 */
#pragma once

#include "arena.hpp"
#include "dense.hpp"
#include "linearisation.hpp"

namespace loligo::inline LOLIGO_ISA {

class GateResponse {
public:
  static constexpr int R = ROWS<double>;

  bool open(Arena& arena, int samples, int points, int gates, int pairs) {
    samples_ = samples;
    points_ = points;
    gates_ = gates;
    pairs_ = pairs;
    sampleAt_ = arena.take<int32_t>(samples);
    arena.takeEach(points, slopeV_, slopeDV_);
    step_ = arena.take<Step>(int64_t(points) * gates);
    initial_ = arena.take<double>(gates);
    x_ = arena.take<double>(int64_t(larger(gates, 1)) * R);
    pair_ = arena.take<Pair>(int64_t(points) * pairs);
    before_ = arena.take<double>(pairs == 0 ? 0 : int64_t(gates) * R);
    extra_ = arena.take<double>(pairs == 0 ? 0 : int64_t(gates) * points);
    return !arena.exhausted();
  }

  void take(const HeadView& head) {
    scale_ = head.voltageScale;
    for (int i = 0; i < samples_; i++) sampleAt_[i] = head.sampleAt[i];
    for (int j = 0; j < points_; j++) {
      slopeV_[j] = scale_ * head.slopeV[j];
      slopeDV_[j] = scale_ * head.slopeDV[j];
    }
    for (int g = 0; g < gates_; g++) takeGate(head.gates[g], head.stepMs, g);
    for (int k = 0; k < pairs_; k++)
      for (int j = 0; j < points_; j++) {
        const GatePairView& pair = head.pairs[k];
        pair_[size_t(j) * pairs_ + k] = {pair.gate, pair.read, j == 0 ? 0 : pair.before[j - 1], j == 0 ? 0 : pair.after[j - 1]};
      }
  }

  int pointOf(int sample) const { return sampleAt_[sample]; }

  /** Rows of data [samples][R]: V where the samples are, of which the first `count`. */
  void data(const double* V, int count, double* response) const {
    for (int i = 0; i < count; i++)
      for (int v = 0; v < TILE_VECTORS; v++)
        store(response + i * R + v * LANES<double>, scale_ * load(V + size_t(sampleAt_[i]) * R + v * LANES<double>));
  }

  /** Rows of current [points][R], of which the first `count`. V and dV [points][R]. */
  void current(const double* V, const double* dV, int count, double* response) {
    if (pairs_ == 0)
      respond<false>(V, dV, count, response);
    else
      respond<true>(V, dV, count, response);
  }

  /** Adjoints of the residuals -> of output and d output / dt [points], overwritten. */
  void adjoint(const double* dataBar, const double* currentBar, double* V, double* dV) const {
    for (int j = 0; j < points_; j++) {
      V[j] = currentBar[j] * slopeV_[j];
      dV[j] = currentBar[j] * slopeDV_[j];
    }
    for (int i = 0; i < samples_; i++) V[sampleAt_[i]] += scale_ * dataBar[i];
    for (int64_t i = 0; pairs_ > 0 && i < int64_t(gates_) * points_; i++) extra_[i] = 0;
    for (int i = 0; i < gates_; i++) {
      // who reads comes before whom it reads
      const int g = pairs_ == 0 ? i : gates_ - 1 - i;
      double x = 0;
      for (int j = points_ - 1; j > 0; j--) {
        const Step& s = step_[size_t(j) * gates_ + g];
        x += currentBar[j] * s.residualSlope;
        if (pairs_ > 0) x = pullReads(g, j, x);
        V[j - 1] += x * s.before;
        V[j] += x * s.after;
        dV[j - 1] += x * s.bow;
        dV[j] -= x * s.bow;
        x *= s.decay;
      }
      if (pairs_ > 0) x += extra_[size_t(g) * points_];
      V[0] += (x + currentBar[0] * step_[g].residualSlope) * initial_[g];
    }
  }

private:
  /** `current`; apart where no gate reads another, which is the usual case. */
  template <bool READS> void respond(const double* V, const double* dV, int count, double* response) {
    using Lanes = Vector<double>;
    for (int j = 0; j < count; j++) {
      const double *Vj = V + size_t(j) * R, *dVj = dV + size_t(j) * R;
      const Step* step = step_ + size_t(j) * gates_;
      if (READS) __builtin_memcpy(before_, x_, sizeof(double) * size_t(gates_) * R);
      for (int v = 0; v < TILE_VECTORS; v++) {
        const int at = v * LANES<double>;
        const Lanes now = load(Vj + at), rate = load(dVj + at);
        const Lanes before = j == 0 ? Lanes{} : load(Vj - R + at);
        const Lanes turn = j == 0 ? Lanes{} : load(dVj - R + at) - rate;
        Lanes sum = slopeV_[j] * now + slopeDV_[j] * rate;
        for (int g = 0; g < gates_; g++) {
          const Step& s = step[g];
          double* place = x_ + g * R + at;
          Lanes x = j == 0 ? initial_[g] * now : s.decay * load(place) + (s.before * before + s.after * now + s.bow * turn);
          if (READS && j > 0)
            for (const Pair* p = pair_ + size_t(j) * pairs_; p != pair_ + size_t(j + 1) * pairs_; p++)
              if (p->gate == g) x += p->before * load(before_ + p->read * R + at) + p->after * load(x_ + p->read * R + at);
          store(place, x);
          sum += s.residualSlope * x;
        }
        store(response + size_t(j) * R + at, sum);
      }
    }
  }

  /** The step that ends at a point, and what the residual there owes to the gate. */
  struct Step {
    double decay, before, after, bow, residualSlope;
  };

  struct Pair {
    int32_t gate, read;
    double before, after;
  };

  /** The adjoint of x[j] with what readers left there; hands on what it owes to the gates that it reads itself. */
  double pullReads(int g, int j, double x) const {
    x += extra_[size_t(g) * points_ + j];
    for (const Pair* p = pair_ + size_t(j) * pairs_; p != pair_ + size_t(j + 1) * pairs_; p++) {
      if (p->gate != g) continue;
      extra_[size_t(p->read) * points_ + j - 1] += x * p->before;
      extra_[size_t(p->read) * points_ + j] += x * p->after;
    }
    return x;
  }

  void takeGate(const GateView& gate, const double* stepMs, int g) {
    initial_[g] = scale_ * gate.initialVoltageSlope;
    for (int j = 0; j < points_; j++) {
      Step& s = step_[size_t(j) * gates_ + g];
      s = Step{0, 0, 0, 0, gate.residualSlope[j]};
      if (j == 0) continue;
      const double middle = scale_ * gate.middle[j - 1];
      s.decay = gate.decay[j - 1];
      s.before = scale_ * gate.start[j - 1] + middle / 2;
      s.after = scale_ * gate.end[j - 1] + middle / 2;
      s.bow = stepMs[j - 1] / 8 * middle;
    }
  }

  int samples_ = 0, points_ = 0, gates_ = 0;
  double scale_ = 0;
  int32_t* sampleAt_ = nullptr;
  double *slopeV_ = nullptr, *slopeDV_ = nullptr; // [points]
  Step* step_ = nullptr;                          // [points][gates]
  double* initial_ = nullptr;                     // [gates]
  double* x_ = nullptr;                           // [gates][R], work
  int pairs_ = 0;
  Pair* pair_ = nullptr;     // [points][pairs], of the step that ends at a point
  double* before_ = nullptr; // x_ a point earlier
  double* extra_ = nullptr;  // [gates][points]
};

} // namespace loligo::inline LOLIGO_ISA
