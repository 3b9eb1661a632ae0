#include "calc.h"

#include <stdio.h>

static int bad = 0;

static void check(const char *name, bool holds) {
    printf("%s %s\n", holds ? "PASS" : "FAIL", name);
    bad += holds ? 0 : 1;
}

int main(void) {
    check("even", is_even(4) && is_even(0) && is_even(-2));
    check("odd", !is_even(3) && !is_even(-1));
    check("words", count_words("one two  three ") == 3);
    check("none", count_words("") == 0 && count_words("  ") == 0);
    return bad ? 1 : 0;
}
