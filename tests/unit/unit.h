/*
 * unit - what every unit test includes: cmocka, with the headers that it needs before its own.
 */
#ifndef TESTS_UNIT_UNIT_H
#define TESTS_UNIT_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* Rows of a table of cases. */
#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

#endif
