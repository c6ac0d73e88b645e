/**
 * What the second-order solver reads of a state: the network's activations and the head's local derivatives, as views of memory that
 * Network<double> and the heads own (float64). second_order.hpp copies what it needs, so that a later evaluation does not disturb it.
 *
 * M collocation points, N samples, K network outputs, P inferred parameters, Z free initial gates.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace loligo {

/** A vector and its time derivative at each point: value i at base[2 p stride + i], its d/dt at base[(2 p + 1) stride + i]. */
struct DualView {
  const double* base = nullptr;
  size_t stride = 0;
};

/** One affine layer z = a W + b and, but for the last, the activation after it. */
struct LayerView {
  size_t inputs = 0, outputs = 0;
  size_t weights = 0, biases = 0; // places in theta of W (V when factorised), [inputs][outputs], and of b
  DualView input;                 // a and da [M][inputs]
  const double* slope = nullptr;  // act'(z) [M][outputs], rows activationStride apart; null in the last layer
  const double* bend = nullptr;   // act''(z) dz, likewise
  size_t activationStride = 0;
  const double* matrix = nullptr; // effective W [inputs][outputs] (factorised: V exp(s)), rows matrixStride apart
  size_t matrixStride = 0;
  const double* columnScale = nullptr; // exp(s) [outputs]; null unless factorised
  DualView mixer;                      // modified MLP, layers that mix and encoders: act(z) and its d/dt [M][outputs]; base null otherwise
};

/** Places of theta that no layer names (s, c) are held by the second-order solver: their step is 0. */
struct NetworkView {
  size_t points = 0, outputs = 0;
  const LayerView* layers = nullptr; // hidden layers in order, then the linear output layer
  size_t layerCount = 0;
  const LayerView* encoders = nullptr; // modified MLP: U, then Q, whose mixers are U and Q themselves; null otherwise
};

/**
 * One gate's recurrence along the grid, by V in mV:
 *   dx[j + 1] = decay[j] dx[j] + start[j] dV[j] + middle[j] dVmiddle[j] + end[j] dV[j + 1]      (gate-integration.ts)
 */
struct GateView {
  const double* decay = nullptr; // [M - 1] each
  const double* start = nullptr;
  const double* middle = nullptr;
  const double* end = nullptr;
  const double* residualSlope = nullptr; // d residual:V / d gate [M]
  double initialVoltageSlope = 0;        // d x(0) / d V(0)
};

/** A gate that reads one before it: dx[j + 1] also has before[j] dy[j] + after[j] dy[j + 1], y being that one. */
struct GatePairView {
  int32_t gate = 0, read = 0;
  const double* before = nullptr; // [M - 1] each
  const double* after = nullptr;
};

/** Rows of residuals: data [N], current [M], and in the network formulation each gate [M]. V in mV, rates per ms, nothing weighted. */
struct HeadView {
  size_t samples = 0, points = 0, rows = 0;
  double voltageScale = 0;                // V = voltageScale output 0 + constant
  const int32_t* sampleAt = nullptr;      // [N], ascending
  const double* residual = nullptr;       // [rows]
  const double* const* columns = nullptr; // [P + Z] -> d residual / d theta[columnPlace + k] [rows]
  size_t columnCount = 0, columnPlace = 0;

  bool integrated = false;
  const GateView* gates = nullptr; // integrated
  size_t gateCount = 0;
  const GatePairView* pairs = nullptr; // by gate, ascending
  size_t pairCount = 0;
  const double* stepMs = nullptr; // length of each step [M - 1]
  const double* slopeV = nullptr; // d residual:V / d V and / d d:V [M]
  const double* slopeDV = nullptr;

  /**
   * Network formulation: row r (0 current, 1 + g gate g) at point p by output k: bar[r K + k][p]; by d:output r, the only rate in it:
   * dBar[r][p].
   */
  const double* const* bar = nullptr;
  const double* const* dBar = nullptr;
};

} // namespace loligo
