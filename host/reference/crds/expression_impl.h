/* Trees of expressions, between their parser and their evaluation. */
#ifndef RP_HOST_REFERENCE_CRDS_EXPRESSION_IMPL_H
#define RP_HOST_REFERENCE_CRDS_EXPRESSION_IMPL_H

#include "host/reference/crds/expression.h"

typedef enum rp_operation {
    RP_OP_CONSTANT,
    RP_OP_NAME,
    RP_OP_TUPLE,
    RP_OP_LIST,
    RP_OP_MINUS,
    RP_OP_NOT,
    RP_OP_AND,
    RP_OP_OR,
    RP_OP_IF,
    RP_OP_EQ,
    RP_OP_NE,
    RP_OP_LT,
    RP_OP_LE,
    RP_OP_GT,
    RP_OP_GE,
    RP_OP_IN,
    RP_OP_NOT_IN
} rp_operation;

typedef enum rp_value_kind {
    RP_VALUE_NONE,
    RP_VALUE_BOOL,
    RP_VALUE_INT,
    RP_VALUE_FLOAT,
    RP_VALUE_TEXT,
    RP_VALUE_TUPLE,
    RP_VALUE_LIST
} rp_value_kind;

typedef struct rp_value {
    rp_value_kind kind;
    double number;
    const char *text;
    size_t length;
    const struct rp_value *item;
    size_t count;
} rp_value;

struct rp_expression {
    rp_operation operation;
    rp_value value; /* CONSTANT; NAME: text */
    int slot;       /* NAME */
    const rp_expression *a, *b, *condition;
    const rp_expression *const *item; /* TUPLE, LIST */
    size_t count;
};

#endif
