/**
 * The four activations with their exact first and second derivatives, and the passes over a tile's rows that apply them: forward
 * z -> act(z), dz -> act'(z) dz, and the reverse z_ = act'(z) a_ + act''(z) dz da_, dz_ = act'(z) da_.
 *
 * Rows are (point, value | time derivative) interleaved, see network.hpp. Points are taken two at a time, four rows: an odd count has a
 * phantom last point. PAIRED passes also pass between a pair's rows and its odd and even parts, see local_features.hpp.
 */
#pragma once

#include "elementary.hpp"
#include "shape.hpp"

namespace loligo::inline LOLIGO_ISA {

template <typename T> struct Activated {
  Vector<T> value, slope, curvature;
};

template <typename T, Activation ACTIVATION> inline Activated<T> activated(Vector<T> z) {
  if constexpr (ACTIVATION == Activation::tanh) {
    const Vector<T> a = tanh<T>(z);
    const Vector<T> slope = T(1) - a * a;
    return {a, slope, T(-2) * a * slope};
  } else if constexpr (ACTIVATION == Activation::sin) {
    const SineCosine<T> at = sineCosine<T>(z);
    return {at.sin, at.cos, -at.sin};
  } else if constexpr (ACTIVATION == Activation::swish) {
    const Vector<T> s = sigmoid<T>(z);
    const Vector<T> rest = T(1) - s;
    return {z * s, s + z * s * rest, s * rest * (T(2) + z * (rest - s))};
  } else {
    const Normal<T> at = normal<T>(z);
    return {z * at.cdf, at.cdf + z * at.density, at.density * (T(2) - z * z)};
  }
}

/** Rows of a tile: point i's value at `at + 2 i stride`, its time derivative at `at + (2 i + 1) stride`. */
template <typename T> struct Rows {
  T* at;
  ptrdiff_t stride;
};

/** act'(z) and act''(z) dz, [points][stride of the rows]; null where they are recomputed from the rows (tanh only). */
template <typename T> struct Slopes {
  T* slope = nullptr;
  T* bend = nullptr;
};

template <typename T> struct Dual {
  Vector<T> value, rate;
};

template <typename T> inline Dual<T> loadDual(const Rows<T>& rows, int point, int j) {
  const T* at = rows.at + 2 * point * rows.stride + j;
  return {load<T>(at), load<T>(at + rows.stride)};
}

template <typename T> inline void storeDual(const Rows<T>& rows, int point, int j, const Dual<T>& dual) {
  T* at = rows.at + 2 * point * rows.stride + j;
  store<T>(at, dual.value);
  store<T>(at + rows.stride, dual.rate);
}

template <typename T, Activation ACTIVATION, bool STORED>
inline void activatePoint(const Rows<T>& rows, const Slopes<T>& slopes, int point, int j, const Dual<T>& z) {
  const Activated<T> at = activated<T, ACTIVATION>(z.value);
  storeDual<T>(rows, point, j, {at.value, at.slope * z.rate});
  if constexpr (STORED) {
    store<T>(slopes.slope + point * rows.stride + j, at.slope);
    store<T>(slopes.bend + point * rows.stride + j, at.curvature * z.rate);
  }
}

/**
 * In place: rows of z - bias become rows of act(z). PAIRED: the four rows of a pair are the products with the odd and with the even
 * functions, (value, value, rate, rate), and become those of its two points.
 */
template <typename T, Activation ACTIVATION, bool STORED, bool PAIRED>
void activate(const Rows<T>& rows, const T* bias, const Slopes<T>& slopes, int count, int width) {
  for (int j = 0; j < width; j += LANES<T>) {
    const Vector<T> b = load<T>(bias + j);
    for (int i = 0; i < count; i += 2) {
      Dual<T> p = loadDual<T>(rows, i, j);
      Dual<T> q = loadDual<T>(rows, i + 1, j);
      if constexpr (PAIRED) {
        const Vector<T> odd = p.value, even = p.rate + b, dOdd = q.value, dEven = q.rate;
        p = {even + odd, dOdd + dEven};
        q = {even - odd, dOdd - dEven};
      } else {
        p.value += b;
        q.value += b;
      }
      activatePoint<T, ACTIVATION, STORED>(rows, slopes, i, j, p);
      activatePoint<T, ACTIVATION, STORED>(rows, slopes, i + 1, j, q);
    }
  }
}

/** Adjoints of act(z) -> of z, at one point; `values` are the rows of act(z). */
template <typename T, bool STORED>
inline Dual<T> throughPoint(const Rows<T>& bars, const Rows<T>& values, const Slopes<T>& slopes, int point, int j) {
  const Dual<T> bar = loadDual<T>(bars, point, j);
  if constexpr (STORED) {
    const Vector<T> slope = load<T>(slopes.slope + point * values.stride + j);
    return {slope * bar.value + load<T>(slopes.bend + point * values.stride + j) * bar.rate, slope * bar.rate};
  } else {
    // tanh: act' = 1 - a^2, and act'' dz = -2 a act' dz = -2 a da
    const Dual<T> a = loadDual<T>(values, point, j);
    const Vector<T> slope = T(1) - a.value * a.value;
    return {slope * bar.value - T(2) * (a.value * a.rate) * bar.rate, slope * bar.rate};
  }
}

/**
 * In place: adjoints of act(z) become those of z; biasBar [width] += sum over points of z_. PAIRED: the four rows of a pair become what
 * its odd and even functions' coefficients see: (odd value, even value, odd rate, even rate).
 */
template <typename T, bool STORED, bool PAIRED>
void throughActivation(const Rows<T>& bars, const Rows<T>& values, const Slopes<T>& slopes, T* biasBar, int count, int width) {
  for (int j = 0; j < width; j += LANES<T>) {
    Vector<T> sum{}, sum2{};
    for (int i = 0; i < count; i += 2) {
      const Dual<T> p = throughPoint<T, STORED>(bars, values, slopes, i, j);
      const Dual<T> q = throughPoint<T, STORED>(bars, values, slopes, i + 1, j);
      sum += p.value;
      sum2 += q.value;
      if constexpr (PAIRED) {
        storeDual<T>(bars, i, j, {p.value - q.value, p.value + q.value});
        storeDual<T>(bars, i + 1, j, {p.rate + q.rate, p.rate - q.rate});
      } else {
        storeDual<T>(bars, i, j, p);
        storeDual<T>(bars, i + 1, j, q);
      }
    }
    store<T>(biasBar + j, load<T>(biasBar + j) + (sum + sum2));
  }
}

/** Chooses among the compiled passes, once per layer and tile. */
template <typename T>
void activate(Activation activation, bool paired, const Rows<T>& rows, const T* bias, const Slopes<T>& slopes, int count, int width) {
  const auto pass = [&]<Activation ACTIVATION, bool STORED>() {
    paired ? activate<T, ACTIVATION, STORED, true>(rows, bias, slopes, count, width)
           : activate<T, ACTIVATION, STORED, false>(rows, bias, slopes, count, width);
  };
  switch (activation) {
  case Activation::tanh:
    return slopes.slope != nullptr ? pass.template operator()<Activation::tanh, true>()
                                   : pass.template operator()<Activation::tanh, false>();
  case Activation::sin:
    return pass.template operator()<Activation::sin, true>();
  case Activation::swish:
    return pass.template operator()<Activation::swish, true>();
  case Activation::gelu:
    return pass.template operator()<Activation::gelu, true>();
  }
}

template <typename T>
void throughActivation(bool paired, const Rows<T>& bars, const Rows<T>& values, const Slopes<T>& slopes, T* biasBar, int count, int width) {
  const auto pass = [&]<bool STORED>() {
    paired ? throughActivation<T, STORED, true>(bars, values, slopes, biasBar, count, width)
           : throughActivation<T, STORED, false>(bars, values, slopes, biasBar, count, width);
  };
  slopes.slope != nullptr ? pass.template operator()<true>() : pass.template operator()<false>();
}

} // namespace loligo::inline LOLIGO_ISA
