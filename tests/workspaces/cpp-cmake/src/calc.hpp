#pragma once

#include <string>
#include <vector>

namespace calc {

/// Tells whether a number is even.
bool is_even(int number);

/// The first text, or nothing where there is none.
const std::string *first(const std::vector<std::string> &texts);

} // namespace calc
