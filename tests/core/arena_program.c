/* Drives csrc/core/arena.c without Python, to be built with and without sanitizers. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/arena.h"

#define EXPECT(condition)                                                                                              \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            printf("%s:%d: %s does not hold\n", __FILE__, __LINE__, #condition);                                       \
            exit(1);                                                                                                   \
        }                                                                                                              \
    } while (0)

static void check_helpers(void)
{
    size_t result = 0;
    EXPECT(mg_size_mul(SIZE_MAX / 2, 2, &result) && result == SIZE_MAX - 1);
    EXPECT(!mg_size_mul(SIZE_MAX / 2 + 1, 2, &result));
    EXPECT(mg_size_mul(0, SIZE_MAX, &result) && result == 0);
    EXPECT(mg_size_add(SIZE_MAX - 1, 1, &result) && result == SIZE_MAX);
    EXPECT(!mg_size_add(SIZE_MAX, 1, &result));
}

/* Every piece is aligned, apart from the others, and writable to its last byte. */
static void check_pieces(void)
{
    const size_t counts[] = {1, 0, 7, 64, 65, 1000, 3};
    enum { PIECES = sizeof counts / sizeof counts[0] };
    unsigned char *pieces[PIECES];
    mg_arena_t arena = MG_ARENA_EMPTY;
    for (size_t i = 0; i < PIECES; i++) mg_arena_plan(&arena, counts[i], sizeof(double));
    EXPECT(mg_arena_open(&arena) == MG_OK);
    for (size_t i = 0; i < PIECES; i++) {
        pieces[i] = mg_arena_take(&arena, counts[i], sizeof(double));
        EXPECT(pieces[i] != NULL);
        EXPECT((uintptr_t)pieces[i] % MG_ALIGNMENT == 0);
        memset(pieces[i], (int)i + 1, counts[i] * sizeof(double));
    }
    for (size_t i = 0; i < PIECES; i++)
        for (size_t byte = 0; byte < counts[i] * sizeof(double); byte++) EXPECT(pieces[i][byte] == i + 1);
    mg_arena_close(&arena);
}

static void check_beyond_plan(void)
{
    mg_arena_t arena = MG_ARENA_EMPTY;
    EXPECT(mg_arena_take(&arena, 1, 1) == NULL); /* not open */
    mg_arena_plan(&arena, 10, 8);
    EXPECT(mg_arena_open(&arena) == MG_OK);
    EXPECT(mg_arena_take(&arena, 17, 8) == NULL);
    EXPECT(mg_arena_take(&arena, SIZE_MAX / 8 + 2, 8) == NULL); /* the product wraps to 8 */
    EXPECT(mg_arena_take(&arena, SIZE_MAX, 1) == NULL);         /* the rounding wraps to 0 */
    EXPECT(mg_arena_take(&arena, 10, 8) != NULL);
    EXPECT(mg_arena_take(&arena, 1, 1) == NULL);
    mg_arena_close(&arena);
    EXPECT(mg_arena_take(&arena, 1, 1) == NULL);
}

static void check_overflow(void)
{
    const size_t plans[][2] = {{SIZE_MAX, 8}, {SIZE_MAX, 1}, {SIZE_MAX / 8, 8}, {(size_t)1 << 62, 2}};
    for (size_t i = 0; i < sizeof plans / sizeof plans[0]; i++) {
        mg_arena_t arena = MG_ARENA_EMPTY;
        mg_arena_plan(&arena, plans[i][0], plans[i][1]);
        mg_arena_plan(&arena, 1, 8); /* a later piece does not hide it */
        EXPECT(mg_arena_open(&arena) == MG_ERR_OVERFLOW);
        mg_arena_close(&arena);
    }
    mg_arena_t sum = MG_ARENA_EMPTY;
    mg_arena_plan(&sum, (size_t)1 << 63, 1);
    mg_arena_plan(&sum, (size_t)1 << 63, 1);
    EXPECT(mg_arena_open(&sum) == MG_ERR_OVERFLOW);
    mg_arena_t large = MG_ARENA_EMPTY; /* fits in size_t, in no address space */
    mg_arena_plan(&large, (size_t)1 << 62, 1);
    EXPECT(mg_arena_open(&large) == MG_ERR_MEMORY);
    mg_arena_close(&large);
}

static void check_reuse(void)
{
    const size_t sizes[] = {100, 50, 100, 5000, 0, 100, (size_t)40 << 20, 100};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        mg_arena_t outer = MG_ARENA_EMPTY, inner = MG_ARENA_EMPTY;
        mg_arena_plan(&outer, sizes[i], 1);
        EXPECT(mg_arena_open(&outer) == MG_OK);
        char *a = mg_arena_take(&outer, sizes[i], 1);
        EXPECT(a != NULL);
        memset(a, 1, sizes[i]);
        mg_arena_plan(&inner, 200, 1); /* two open at once never share a block */
        EXPECT(mg_arena_open(&inner) == MG_OK);
        char *b = mg_arena_take(&inner, 200, 1);
        EXPECT(b != NULL);
        memset(b, 2, 200);
        for (size_t byte = 0; byte < sizes[i]; byte++) EXPECT(a[byte] == 1);
        mg_arena_close(&inner);
        mg_arena_close(&outer);
        mg_arena_close(&outer); /* closing twice is harmless */
    }
#ifndef MG_SANITIZE
    /* The block given back last serves the next call. */
    mg_arena_t first = MG_ARENA_EMPTY, second = MG_ARENA_EMPTY;
    mg_arena_plan(&first, 100, 1);
    mg_arena_plan(&second, 100, 1);
    EXPECT(mg_arena_open(&first) == MG_OK);
    void *piece = mg_arena_take(&first, 100, 1);
    mg_arena_close(&first);
    EXPECT(mg_arena_open(&second) == MG_OK);
    EXPECT(mg_arena_take(&second, 100, 1) == piece);
    mg_arena_close(&second);
#endif
}

int main(void)
{
    check_helpers();
    check_pieces();
    check_beyond_plan();
    check_overflow();
    check_reuse();
    return 0;
}
