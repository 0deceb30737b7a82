/* Contact of convex polygons.
 *
 * Problem. Whether the convex hulls A and B of two rings of vertices have a point in common,
 * and their signed distance: how far apart they are, or how far the one must move for them
 * to part. Assumptions: those of linalg/orientation.c; each ring turns one way, once around
 * (a point and a segment, walked to and fro, are rings too).
 *
 * (D1) A and B are disjoint exactly if the closed convex set A - B leaves out the origin,
 *      that is, if an open half-plane holds A - B but not its border. If A - B has an area,
 *      it is a polygon whose edges are parallel to edges of A or B, and one of its edge lines
 *      will do: a line through an edge of A with B strictly beyond, or the reverse. This
 *      takes orientations alone, and they are exact.
 * (D2) If it has none, A and B lie on parallel lines. If those differ, an edge line still
 *      does it. If they are one line, or both sets are points, what parts A and B is their
 *      order along it: all of the one come before all of the other by x, then y.
 * (D3) A ring is convex if no two of its corners turn different ways, and it goes around
 *      once: then it changes between ascending and descending, by x and then y, at most twice.
 * (D4) Apart, the distance is that of a corner of one to an edge of the other, since two
 *      edges of which neither end is nearest are parallel or cross. The nearest point of the
 *      edge p + t e to b has t = e.(b - p) / e.e, held between 0 and 1.
 * (D5) Touching, the way out is that of the origin out of A - B, through its nearest edge:
 *      the edge line of A (unit normal n, outward) with the largest min over b of n.(b - p),
 *      which is <= 0, or likewise of B with n reversed.
 *
 * Reference: S. Gottschalk, M. C. Lin, D. Manocha (1996), OBBTree, SIGGRAPH '96, section 5;
 * C. Ericson (2005), Real-Time Collision Detection, section 5.2. Both project on axes in
 * floating point; here the verdict takes exact signs, and only the distance is rounded. */
#include "minigrad/linalg.h"

#include <float.h>
#include <math.h>
#include <stdbool.h>

#include "core/arena.h"
#include "linalg/orientation.h"

typedef struct {
    size_t n;
    const double *v; /* x and y of each vertex */
    int turn;
} ring_t;

/* Negative, 0 or positive as p comes before, is, or comes after q by x, then y. */
static int order(const double *p, const double *q)
{
    if (p[0] != q[0]) return p[0] < q[0] ? -1 : 1;
    return p[1] == q[1] ? 0 : p[1] < q[1] ? -1 : 1;
}

/* Fill in a ring's turn: 1 counter-clockwise, -1 clockwise, 0 without area. */
static mg_status_t find_turn(ring_t *ring)
{
    mg_status_t status = mg_coordinates_check(2 * ring->n, ring->v);
    if (status != MG_OK) return status;
    if (ring->n == 0) return MG_ERR_ARGUMENT;
    const double *last = ring->v + 2 * (ring->n - 1), *before = last;
    while (before != ring->v && order(before, last) == 0) before -= 2;
    int reversals = 0, direction = order(before, last);
    ring->turn = 0;
    for (size_t i = 0; i < ring->n; i++) {
        const double *next = ring->v + 2 * i;
        int ahead = order(last, next);
        if (ahead == 0) continue;
        int side = mg_orientation(before, last, next);
        if (side != 0 && side == -ring->turn) return MG_ERR_ARGUMENT; /* (D3) */
        if (side != 0) ring->turn = side;
        reversals += ahead != direction;
        direction = ahead;
        before = last;
        last = next;
    }
    return reversals <= 2 ? MG_OK : MG_ERR_ARGUMENT;
}

/* Whether the line through an edge of a has all of b strictly beyond it. */
static bool edge_parts(const ring_t *a, const ring_t *b)
{
    const double *p = a->v + 2 * (a->n - 1);
    for (const double *q = a->v; q < a->v + 2 * a->n; p = q, q += 2) {
        if (order(p, q) == 0) continue;
        int beyond = a->turn != 0 ? -a->turn : mg_orientation(p, q, b->v);
        size_t i = 0;
        while (i < b->n && beyond != 0 && mg_orientation(p, q, b->v + 2 * i) == beyond) i++;
        if (i == b->n) return true; /* (D1) */
    }
    return false;
}

/* Whether all of a comes before all of b. */
static bool order_parts(const ring_t *a, const ring_t *b)
{
    const double *last = a->v, *first = b->v;
    for (size_t i = 1; i < a->n; i++)
        if (order(last, a->v + 2 * i) < 0) last = a->v + 2 * i;
    for (size_t i = 1; i < b->n; i++)
        if (order(b->v + 2 * i, first) < 0) first = b->v + 2 * i;
    return order(last, first) < 0; /* (D2) */
}

static bool touch(const ring_t *a, const ring_t *b)
{
    return !order_parts(a, b) && !order_parts(b, a) && !edge_parts(a, b) && !edge_parts(b, a);
}

/* Part i of a body, its turn found. */
static mg_status_t part(const uint64_t *starts, const double *vertices, size_t i, ring_t *ring)
{
    if (starts[i + 1] < starts[i] || starts[i + 1] > SIZE_MAX / (2 * sizeof(double))) return MG_ERR_ARGUMENT;
    *ring = (ring_t){(size_t)(starts[i + 1] - starts[i]), vertices + 2 * starts[i], 0};
    return find_turn(ring);
}

mg_status_t mg_convex_turn_f64(size_t n, const double *vertices, int32_t *turn)
{
    if (n > SIZE_MAX / (2 * sizeof(double))) return MG_ERR_OVERFLOW;
    ring_t ring = {n, vertices, 0};
    mg_status_t status = find_turn(&ring);
    if (status == MG_OK) *turn = ring.turn;
    return status;
}

mg_status_t mg_convex_touch_f64(size_t n_a, const uint64_t *a_starts, const double *a, size_t n_b,
                                const uint64_t *b_starts, const double *b, int32_t *touching)
{
    mg_arena_t arena = MG_ARENA_EMPTY;
    mg_arena_plan(&arena, n_b, sizeof(ring_t));
    mg_status_t status = mg_arena_open(&arena);
    if (status != MG_OK) return status;
    ring_t *others = mg_arena_take(&arena, n_b, sizeof(ring_t));
    for (size_t j = 0; j < n_b && status == MG_OK; j++) status = part(b_starts, b, j, &others[j]);
    bool found = false;
    for (size_t i = 0; i < n_a && status == MG_OK; i++) {
        ring_t ring;
        status = part(a_starts, a, i, &ring);
        for (size_t j = 0; j < n_b && status == MG_OK && !found; j++) found = touch(&ring, &others[j]);
    }
    mg_arena_close(&arena);
    if (status == MG_OK) *touching = found;
    return status;
}

typedef struct {
    double distance;
    double normal[2]; /* unit, from a to b */
} gap_t;

/* Lessen the gap to that between the corners of b and the edges of a; sign is -1 if the
 * normal is to be reversed. */
static void nearest(const ring_t *a, const ring_t *b, double sign, gap_t *gap)
{
    const double *p = a->v + 2 * (a->n - 1);
    for (const double *q = a->v; q < a->v + 2 * a->n; p = q, q += 2) {
        double ex = q[0] - p[0], ey = q[1] - p[1], square = ex * ex + ey * ey;
        for (const double *c = b->v; c < b->v + 2 * b->n; c += 2) {
            double t = square > 0 ? (ex * (c[0] - p[0]) + ey * (c[1] - p[1])) / square : 0; /* (D4) */
            t = t < 0 ? 0 : t > 1 ? 1 : t;
            double dx = t == 1 ? c[0] - q[0] : c[0] - p[0] - t * ex;
            double dy = t == 1 ? c[1] - q[1] : c[1] - p[1] - t * ey;
            double distance = hypot(dx, dy);
            if (distance >= gap->distance) continue;
            *gap =
                (gap_t){distance, {distance > 0 ? sign * dx / distance : 1, distance > 0 ? sign * dy / distance : 0}};
        }
    }
}

/* Raise the gap to the largest by which an edge line of a leaves b beyond it. */
static void shallowest(const ring_t *a, const ring_t *b, double sign, gap_t *gap)
{
    const double *p = a->v + 2 * (a->n - 1);
    for (const double *q = a->v; q < a->v + 2 * a->n; p = q, q += 2) {
        if (order(p, q) == 0) continue;
        double length = hypot(q[0] - p[0], q[1] - p[1]);
        for (int side = -1; side <= 1; side += 2) {
            if (side == -a->turn) continue;
            double nx = side * (q[1] - p[1]) / length, ny = side * (p[0] - q[0]) / length; /* (D5) */
            double least = DBL_MAX;
            for (const double *c = b->v; c < b->v + 2 * b->n; c += 2) {
                double beyond = nx * (c[0] - p[0]) + ny * (c[1] - p[1]);
                if (beyond < least) least = beyond;
            }
            if (least > gap->distance) *gap = (gap_t){least, {sign * nx, sign * ny}};
        }
    }
}

mg_status_t mg_convex_distance_f64(size_t n_a, const double *a, size_t n_b, const double *b, double *distance,
                                   double *normal)
{
    if (n_a > SIZE_MAX / (2 * sizeof(double)) || n_b > SIZE_MAX / (2 * sizeof(double))) return MG_ERR_OVERFLOW;
    ring_t first = {n_a, a, 0}, second = {n_b, b, 0};
    mg_status_t status = find_turn(&first);
    if (status == MG_OK) status = find_turn(&second);
    if (status != MG_OK) return status;
    gap_t gap = {INFINITY, {1, 0}};
    if (touch(&first, &second)) {
        gap.distance = -INFINITY;
        shallowest(&first, &second, 1, &gap);
        shallowest(&second, &first, -1, &gap);
        /* Two equal points have no edge; rounding may leave a contact a hair apart. */
        if (gap.distance > 0 || gap.distance == -INFINITY) gap.distance = 0;
    } else {
        nearest(&first, &second, 1, &gap);
        nearest(&second, &first, -1, &gap);
        if (gap.distance == 0) gap.distance = DBL_MIN;
    }
    *distance = gap.distance;
    normal[0] = gap.normal[0];
    normal[1] = gap.normal[1];
    return MG_OK;
}
