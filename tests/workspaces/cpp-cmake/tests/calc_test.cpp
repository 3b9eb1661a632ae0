#include "calc.hpp"

#include <cstdio>
#include <cstring>

static bool even() { return calc::is_even(4) && calc::is_even(0) && !calc::is_even(3) && !calc::is_even(-1); }

static bool first() {
    std::vector<std::string> texts{"a", "b"};
    return calc::first({}) == nullptr && *calc::first(texts) == "a";
}

int main(int count, char **words) {
    bool holds = count > 1 && (std::strcmp(words[1], "even") == 0 ? even() : first());
    std::printf("%s\n", holds ? "fine" : "wrong");
    return holds ? 0 : 1;
}
