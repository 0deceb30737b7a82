/* See real_f32.h. */
#define REAL double
#define FN(name) name##_f64
#define TYPE(name) name##_f64_t
#define REAL_EPSILON DBL_EPSILON
#define REAL_MIN DBL_MIN
#define REAL_IS_F32 0
