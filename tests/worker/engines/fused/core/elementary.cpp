/** Every elementary function against libm in long double: wide sweeps, special values. Errors are relative. */
#include "../../../../../worker/engines/fused/core/elementary.hpp"
#include "program.hpp"
#include <cmath>
#include <cstdio>
#include <cstring>
#include <initializer_list>

using namespace loligo;

static std::vector<test::Property> properties;

static long double exprelOf(long double x) { return x == 0 ? 1 : std::isinf(x) ? (x > 0 ? x : 0) : std::expm1(x) / x; }

/** The largest argument whose exp T holds: exprel and its slope may be infinite beyond, as expm1(x) / x is, and soon are. */
template <typename T> static const T LOUDEST = T(isFloat<T> ? 88.72283 : 709.7827);

static long double slopeOf(long double x) {
  if (std::isinf(x)) return x > 0 ? x : 0;
  if (std::fabs(x) > 1) return x > 0 ? std::exp(x) / x * (1 - 1 / x) + 1 / (x * x) : (exprelOf(x) - std::exp(x)) / -x;
  long double sum = 0, term = 1;
  for (int k = 0; k < 30; k++) {
    sum += term / (k + 2);
    term *= x / (k + 1);
  }
  return sum;
}

template <typename T> static auto beyondLoudest(long double (*exact)(long double)) {
  return [exact](long double x) { return x > LOUDEST<T> ? (long double)INFINITY : exact(x); };
}

static long double cdfOf(long double x) { return std::erfc(-x / std::sqrt(2.0L)) / 2; }
static long double densityOf(long double x) { return std::exp(-x * x / 2) / std::sqrt(2 * 3.14159265358979323846264338327950288L); }
static long double sigmoidOf(long double x) { return 1 / (1 + std::exp(-x)); }

/** `absolute`: the error is taken relative to 1 where the value is smaller. */
template <typename T, typename F, typename G>
static void compare(const char* name, F ours, G exact, double low, double high, double tolerance, bool absolute = false) {
  test::Property property{std::string(name) + (isFloat<T> ? ", float" : ", double"), tolerance};
  const double tiniest = isFloat<T> ? 1.2e-38 : 2.3e-308;
  const double subnormal = isFloat<T> ? 1.5e-45 : 5e-324;
  const auto check = [&](T x) {
    Vector<T> argument = broadcast<T>(T(0.5));
    argument[LANES<T> - 1] = x;
    const T got = ours(argument)[LANES<T> - 1];
    const T want = T(exact((long double)x));
    double error;
    if (std::isnan(want) || std::isnan(got))
      error = std::isnan(want) == std::isnan(got) ? 0 : INFINITY;
    else if (std::isinf(want) || std::isinf(got)) {
      // within a rounding of the largest number both are right
      const T other = std::isinf(want) ? got : want;
      error = got == want || std::fabs((double)other) > (isFloat<T> ? 3.4028e38 : 1.79769313486e308) ? 0 : INFINITY;
    } else if (std::fabs((double)want) < tiniest)
      error = std::fabs((double)got - (double)want) <= 2 * subnormal || (isFloat<T> && got == 0) ? 0 : INFINITY;
    else
      error = double(std::fabs((long double)got - exact((long double)x)) /
                     (absolute ? std::fmax(1.0L, std::fabs(exact(x))) : std::fabs(exact(x))));
    property.see(error, std::to_string(double(x)));
  };
  const int steps = test::EMULATED ? 2000 : 60000;
  for (int i = 0; i <= steps; i++) check(T(low + (high - low) * i / steps));
  for (double size = -160; size <= 160; size += 0.37)
    for (double sign : {-1.0, 1.0}) {
      const double x = sign * std::exp2(size);
      if (x >= low && x <= high) check(T(x));
    }
  for (double x : {0.0, -0.0, 1.0, -1.0, 5e-324, 1e-45, 1e-39, -1e-39, 2.3e-308, 1e30, -1e30, 1e300, -1e300, (double)INFINITY,
                   (double)-INFINITY, (double)NAN})
    check(T(x));
  properties.push_back(property);
}

template <typename T> static void all(double tolerance) {
  const double range = isFloat<T> ? 104 : 746, loud = isFloat<T> ? 90 : 711;
  compare<T>("exp", exp<T>, [](long double x) { return std::exp(x); }, -range, loud, tolerance);
  compare<T>("log", log<T>, [](long double x) { return std::log(x); }, -1, 1000, tolerance);
  compare<T>("log near 1", log<T>, [](long double x) { return std::log(x); }, 0.5, 2, tolerance);
  compare<T>("sqrt", sqrt<T>, [](long double x) { return std::sqrt(x); }, -1, 1000, tolerance);
  compare<T>("tanh", tanh<T>, [](long double x) { return std::tanh(x); }, -25, 25, tolerance);
  compare<T>("tanh near 0", tanh<T>, [](long double x) { return std::tanh(x); }, -1, 1, tolerance);
  compare<T>("sinh", sinh<T>, [](long double x) { return std::sinh(x); }, -loud, loud, tolerance);
  compare<T>("sinh near 0", sinh<T>, [](long double x) { return std::sinh(x); }, -3, 3, tolerance);
  compare<T>("cosh", cosh<T>, [](long double x) { return std::cosh(x); }, -loud, loud, tolerance);
  compare<T>("exprel", [](Vector<T> x) { return exprel<T>(x); }, beyondLoudest<T>(exprelOf), -200, LOUDEST<T>, tolerance);
  compare<T>("exprel near 0", [](Vector<T> x) { return exprel<T>(x); }, beyondLoudest<T>(exprelOf), -2, 2, tolerance);
  compare<T>("exprelSlope", exprelSlope<T>, beyondLoudest<T>(slopeOf), -200, LOUDEST<T>, 1.5 * tolerance);
  compare<T>("exprelSlope near 0", exprelSlope<T>, beyondLoudest<T>(slopeOf), -4, 4, 1.5 * tolerance);
  compare<T>("sigmoid", sigmoid<T>, sigmoidOf, -range, range, tolerance);
  compare<T>("sin", sin<T>, [](long double x) { return std::sin(x); }, -1000, 1000, tolerance, true);
  compare<T>("cos", cos<T>, [](long double x) { return std::cos(x); }, -1000, 1000, tolerance, true);
  compare<T>("sin far", sin<T>, [](long double x) { return std::sin(x); }, -1e7, 1e7, tolerance, true);
  compare<T>("sin near 0", sin<T>, [](long double x) { return std::sin(x); }, -1.5, 1.5, tolerance);
  compare<T>("cos near 0", cos<T>, [](long double x) { return std::cos(x); }, -1.5, 1.5, tolerance);
  compare<T>("normal cdf", [](Vector<T> x) { return normal<T>(x).cdf; }, cdfOf, -38, 38, tolerance);
  compare<T>("normal cdf near 0", [](Vector<T> x) { return normal<T>(x).cdf; }, cdfOf, -6, 6, tolerance);
  compare<T>("normal density", [](Vector<T> x) { return normal<T>(x).density; }, densityOf, -38, 38, tolerance);
}

int main() {
  all<float>(3.3e-7);
  all<double>(1e-15);
  return test::finish(properties);
}
