#ifndef CALC_H
#define CALC_H
#include <stdbool.h>

bool is_even(int number);
int count_words(const char *text);

#endif
