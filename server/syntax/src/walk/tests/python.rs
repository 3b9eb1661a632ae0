//! Worked examples in Python.

use super::{check, parsed};

#[test]
fn straight_code_with_try_finally_and_with_costs_nothing() {
    check(
        "python",
        "def f(path):\n    try:\n        with open(path) as file:\n            return file.read()\n    finally:\n        log(path)\n",
    );
}

#[test]
fn elif_and_else_cost_one_whatever_their_level() {
    check(
        "python",
        "
def f(a):
    if a == 1:  # +1
        return 'one'
    elif a == 2:  # +1
        return 'two'
    else:  # +1
        if a > 9:  # +2
            return 'many'
        else:  # +1
            return 'some'
",
    );
}

#[test]
fn sum_of_primes_of_the_paper() {
    check(
        "python",
        "
def sum_of_primes(limit):
    total = 0
    for i in range(1, limit + 1):  # +1
        for j in range(2, i):  # +2
            if i % j == 0:  # +3
                break
        else:  # +1
            total += i
    return total
",
    );
}

#[test]
fn else_of_while_and_try_costs_one_and_nests() {
    check(
        "python",
        "
def f(items):
    while items:  # +1
        items.pop()
    else:  # +1
        if a:  # +2
            pass
    try:
        g()
    except ValueError:  # +1
        if a:  # +2
            pass
    except (KeyError, TypeError) as error:  # +1
        pass
    else:  # +1
        g()
    finally:
        if a:  # +1
            g()
",
    );
}

#[test]
fn a_match_is_one_step_for_all_its_cases() {
    check(
        "python",
        "
def f(command):
    match command:  # +1
        case ['go', where] if where != 'away':
            return where
        case ['stop']:
            if command:  # +2
                return None
        case _:
            return None
",
    );
}

#[test]
fn sequences_of_the_same_boolean_operator_cost_one() {
    check("python", "def f(a, b, c, d):\n    return a and b and c and d  # +1\n");
    check("python", "def f(a, b, c, d):\n    return a and b or c and d  # +1 +1 +1\n");
    check("python", "def f(a, b, c):\n    return a and not (b and c)  # +1 +1\n");
    check("python", "def f(a, b, c):\n    return (a and b) and c  # +1\n");
    check("python", "def f(a, b, c, d):\n    return a and g(b or c) and d  # +1 +1\n");
    check("python", "def f(a, b):\n    if a and b or g(a):  # +1 +1 +1\n        return not a\n");
}

#[test]
fn conditional_expressions_nest_each_other() {
    check("python", "def f(a):\n    return 1 if a else 2  # +1\n");
    check("python", "def f(a, b):\n    return 1 if a else 2 if b else 3  # +1 +2\n");
    check("python", "def f(a):\n    for b in a:  # +1\n        g(1 if b else 2)  # +2\n");
}

#[test]
fn comprehensions_are_free_but_conditions_in_them_are_not() {
    check("python", "def f(a):\n    return [b for b in a if b]\n");
    check("python", "def f(a):\n    return {b: (1 if b else 2) for b in a if b and g(b)}  # +1 +1\n");
}

#[test]
fn inner_functions_and_lambdas_are_one_level_deeper() {
    check(
        "python",
        "
def f(items):
    key = lambda item: 1 if item else 2  # +2
    def inner(x):
        if x:  # +2
            return lambda: 1 if x else 2  # +4
    return sorted(items, key=key)
",
    );
}

#[test]
fn a_decorator_does_not_nest_its_wrapper() {
    check(
        "python",
        "
def a_decorator(a, b):
    '''Wraps.'''
    def inner(func):
        if condition:  # +1
            print(b)
        func()
    return inner
",
    );
    check(
        "python",
        "
def factory(a):
    def decorator(func):
        @wraps(func)
        def inner():
            if condition:  # +1
                func()
        return inner
    return decorator
",
    );
    check(
        "python",
        "
def not_a_decorator(a, b):
    my_var = a * b
    def inner(func):
        if condition:  # +2
            print(b)
        func()
    return inner
",
    );
}

#[test]
fn direct_recursion_costs_one_however_often() {
    check(
        "python",
        "def fib(n):  # +1\n    if n < 2:  # +1\n        return n\n    return fib(n - 1) + fib(n - 2)\n",
    );
    let text = "class Tree:\n    def walk(self):\n        self.walk()\n    def other(self):\n        other()\n        x.other()\n";
    let costs: Vec<u32> =
        parsed("python", text).functions().iter().map(|one| one.metrics.cognitive).collect();
    assert_eq!(costs, [1, 0]);
}

#[test]
fn jumps_without_a_label_are_free() {
    check(
        "python",
        "
def f(rows):
    for row in rows:  # +1
        if not row:  # +2
            continue
        for cell in row:  # +2
            if cell == 'x' and row:  # +3 +1
                break
    return rows
",
    );
}

#[test]
fn async_and_walrus_are_like_the_rest() {
    check(
        "python",
        "
async def f(stream):
    async for part in stream:  # +1
        async with lock:
            if (n := len(part)) > 3:  # +2
                await g(n)
",
    );
}

#[test]
fn a_method_of_a_local_class_is_an_inner_function() {
    check(
        "python",
        "
def f():
    class Local:
        def m(self):
            if self:  # +2
                return 1
    return Local()
",
    );
}
