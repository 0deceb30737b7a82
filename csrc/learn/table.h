/* table: the checks that every routine on a sparse table begins with. */
#ifndef MG_LEARN_TABLE_H
#define MG_LEARN_TABLE_H

#include <stdbool.h>

#include "minigrad/learn.h"

/* Whether start ascends from 0 and every index is a column. */
bool mg_table_valid(const mg_table_t *table);

/* The same for the n rows named alone: a large table need not be read for a few of them. */
bool mg_table_rows_valid(const mg_table_t *table, size_t n, const int64_t *rows);

/* Whether both are valid, and of transposed shapes with as many entries. */
bool mg_table_pair_valid(const mg_table_t *by_user, const mg_table_t *by_item);

#endif
