/* The rows of a PNG, restored from their filters.
 *
 * Problem. A filter byte f and n bytes x stand for each row; find the bytes r of the picture.
 * Assumptions: a pixel is `step` bytes; beyond the left border and above the first row is 0.
 *
 * (D1) With a = r[i - step], b = r[i] and c = r[i - step] of the row above, modulo 256:
 *      r[i] = x[i] + (0, a, b, floor((a + b) / 2), P(a, b, c)) by f = 0 to 4.
 * (D2) P is that of a, b, c which is nearest to a + b - c, the first of those equally near;
 *      its distances to them are |b - c|, |a - c| and |a + b - 2 c|.
 *
 * Reference: W3C (2003), Portable Network Graphics (PNG) Specification, second edition,
 * section 9, after A. W. Paeth (1991), Image file compression made easy, Graphics Gems II. */
#include <stdlib.h>

#include "minigrad/image.h"

#include "core/arena.h"

static int paeth(int a, int b, int c)
{
    int to_a = abs(b - c), to_b = abs(a - c), to_c = abs(a + b - 2 * c); /* (D2) */
    if (to_a <= to_b && to_a <= to_c) return a;
    return to_b <= to_c ? b : c;
}

/* (D1) for one row; `above` is NULL for the first. */
static void unfilter_row(int filter, size_t size, size_t step, const uint8_t *above, uint8_t *row)
{
    if (filter == 0) return;
    for (size_t i = 0; i < size; i++) {
        int a = i < step ? 0 : row[i - step], b = above == NULL ? 0 : above[i];
        int c = i < step || above == NULL ? 0 : above[i - step];
        int guess = filter == 1 ? a : filter == 2 ? b : filter == 3 ? (a + b) / 2 : paeth(a, b, c); /* (D1) */
        row[i] = (uint8_t)(row[i] + guess);
    }
}

mg_status_t mg_image_unfilter(size_t height, size_t size, size_t step, uint8_t *rows)
{
    size_t total;
    if (size == SIZE_MAX || !mg_size_mul(height, size + 1, &total)) return MG_ERR_OVERFLOW;
    if (step == 0) return MG_ERR_ARGUMENT;
    for (size_t j = 0; j < height; j++)
        if (rows[j * (size + 1)] > 4) return MG_ERR_ARGUMENT;
    for (size_t j = 0; j < height; j++) {
        uint8_t *row = rows + j * (size + 1) + 1;
        unfilter_row(row[-1], size, step, j == 0 ? NULL : row - (size + 1), row);
    }
    return MG_OK;
}
