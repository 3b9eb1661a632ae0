#include "calc.hpp"

namespace calc {

bool is_even(int number) {
    if (number % 2 == 0) {
        return true;
    }
    return false;
}

const std::string *first(const std::vector<std::string> &texts) {
    if (texts.size() == 0) {
        return NULL;
    }
    return &texts[0];
}

} // namespace calc
