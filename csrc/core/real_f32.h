/* Type template: ordinary C that mentions REAL and FN(name) is included once per
 * type, between this header (or real_f64.h) and real_end.h. */
#define REAL float
#define FN(name) name##_f32
#define TYPE(name) name##_f32_t
#define REAL_EPSILON FLT_EPSILON
#define REAL_MIN FLT_MIN
#define REAL_IS_F32 1
