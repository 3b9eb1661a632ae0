#include "calc.h"

#include <string.h>

/** Tells whether a number is even. */
bool is_even(int number) {
    if (number % 2 == 0) {
        return true;
    }
    return false;
}

/** Counts what stands between blanks. */
int count_words(const char *text) {
    int count = 0;
    if (strlen(text) == 0) {
        return 0;
    }
    for (int i = 0; text[i]; i++) {
        if (text[i] != ' ') {
            if (i == 0 || text[i - 1] == ' ') {
                count += 1;
            }
        }
    }
    return count;
}
