/**
 * Network<float> and Network<double> against plain loops that share nothing with them, in every variant and at sizes
 * around the vector width. The gradient is held against central differences of the plain loops.
 */
#include "../../../../../worker/engines/fused/core/network.hpp"
#include "program.hpp"
#include <algorithm>
#include <cmath>

using namespace loligo;
using test::Property;
using test::Random;

namespace {

struct Case {
  int points, features, depth, width, outputs;
  Activation activation = Activation::tanh;
  bool modified = false, factorised = false, trainable = false, uneven = false;
  /** The times jump once. */
  bool gap = false;
};

/** The shape of a case with its layers' places, as layout.ts numbers them. */
struct Built {
  std::vector<Layer> layers;
  NetworkShape shape;
  int thetaSize = 0;
};

int place(Layer& layer, int at, int inputs, int outputs, bool factorised) {
  layer = {inputs, outputs, at, at + inputs * outputs, factorised ? at + (inputs + 1) * outputs : -1};
  return at + (inputs + (factorised ? 2 : 1)) * outputs;
}

Built build(const Case& c) {
  Built b;
  b.layers.resize(c.depth + 1);
  int at = 0;
  for (int l = 0; l <= c.depth; l++)
    at = place(b.layers[l], at, l == 0 ? 2 * c.features : c.width, l == c.depth ? c.outputs : c.width, c.factorised);
  b.shape.points = c.points;
  b.shape.features = c.features;
  b.shape.depth = c.depth;
  b.shape.width = c.width;
  b.shape.outputs = c.outputs;
  b.shape.activation = c.activation;
  b.shape.modified = c.modified;
  b.shape.factorised = c.factorised;
  if (c.modified)
    for (Layer& encoder : b.shape.encoder) at = place(encoder, at, 2 * c.features, c.width, c.factorised);
  b.shape.size = at;
  b.thetaSize = at + 2; // two numbers that are not the network's
  if (c.trainable) b.shape.scalePlace = b.thetaSize++;
  return b;
}

/** Value and time derivative. */
struct Jet {
  double v, d;
};

Jet act(Activation activation, Jet z) {
  const double x = z.v;
  double value, slope;
  if (activation == Activation::tanh) {
    value = std::tanh(x);
    slope = 1 - value * value;
  } else if (activation == Activation::sin) {
    value = std::sin(x);
    slope = std::cos(x);
  } else if (activation == Activation::swish) {
    const double s = 1 / (1 + std::exp(-x));
    value = x * s;
    slope = s + x * s * (1 - s);
  } else {
    const double cdf = std::erfc(-x / std::sqrt(double(2))) / 2;
    value = x * cdf;
    slope = cdf + x * std::exp(-x * x / 2) / std::sqrt(2 * M_PI);
  }
  return {value, slope * z.d};
}

std::vector<Jet> affine(const Layer& layer, const std::vector<double>& theta, const std::vector<Jet>& a) {
  std::vector<Jet> z(layer.outputs);
  for (int j = 0; j < layer.outputs; j++) {
    const double scale = layer.scales < 0 ? 1 : std::exp(theta[layer.scales + j]);
    Jet sum = {theta[layer.biases + j], 0};
    for (int i = 0; i < layer.inputs; i++) {
      const double W = theta[layer.weights + i * layer.outputs + j] * scale;
      sum.v += a[i].v * W;
      sum.d += a[i].d * W;
    }
    z[j] = sum;
  }
  return z;
}

std::vector<Jet> activated(Activation activation, std::vector<Jet> z) {
  for (Jet& x : z) x = act(activation, x);
  return z;
}

/** Outputs at one time. */
std::vector<Jet> plain(const Built& b, const std::vector<double>& theta, const std::vector<double>& frequencies, double t) {
  const NetworkShape& s = b.shape;
  std::vector<Jet> X(2 * s.features);
  for (int k = 0; k < s.features; k++) {
    const double omega = 2 * M_PI * frequencies[k] * (s.scalePlace < 0 ? 1 : std::exp(theta[s.scalePlace]));
    X[k] = {std::sin(omega * t), omega * std::cos(omega * t)};
    X[s.features + k] = {std::cos(omega * t), -omega * std::sin(omega * t)};
  }
  std::vector<Jet> U, Q, a = X;
  if (s.modified) {
    U = activated(s.activation, affine(s.encoder[0], theta, X));
    Q = activated(s.activation, affine(s.encoder[1], theta, X));
  }
  for (int l = 0; l < s.depth; l++) {
    std::vector<Jet> Z = activated(s.activation, affine(b.layers[l], theta, a));
    if (s.modified)
      for (int j = 0; j < s.width; j++) {
        const Jet z = Z[j];
        Z[j] = {(1 - z.v) * U[j].v + z.v * Q[j].v, (1 - z.v) * U[j].d - z.d * U[j].v + z.v * Q[j].d + z.d * Q[j].v};
      }
    a = Z;
  }
  return affine(b.layers[s.depth], theta, a);
}

struct Problem {
  Built built;
  std::vector<double> times, frequencies, theta;
  /** Adjoints [point][output] of value and rate: the loss is their inner product with the outputs. */
  std::vector<double> bar, dBar;
};

Problem problem(const Case& c, Random& random) {
  Problem p;
  p.built = build(c);
  for (int i = 0; i < c.points; i++)
    p.times.push_back(3 + 0.05 * i + (c.uneven ? 0.02 * random.uniform() : 0) + (c.gap && 5 * i > 3 * c.points ? 2 : 0));
  for (int k = 0; k < c.features; k++) p.frequencies.push_back(0.3 * random.symmetric());
  for (int i = 0; i < p.built.thetaSize; i++) p.theta.push_back(0.1 * random.symmetric());
  const auto spread = [&](const Layer& layer) {
    for (int i = 0; i < layer.inputs * layer.outputs; i++) p.theta[layer.weights + i] = 1.7 / std::sqrt(layer.inputs) * random.symmetric();
  };
  for (const Layer& layer : p.built.layers) spread(layer);
  if (c.modified)
    for (const Layer& layer : p.built.shape.encoder) spread(layer);
  for (int i = 0; i < c.points * c.outputs; i++) {
    p.bar.push_back(random.symmetric());
    p.dBar.push_back(random.symmetric());
  }
  return p;
}

/** All outputs, [point][output]. */
std::vector<Jet> plainOutputs(const Problem& p, const std::vector<double>& theta) {
  const double centre = (double(p.times.front()) + p.times.back()) / 2;
  std::vector<Jet> out;
  for (double t : p.times)
    for (Jet x : plain(p.built, theta, p.frequencies, t - centre)) out.push_back(x);
  return out;
}

double plainLoss(const Problem& p, const std::vector<double>& theta) {
  const std::vector<Jet> out = plainOutputs(p, theta);
  double loss = 0;
  for (size_t i = 0; i < out.size(); i++) loss += p.bar[i] * out[i].v + p.dBar[i] * out[i].d;
  return loss;
}

/** Largest difference over the largest reference. */
struct Error {
  double worst = 0, largest = 0;
  void see(double got, double expected) {
    worst = std::isfinite(double(got)) ? std::max(worst, std::fabs(got - expected)) : double(1e9);
    largest = std::max(largest, std::fabs(expected));
  }
  double relative() const { return double(worst / std::max(largest, double(1e-30))); }
};

struct Result {
  std::vector<double> gradient;
  double outputs = 0;
  bool untouched = true;
};

template <typename T> Result run(const Problem& p, Keep keep) {
  const NetworkShape shape = [&] {
    NetworkShape s = p.built.shape;
    s.layer = p.built.layers.data();
    return s;
  }();
  Arena arena;
  Network<T> network;
  if (!network.open(arena, shape, p.times.data(), p.frequencies.data(), keep)) std::exit(2);
  std::vector<T> theta(p.theta.begin(), p.theta.end());
  std::vector<T> gradient(theta.size(), T(7));
  const std::vector<Jet> expected = plainOutputs(p, {p.theta.begin(), p.theta.end()});
  Error values, rates;
  const size_t opened = arena.size();
  for (int step = 0; step < 2; step++) { // the second time nothing may be left of the first
    network.load(theta.data());
    network.clearGradient();
    for (int first = 0; first < shape.points; first += network.tile()) {
      const int count = std::min(network.tile(), shape.points - first);
      network.forward(first, count);
      for (int k = 0; k < shape.outputs; k++)
        for (int i = 0; i < network.tileStride(); i++) {
          const int at = i < count ? network.order()[first + i] * shape.outputs + k : -1;
          if (at >= 0) {
            values.see(network.out(k)[i], expected[at].v);
            rates.see(network.dOut(k)[i], expected[at].d);
          }
          network.outBar(k)[i] = at < 0 ? T(13) : T(p.bar[at]);
          network.dOutBar(k)[i] = at < 0 ? T(13) : T(p.dBar[at]);
        }
      network.backward(first, count);
    }
    network.gradient(gradient.data());
  }
  Result result;
  result.outputs = std::max(values.relative(), rates.relative());
  result.gradient.assign(gradient.begin(), gradient.end());
  for (int i = shape.size; i < int(theta.size()); i++) result.untouched &= i == shape.scalePlace || gradient[i] == T(7);
  result.untouched &= arena.size() == opened;
  return result;
}

double largestError(const std::vector<double>& got, const std::vector<double>& expected, int size) {
  Error error;
  for (int i = 0; i < size; i++) error.see(got[i], expected[i]);
  return error.relative();
}

double normError(const std::vector<double>& got, const std::vector<double>& expected, int size) {
  double difference = 0, norm = 0;
  for (int i = 0; i < size; i++) {
    difference += (double(got[i]) - expected[i]) * (double(got[i]) - expected[i]);
    norm += double(expected[i]) * expected[i];
  }
  return double(std::sqrt(difference / norm));
}

Property outputs64{"outputs of Network<double>", 1e-12};
Property outputs32{"outputs of Network<float>", 2e-6};
Property gradient64{"gradient of Network<double> by central differences", 2e-8};
Property gradient32{"gradient of Network<float>, largest component", 2e-6};
Property gradient32Norm{"gradient of Network<float>, L2", 2e-6};
Property usual32{"gradient of Network<float> at the sizes of W1 and W2, largest component and L2", 5e-7};
Property keeping{"Network<double>: tiles and keeping agree", 1e-12};
Property untouched{"theta beyond the network is not written, nothing is allocated by a step", 0};

std::string nameOf(const Case& c) {
  char text[200];
  std::snprintf(text, sizeof text, "%d points, %d features, %d x %d, %d outputs, activation %d%s%s%s%s%s", c.points, c.features, c.depth,
                c.width, c.outputs, int(c.activation), c.modified ? ", modified" : "", c.factorised ? ", factorised" : "",
                c.trainable ? ", trainable scale" : "", c.uneven ? ", uneven" : "", c.gap ? ", a gap" : "");
  return text;
}

void check(const Case& c, Random& random) {
  const Problem p = problem(c, random);
  const std::string name = nameOf(c);
  const int size = int(p.theta.size());
  std::vector<double> theta(p.theta.begin(), p.theta.end());
  Result exact = run<double>(p, Keep::all);
  outputs64.see(exact.outputs, name);
  untouched.see(exact.untouched ? 0 : 1, name);

  // the numbers beyond the network keep the 7 that `run` put there, in every result: they compare equal
  Error byDifferences;
  for (int i = 0; i < p.built.shape.size; i++) byDifferences.largest = std::max(byDifferences.largest, std::fabs(exact.gradient[i]));
  for (int tried = 0; tried < (test::EMULATED ? 1 : 16); tried++) {
    const int i = tried == 0 && c.trainable ? p.built.shape.scalePlace : int(random.uniform() * p.built.shape.size);
    const double h = 1e-5;
    theta[i] = p.theta[i] + h;
    const double above = plainLoss(p, theta);
    theta[i] = p.theta[i] - h;
    const double below = plainLoss(p, theta);
    theta[i] = p.theta[i];
    byDifferences.see(exact.gradient[i], (above - below) / (2 * h));
  }
  gradient64.see(byDifferences.relative(), name);

  for (Keep keep : {Keep::tile, Keep::all}) {
    const Result same = run<double>(p, keep);
    keeping.see(largestError(same.gradient, exact.gradient, size), name);
    outputs64.see(same.outputs, name);
    const Result single = run<float>(p, keep);
    outputs32.see(single.outputs, name);
    gradient32.see(largestError(single.gradient, exact.gradient, size), name);
    gradient32Norm.see(normError(single.gradient, exact.gradient, size), name);
    untouched.see(single.untouched ? 0 : 1, name);
  }
}

/** float against double, at sizes where differences would take too long. */
void checkSingle(const Case& c, Random& random) {
  const Problem p = problem(c, random);
  const Result exact = run<double>(p, Keep::all);
  const Result single = run<float>(p, Keep::tile);
  usual32.see(largestError(single.gradient, exact.gradient, p.built.shape.size), nameOf(c));
  usual32.see(normError(single.gradient, exact.gradient, p.built.shape.size), nameOf(c));
}

} // namespace

int main() {
  Random random;
  // sizes around the vectors and panels of every instruction set: 0, 1, N - 1, N, N + 1
  for (int width : {1, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 48, 65})
    check({.points = 19, .features = 5, .depth = 2, .width = width, .outputs = 4}, random);
  for (int points : {1, 2, 3, 15, 16, 17, 47, 48, 49, 97, 130})
    check({.points = points, .features = 6, .depth = 2, .width = 12, .outputs = 3}, random);
  for (int outputs : {1, 2, 4, 5, 8, 9, 17}) check({.points = 21, .features = 4, .depth = 3, .width = 10, .outputs = outputs}, random);
  for (int features : {1, 2, 7, 8, 9, 32, 33}) check({.points = 23, .features = features, .depth = 1, .width = 20, .outputs = 2}, random);
  for (int depth : {1, 2, 3, 4, 6}) check({.points = 33, .features = 8, .depth = depth, .width = 16, .outputs = 4}, random);
  // every variant with every other
  for (Activation activation : {Activation::tanh, Activation::sin, Activation::swish, Activation::gelu})
    for (int variant = 0; variant < 16; variant++) {
      // under an emulator the others take none and all of them
      if (test::EMULATED && activation != Activation::tanh && variant % 15 != 0) continue;
      const Case c = {.points = 53,
                      .features = 9,
                      .depth = 3,
                      .width = 21,
                      .outputs = 4,
                      .activation = activation,
                      .modified = (variant & 1) != 0,
                      .factorised = (variant & 2) != 0,
                      .trainable = (variant & 4) != 0,
                      .uneven = (variant & 8) != 0};
      check(c, random);
    }
  for (bool trainable : {false, true})
    check({.points = 130, .features = 14, .depth = 1, .width = 9, .outputs = 2, .trainable = trainable, .gap = true}, random);
  if (test::EMULATED) return test::finish({outputs64, outputs32, gradient32, gradient32Norm, keeping, untouched});
  checkSingle({.points = 512, .features = 32, .depth = 3, .width = 32, .outputs = 4}, random);
  checkSingle({.points = 512, .features = 32, .depth = 3, .width = 32, .outputs = 4, .uneven = true}, random);
  checkSingle({.points = 1024, .features = 32, .depth = 4, .width = 64, .outputs = 4}, random);
  return test::finish({outputs64, outputs32, gradient64, gradient32, gradient32Norm, usual32, keeping, untouched});
}
