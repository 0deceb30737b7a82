/* Filters that sum over a pixel's neighbours: what they share, and what lies beyond the border.
 *
 * Problem. Find the pixel of an image of n pixels that stands for position i outside.
 * Assumption: the border repeats, mirrors or extends the image without end.
 *
 * (D1) A wrapped image has the period n, a mirrored one 2 n. With m = i mod the period, the
 *      pixel is m, or its mirror image 2 n - 1 - m where m >= n.
 *
 * Reference: R. C. Gonzalez and R. E. Woods (2018), Digital Image Processing, 4th ed.,
 * section 3.4, which mirrors by hand; (D1) takes any distance at once.
 *
 * The sums are in filter.inc. */
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "minigrad/image_filter.h"

#include "core/arena.h"
#include "core/dispatch.h"
#include "core/pool.h"

#define NEAREST_CACHE ((size_t)28 << 10) /* bytes: most of the smallest in use */

/* The index of the pixel that stands at i, or n if it is a zero beyond the border. */
static size_t border_index(ptrdiff_t i, size_t size, mg_border_t border)
{
    ptrdiff_t n = (ptrdiff_t)size;
    if (i >= 0 && i < n) return (size_t)i;
    ptrdiff_t period = border == MG_BORDER_REFLECT ? 2 * n : n, m = i % period;
    if (m < 0) m += period;
    switch (border) {
    case MG_BORDER_REPLICATE: return i < 0 ? 0 : size - 1;
    case MG_BORDER_REFLECT: return (size_t)(m < n ? m : period - 1 - m); /* (D1) */
    case MG_BORDER_WRAP: return (size_t)m;
    default: return size;
    }
}

/* The arguments that all filters share are sound, and the image's size fits. */
static mg_status_t check_filter(size_t height, size_t width, size_t channels, size_t kernel_height, size_t kernel_width,
                                mg_border_t border)
{
    size_t bytes, rows, columns;
    if (kernel_height % 2 == 0 || kernel_width % 2 == 0 || (unsigned)border > MG_BORDER_WRAP) return MG_ERR_ARGUMENT;
    if (!mg_size_add(height, kernel_height, &rows) || !mg_size_add(width, kernel_width, &columns) ||
        !mg_size_mul(rows, columns, &bytes) || !mg_size_mul(bytes, channels, &bytes) ||
        !mg_size_mul(bytes, 2 * sizeof(double), &bytes) || bytes > PTRDIFF_MAX)
        return MG_ERR_OVERFLOW;
    return MG_OK;
}

/* Rows of output per chunk: large against the rows that two neighbouring chunks both read. */
static size_t chunk_rows(size_t height, size_t kernel_height, size_t workers)
{
    size_t fair = height / (2 * workers) + 1, least = 4 * kernel_height;
    return fair > least ? fair : least;
}

/* Columns of a tile: its ring and two more rows fit into the nearest cache, but the columns
 * beside it, which are converted again, are few. pixel: bytes of one in between. */
static size_t tile_width(size_t width, size_t pixel, size_t kernel_height, size_t kernel_width)
{
    size_t fitting = NEAREST_CACHE / ((kernel_height + 2) * pixel), least = 8 * kernel_width;
    size_t columns = fitting > least ? fitting : least;
    return columns < width ? columns : width;
}

#define PIXEL uint8_t
#define REAL float
#define DIRECT 0
#define FN(name) name##_u8
#define LOAD(n, in, out) mg_kernels()->filter.load_u8(n, in, out)
#define STORE(n, in, out) mg_kernels()->filter.store_u8(n, in, out)
#define SUM mg_kernels()->filter.sum_f32
#define MAGNITUDE mg_kernels()->filter.magnitude_f32
#include "image/filter.inc"

#define PIXEL uint16_t
#define REAL float
#define DIRECT 0
#define FN(name) name##_u16
#define LOAD(n, in, out) mg_kernels()->filter.load_u16(n, in, out)
#define STORE(n, in, out) mg_kernels()->filter.store_u16(n, in, out)
#define SUM mg_kernels()->filter.sum_f32
#define MAGNITUDE mg_kernels()->filter.magnitude_f32
#include "image/filter.inc"

#define PIXEL float
#define REAL float
#define DIRECT 1
#define FN(name) name##_f32
#define LOAD(n, in, out) memcpy(out, in, (n) * sizeof(float))
#define SUM mg_kernels()->filter.sum_f32
#define MAGNITUDE mg_kernels()->filter.magnitude_f32
#include "image/filter.inc"

#define PIXEL double
#define REAL double
#define DIRECT 1
#define FN(name) name##_f64
#define LOAD(n, in, out) memcpy(out, in, (n) * sizeof(double))
#define SUM mg_kernels()->filter.sum_f64
#define MAGNITUDE mg_kernels()->filter.magnitude_f64
#include "image/filter.inc"
