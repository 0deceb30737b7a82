/* Ends the region opened by real_f32.h or real_f64.h. */
#undef REAL
#undef FN
#undef TYPE
#undef REAL_EPSILON
#undef REAL_MIN
#undef REAL_IS_F32
