/**
 * Elementary functions of Vector<float> and Vector<double>, lane by lane and without libm: exp, log, sqrt, tanh, sinh, cosh, sin, cos,
 * sigmoid, exprel, exprelSlope, and the normal distribution (for GELU). Limits, infinities, NaN and overflow are libm's; subnormal
 * results are right to their last bit but one, or, those of float's exp, 0. Relative errors: float 3.2e-7 (exp and log 1e-7), double 5e-16,
 * except sine and cosine next to their zeros beyond the first, where the error is that of the unit interval.
 * tests/worker/engines/fused/core/elementary.cpp measures them.
 *
 * Polynomials were fitted for this file: Chebyshev interpolants of (exp r - 1) / r on |r| < 0.35, of sine and cosine on |r| < 0.8 and of
 * the normal tail, and a minimax rational for tanh (Lawson weights).
 */
#pragma once

#include "angle.hpp"
#include "simd.hpp"

namespace loligo::inline LOLIGO_ISA {

template <typename T> inline constexpr bool isFloat = sameType<T, float>;

/** Of a number's bits: width of the mantissa, bias of the exponent, sign. */
template <typename T> inline constexpr int MANTISSA_BITS = isFloat<T> ? 23 : 52;
template <typename T> inline constexpr int EXPONENT_BIAS = isFloat<T> ? 127 : 1023;
template <typename T> inline constexpr T INFINITE = T(__builtin_inf());
/** Added and subtracted, rounds to an integer, which then stands in the low bits. */
template <typename T> inline constexpr T ROUNDER = T(isFloat<T> ? 12582912.0 : 6755399441055744.0);

/** c0 + c1 x + c2 x^2 + ... */
template <typename T, typename... Rest> inline Vector<T> polynomial(Vector<T> x, double c, Rest... rest) {
  if constexpr (sizeof...(rest) == 0)
    return broadcast<T>(T(c));
  else
    return polynomial<T>(x, rest...) * x + T(c);
}

template <typename T> inline Mask<T> bitsOf(Vector<T> x) { return (Mask<T>)x; }
template <typename T> inline Vector<T> ofBits(Mask<T> bits) { return (Vector<T>)bits; }
template <typename T> inline Mask<T> signOf(Vector<T> x) { return bitsOf<T>(x) & bitsOf<T>(broadcast<T>(T(-0.0))); }
template <typename T> inline Vector<T> magnitude(Vector<T> x) { return ofBits<T>(bitsOf<T>(x) & ~bitsOf<T>(broadcast<T>(T(-0.0)))); }

/** Keeps NaN. */
template <typename T> inline Vector<T> notAbove(Vector<T> x, T high) { return x > high ? broadcast<T>(high) : x; }
template <typename T> inline Vector<T> notBelow(Vector<T> x, T low) { return x < low ? broadcast<T>(low) : x; }

template <typename T> inline Vector<T> rounded(Vector<T> x) { return (x + ROUNDER<T>)-ROUNDER<T>; }

/** 2^n, n a whole number within the normal exponents. */
template <typename T> inline Vector<T> powerOfTwo(Vector<T> n) {
  return ofBits<T>(bitsOf<T>(n + (ROUNDER<T> + T(EXPONENT_BIAS<T>))) << MANTISSA_BITS<T>);
}

/** x 2^n in two factors, so that n may reach beyond the exponents and the result may be subnormal or infinite. */
template <typename T> inline Vector<T> scaled(Vector<T> x, Vector<T> n) {
  const Vector<T> half = rounded<T>(n * T(0.5));
  return x * powerOfTwo<T>(half) * powerOfTwo<T>(n - half);
}

template <typename T> inline Vector<T> sqrt(Vector<T> x) {
#if defined(__clang__)
  return __builtin_elementwise_sqrt(x);
#else
  Vector<T> root;
  for (int lane = 0; lane < LANES<T>; lane++) root[lane] = isFloat<T> ? T(__builtin_sqrtf(float(x[lane]))) : T(__builtin_sqrt(x[lane]));
  return root;
#endif
}

/** x + low = n ln 2 + r; expRel = (exp(r) - 1) / r. */
template <typename T> struct Reduced {
  Vector<T> n, r, expRel;
};

template <typename T> inline Reduced<T> reducedBy(Vector<T> x, Vector<T> n, Vector<T> low) {
  if constexpr (isFloat<T>) {
    const Vector<T> r = ((x - n * 0.693145751953125f) - n * 1.4286068203094172e-6f) + low;
    return {n, r,
            polynomial<T>(r, 1.00000001143196166, 0.500000004999721231, 0.16666498742347773, 0.0416663402494248374, 0.00836986412118871892,
                          0.00139421504353844777)};
  } else {
    const Vector<T> r = ((x - n * 0.6931471805596629565) - n * 2.8235290563031577e-13) + low;
    return {n, r,
            polynomial<T>(r, 1.0, 0.50000000000000062, 0.166666666666666823, 0.0416666666665654716, 0.0083333333333184746,
                          0.00138888889351439587, 0.000198412698930169907, 0.0000248015010119071588, 2.75572377711801881e-6,
                          2.76277317763612004e-7, 2.5111190683834834e-8)};
  }
}

template <typename T> inline Reduced<T> reduced(Vector<T> x, Vector<T> low = Vector<T>{}) {
  return reducedBy<T>(x, rounded<T>(x * T(1.4426950408889634074)), low);
}

/** Beyond these exp is 0 or infinite. */
template <typename T> inline constexpr T EXP_LOW = T(isFloat<T> ? -104 : -746);
template <typename T> inline constexpr T EXP_HIGH = T(isFloat<T> ? 89 : 710);

template <typename T> inline Vector<T> exp(Vector<T> x) {
  if constexpr (isFloat<T>) {
    // the exponent is added to the bits: a third less work than two factors, at the price of the subnormal results
    const Vector<T> shifted = x * T(1.4426950408889634074) + ROUNDER<T>;
    const Reduced<T> e = reducedBy<T>(x, shifted - ROUNDER<T>, Vector<T>{});
    // unsigned: beyond the exponents, where the sum is not looked at, it wraps around
    using Bits = typename VectorOf<T, WIDTH_BYTES>::Bits;
    const Vector<T> result = (Vector<T>)((Bits)bitsOf<T>(e.r * e.expRel + T(1)) + ((Bits)bitsOf<T>(shifted) << MANTISSA_BITS<T>));
    return x > T(88.722839) ? broadcast<T>(INFINITE<T>) : x < T(-87.336544) ? Vector<T>{} : result;
  } else {
    const Reduced<T> e = reduced<T>(notBelow<T>(notAbove<T>(x, EXP_HIGH<T>), EXP_LOW<T>));
    return scaled<T>(e.r * e.expRel + T(1), e.n);
  }
}

/** Half of exp(x) and of exp(x) - 1, so that neither overflows before x does; below LOW both are those of LOW. */
template <typename T> struct Halves {
  Vector<T> exp, expMinus1;
  /** |x| < ln(2) / 2: exp(x) - 1 = x expRel. */
  Mask<T> near;
  Vector<T> expRel;
};

template <typename T> inline Halves<T> halves(Vector<T> x) {
  constexpr T LOW = T(isFloat<T> ? -60 : -700);
  const Reduced<T> e = reduced<T>(notBelow<T>(notAbove<T>(x, EXP_HIGH<T>), LOW));
  const Vector<T> half = powerOfTwo<T>(e.n - T(1));
  const Vector<T> q = e.r * e.expRel;
  return {half * q + half, half * q + (half - T(0.5)), e.n == T(0), e.expRel};
}

/** exprel(x) = (exp(x) - 1) / x, 1 at 0, and its derivative, 1/2 at 0. */
template <typename T> struct Exprel {
  Vector<T> value, slope;
};

/**
 * The slope is (exp(x) - exprel(x)) / x, but for |x| < 1, where it is exprel(x) (1 / (1 - exp(-x)) - 1 / x) with the series of the second
 * factor, 1/2 + sum of B(2k) x^(2k-1) / (2k)!, which has no cancellation; the first term left out is 1e-9 (float) and 3e-19 (double).
 */
template <typename T> inline Exprel<T> exprelAndSlope(Vector<T> x) {
  const Halves<T> e = halves<T>(x);
  const Vector<T> inverse = T(1) / notAbove<T>(x, EXP_HIGH<T>);
  const Vector<T> value = e.near ? e.expRel : e.expMinus1 * T(2) * inverse;
  const Vector<T> z = x * x;
  Vector<T> series;
  if constexpr (isFloat<T>)
    series = polynomial<T>(z, 0.08333333333333333333, -0.001388888888888888889, 3.306878306878306878e-5, -8.267195767195767196e-7,
                           2.087675698786809898e-8);
  else
    series = polynomial<T>(z, 0.08333333333333333333, -0.001388888888888888889, 3.306878306878306878e-5, -8.267195767195767196e-7,
                           2.087675698786809898e-8, -5.284190138687493185e-10, 1.338253653068467883e-11, -3.389680296322582867e-13,
                           8.586062056277844564e-15, -2.174868698558061873e-16);
  const Vector<T> far = (e.exp - e.expMinus1 * inverse) * T(2) * inverse;
  return {value, z < T(1) ? value * (series * x + T(0.5)) : far};
}

template <typename T> inline Vector<T> exprel(Vector<T> x) { return exprelAndSlope<T>(x).value; }
template <typename T> inline Vector<T> exprelSlope(Vector<T> x) { return exprelAndSlope<T>(x).slope; }

template <typename T> inline Vector<T> log(Vector<T> x) {
  constexpr T TINY = T(isFloat<T> ? 1.17549435e-38 : 2.2250738585072014e-308);
  constexpr T LIFT = T(isFloat<T> ? 33554432.0 : 18014398509481984.0);
  const Mask<T> subnormal = x < TINY;
  const Vector<T> normal = subnormal ? x * LIFT : x;
  const Mask<T> one = bitsOf<T>(broadcast<T>(T(1)));
  const Mask<T> mantissa = (one & 0) + ((typename ScalarBits<T>::Type(1) << MANTISSA_BITS<T>)-1);
  Vector<T> m = ofBits<T>((bitsOf<T>(normal) & mantissa) | one);
  Vector<T> e = __builtin_convertvector((bitsOf<T>(normal) >> MANTISSA_BITS<T>)-EXPONENT_BIAS<T>, Vector<T>);
  e = subnormal ? e - T(isFloat<T> ? 25 : 54) : e;
  const Mask<T> large = m > T(1.41421356237309504880);
  m = large ? m * T(0.5) : m;
  e = large ? e + T(1) : e;
  // log(1 + f) = f - s (f - R), s = f / (2 + f), s R = the odd series of 2 atanh(s) without its first term
  const Vector<T> f = m - T(1);
  const Vector<T> s = f / (f + T(2));
  const Vector<T> z = s * s;
  Vector<T> R, high, low;
  if constexpr (isFloat<T>) {
    R = z * polynomial<T>(z, 2.0 / 3, 2.0 / 5, 2.0 / 7, 2.0 / 9);
    high = e * 0.693145751953125f;
    low = e * 1.4286068203094172e-6f;
  } else {
    R = z * polynomial<T>(z, 2.0 / 3, 2.0 / 5, 2.0 / 7, 2.0 / 9, 2.0 / 11, 2.0 / 13, 2.0 / 15, 2.0 / 17, 2.0 / 19);
    high = e * 0.6931471805596629565;
    low = e * 2.8235290563031577e-13;
  }
  Vector<T> result = high - ((s * (f - R) - low) - f);
  result = x == INFINITE<T> ? x : result;
  result = x == T(0) ? broadcast<T>(-INFINITE<T>) : result;
  return ((x < T(0)) | (x != x)) ? broadcast<T>(T(__builtin_nan(""))) : result;
}

template <typename T> inline Vector<T> tanh(Vector<T> x) {
  if constexpr (isFloat<T>) {
    // x P(x^2) / Q(x^2): all coefficients positive; relative error of the fit 2.1e-8 up to 9.02, where tanh rounds to 1
    const Vector<T> clamped = notBelow<T>(notAbove<T>(x, T(9.02)), T(-9.02));
    const Vector<T> z = clamped * clamped;
    const Vector<T> P = polynomial<T>(z, 0.999999979335, 0.133796825103, 0.00349399010287, 2.0582671395e-5, 1.3317832483e-8);
    const Vector<T> Q = polynomial<T>(z, 1.0, 0.467129978853, 0.0258709100116, 0.000328301654664, 7.76153546304e-7);
    return clamped * P / Q;
  } else {
    // (1 - exp(-2 |x|)) / (1 + exp(-2 |x|))
    const Vector<T> twice = magnitude<T>(x) * T(-2);
    const Halves<T> e = halves<T>(twice);
    const Vector<T> half = e.near ? twice * e.expRel * T(0.5) : e.expMinus1;
    return ofBits<T>(bitsOf<T>(-half / (half + T(1))) | signOf<T>(x));
  }
}

/** exp(|x|) / 2 up to where sinh and cosh overflow. */
template <typename T> inline Vector<T> halfExp(Vector<T> size) {
  const Reduced<T> e = reduced<T>(notAbove<T>(size, EXP_HIGH<T> + T(1)));
  return scaled<T>(e.r * e.expRel + T(1), e.n - T(1));
}

template <typename T> inline Vector<T> cosh(Vector<T> x) {
  const Vector<T> half = halfExp<T>(magnitude<T>(x));
  return half + T(0.25) / half;
}

template <typename T> inline Vector<T> sinh(Vector<T> x) {
  const Vector<T> size = magnitude<T>(x);
  const Vector<T> half = halfExp<T>(size);
  const Halves<T> e = halves<T>(notAbove<T>(size, T(2)));
  const Vector<T> minus1 = e.near ? size * e.expRel : e.expMinus1 * T(2);
  const Vector<T> small = (minus1 + minus1 / (minus1 + T(1))) * T(0.5);
  return ofBits<T>(bitsOf<T>(size < T(1) ? small : half - T(0.25) / half) | signOf<T>(x));
}

/** 1 / (1 + exp(-x)) */
template <typename T> inline Vector<T> sigmoid(Vector<T> x) {
  const Vector<T> e = exp<T>(-magnitude<T>(x));
  const Vector<T> large = T(1) / (e + T(1));
  return x < T(0) ? e * large : large;
}

template <typename T> struct SineCosine {
  Vector<T> sin, cos;
};

template <typename T> inline SineCosine<T> sineCosine(Vector<T> x) {
  Vector<T> n = rounded<T>(x * T(0.636619772367581343));
  Vector<T> r;
  if constexpr (isFloat<T>)
    r = (((x - n * 1.5703125f) - n * 0.0004837512969970703125f) - n * 7.5495336204767227e-8f) - n * 2.5633441515945188e-12f;
  else
    r = (((x - n * 1.57079632673412561417) - n * 6.077100506303965976595549e-11) - n * 2.022266248711166455796e-21);
  // each product above is exact up to here; beyond, which training does not meet unless it diverges, one lane after the other
  constexpr T EXACT = T(isFloat<T> ? 8000 : 800000);
  const Mask<T> far = ~(magnitude<T>(x) < EXACT);
  if (anyLane<T>(far))
    for (int lane = 0; lane < LANES<T>; lane++)
      if (far[lane]) {
        const Angle angle = reduceAngle(double(x[lane]));
        n[lane] = T(angle.quadrant);
        r[lane] = T(angle.rest);
      }
  const Vector<T> z = r * r;
  Vector<T> sine, cosine;
  if constexpr (isFloat<T>) {
    sine = polynomial<T>(z, -0.166666666636259008, 0.00833333178609520641, -0.000198400392443558551, 2.724382079531883e-6);
    cosine = polynomial<T>(z, 0.0416666641294062, -0.00138888875979552838, 2.480056069577990e-5, -2.72958589920193868e-7);
  } else {
    sine = polynomial<T>(z, -0.166666666666666667, 0.00833333333333333126, -0.000198412698412645672, 2.75573192189556434e-6,
                         -2.50521061005260435e-8, 1.60585109134661159e-10, -7.58548850593743011e-13);
    cosine = polynomial<T>(z, 0.0416666666666666667, -0.00138888888888888877, 2.480158730158436960e-5, -2.75573192211895451e-7,
                           2.08767557177195129e-9, -1.14704493735518776e-11, 4.74519981817332026e-14);
  }
  sine = r + r * z * sine;
  cosine = T(1) - (z * T(0.5) - z * z * cosine);
  const Mask<T> quadrant = bitsOf<T>(n + ROUNDER<T>);
  const Mask<T> odd = (quadrant & 1) != 0;
  const Vector<T> sinValue = odd ? cosine : sine;
  const Vector<T> cosValue = odd ? sine : cosine;
  return {(quadrant & 2) != 0 ? -sinValue : sinValue, ((quadrant + 1) & 2) != 0 ? -cosValue : cosValue};
}

template <typename T> inline Vector<T> sin(Vector<T> x) { return sineCosine<T>(x).sin; }
template <typename T> inline Vector<T> cos(Vector<T> x) { return sineCosine<T>(x).cos; }

/** Standard normal distribution: its cumulative function and its density. GELU is x cdf, its derivatives are cdf + x density and density (2
 * - x^2). */
template <typename T> struct Normal {
  Vector<T> cdf, density;
};

/** The tail beyond a = |x| is exp(-a^2 / 2) G(t) / (a + 4), G a polynomial in t = (a - 4) / (a + 4). */
template <typename T> inline Normal<T> normal(Vector<T> x) {
  const Vector<T> a = notAbove<T>(magnitude<T>(x), T(40));
  // a^2 / 2 as an exact square and a small rest
  const Vector<T> head =
      ofBits<T>(bitsOf<T>(a) & ~((bitsOf<T>(a) & 0) + ((typename ScalarBits<T>::Type(1) << (isFloat<T> ? 12 : 27)) - 1)));
  const Vector<T> rest = (head - a) * (head + a) * T(0.5);
  const Reduced<T> e = reduced<T>(notBelow<T>(head * head * T(-0.5), EXP_LOW<T>), rest);
  const Vector<T> bell = scaled<T>(e.r * e.expRel + T(1), e.n);
  const Vector<T> t = (a - T(4)) / (a + T(4));
  Vector<T> G;
  if constexpr (isFloat<T>)
    G = polynomial<T>(t, 0.755285130516605693, -0.607896631366224109, 0.387137393859843111, -0.186522159839951398, 0.0603966482780049374,
                      -0.00753771715968363235, -0.00347995463744340011, 0.00162204010552842815, 0.00013365338709444132,
                      -0.000215573776286452113, -1.73108230147541793e-6, 0.0000211829842552246621);
  else
    G = polynomial<T>(t, 0.755285130415751492, -0.607896641971892299, 0.387137400742214921, -0.186521857959636638, 0.0603965748909176935,
                      -0.00754018896738558796, -0.00347969236704439518, 0.00163081846740058248, 0.000133344309374986662,
                      -0.000231095017296386668, -1.90824612846612093e-6, 0.0000351451116152593512, 7.16657911961793597e-7,
                      -5.92161024871896705e-6, -6.29834596516350473e-7, 1.0247836575831084e-6, 2.72459403526871443e-7,
                      -1.59772260735489549e-7, -8.6862550434342022e-8, 1.78436733239660535e-8, 2.14248777912411383e-8,
                      -5.86836452774305846e-10, -3.72955823589671423e-9, -1.20073597390911186e-10, 3.40142014823719822e-10);
  const Vector<T> tail = bell * G / (a + T(4));
  return {x > T(0) ? T(1) - tail : tail, bell * T(0.39894228040143267794)};
}

} // namespace loligo::inline LOLIGO_ISA
