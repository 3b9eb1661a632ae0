//! Repairs in languages with written types: common mistakes, and how early the search comes to what mends them.

use super::*;

/// How many changes may be tried before.
const EARLY: usize = 400;

/// The texts that single changes make of `text`, the likeliest first.
fn ranked(language: &str, text: &str, test: &str) -> Vec<String> {
    let lexicons = Lexicons::builtin(Languages::builtin().unwrap()).unwrap();
    let source = parsed(language, "a", text);
    let tests = [parsed(language, "t", test)];
    let range = ByteRange::new(0, text.len());
    let changes = lexicons.changes(&source, range, &tests, &Prior::shipped().unwrap());
    changes.into_iter().map(|(_, edits)| patched(&source, edits)).collect()
}

/// Asserts that `around` with `old` becomes `around` with `new`, and soon; `@` in `around` is where they stand.
fn mends(language: &str, around: &str, cases: &[(&str, &str)]) {
    for (old, new) in cases {
        let (text, wanted) = (around.replace('@', old), around.replace('@', new));
        let made = ranked(language, &text, "");
        let rank = made.iter().position(|made| *made == wanted);
        assert!(rank.is_some_and(|rank| rank < EARLY), "{language}: `{old}` -> `{new}`: {rank:?}");
    }
}

#[test]
fn go_is_repaired_by_operators_constants_names_calls_and_slices() {
    let f = "package p\n\nfunc f(xs []int, s string, n int) int {\n\ttotal := 0\n\tfor i := 0; i < n; i++ {\n\t\ttotal += xs[i]\n\t}\n\t@\n\treturn total\n}\n";
    mends(
        "go",
        f,
        &[
            ("if n < 1 { return 0 }", "if n <= 1 { return 0 }"),
            ("if n < 1 || total > 2 { return 0 }", "if n < 1 && total > 2 { return 0 }"),
            ("total = total / n", "total = total * n"),
            ("total = n - total", "total = total - n"),
            ("total += 1", "total -= 1"),
            ("total++", "total--"),
            ("total = len(xs)", "total = len(xs) - 1"),
            ("total = xs[n]", "total = xs[n - 1]"),
            ("xs = xs[1:]", "xs = xs[0:]"),
            ("xs = append(xs, total)", "xs = append(xs, n)"),
            ("s = strings.ToLower(s)", "s = strings.ToUpper(s)"),
            ("if s[0] == '(' { return 1 }", "if s[0] == ')' { return 1 }"),
            ("if n > 1 { return 1 } else { return 2 }", "if n > 1 { return 2 } else { return 1 }"),
            ("total, n = n, total", "n, total = n, total"),
        ],
    );
}

#[test]
fn java_is_repaired_by_operators_constants_names_calls_and_equals() {
    let f = "class A {\n    int f(List<Integer> xs, String s, int n) {\n        int total = 0;\n        for (int i = 0; i < n; i++) {\n            total += xs.get(i);\n        }\n        @\n        return total;\n    }\n}\n";
    mends(
        "java",
        f,
        &[
            ("if (n < 1) return 0;", "if (n <= 1) return 0;"),
            ("if (n < 1 && total > 2) return 0;", "if (n < 1 || total > 2) return 0;"),
            ("total = total / n;", "total = total * n;"),
            ("total -= n;", "total += n;"),
            ("total = xs.get(n);", "total = xs.get(n - 1);"),
            ("total = xs.size();", "total = xs.size() - 1;"),
            ("if (s.startsWith(\"a\")) return 1;", "if (s.endsWith(\"a\")) return 1;"),
            ("if (s == \"\") return 1;", "if (s.equals(\"\")) return 1;"),
            ("if (s.charAt(0) == '<') return 1;", "if (s.charAt(0) == '>') return 1;"),
            ("total = Math.max(total, n);", "total = Math.min(total, n);"),
            ("s = s.toLowerCase();", "s = s.toUpperCase();"),
            (
                "if (n > 1) { total = 1; } else { total = 2; }",
                "if (n > 1) { total = 2; } else { total = 1; }",
            ),
            ("return n > 1 ? total : n;", "return n > 1 ? n : total;"),
        ],
    );
}

#[test]
fn c_and_cpp_are_repaired_by_one_file_and_what_another_adds_to_it() {
    let f = "int f(int *xs, char c, int n) {\n    int total = 0;\n    for (int i = 0; i < n; i++) {\n        total += xs[i];\n    }\n    @\n    return total;\n}\n";
    let cases = [
        ("if (n < 1) return 0;", "if (n <= 1) return 0;"),
        ("if (n < 1 && total > 2) return 0;", "if (n < 1 || total > 2) return 0;"),
        ("total = total / n;", "total = total % n;"),
        ("total = xs[n];", "total = xs[n - 1];"),
        ("total--;", "total++;"),
        ("if (c == '(') return 1;", "if (c == ')') return 1;"),
        ("return n > 1 ? total : n;", "return n > 1 ? n : total;"),
        ("if (n > 1) { total = 1; } else { total = 2; }", "if (n > 1) { total = 2; } else { total = 1; }"),
    ];
    mends("c", f, &cases);
    mends("cpp", f, &cases);
    let f = "int f(vector<int> xs, const string &s, int n) {\n    int total = 0;\n    for (int x : xs) {\n        total += x;\n    }\n    @\n    return total;\n}\n";
    mends(
        "cpp",
        f,
        &[
            ("total = max(total, n);", "total = min(total, n);"),
            ("if (n < 1 and total > 2) return 0;", "if (n < 1 or total > 2) return 0;"),
            ("total = s.find('a');", "total = s.rfind('a');"),
            ("sort(xs.begin(), xs.begin());", "sort(xs.begin(), xs.end());"),
            ("total = s.length();", "total = s.length() - 1;"),
        ],
    );
}

#[test]
fn what_is_declared_to_be_a_number_is_tried_before_what_is_not() {
    let around = "int f(string name, int count, vector<int> all) {\n    return count + @;\n}\n";
    let made = ranked("cpp", &around.replace('@', "2 * count"), "");
    let rank = |name: &str| {
        let wanted = around.replace('@', &format!("2 * {name}"));
        made.iter().position(|made| *made == wanted)
    };
    assert!(rank("name") > rank("count"), "{:?}", (rank("name"), rank("all")));
    let made = ranked("java", "class A { int f(String name, int count, int size) { return count; } }", "");
    let place = |name: &str| made.iter().position(|made| made.contains(&format!("return {name};"))).unwrap();
    assert!(place("size") < place("name"), "{} {}", place("size"), place("name"));
}

#[test]
fn a_character_becomes_a_text_and_a_text_a_character_in_their_own_quotes() {
    let java = "class A { boolean f(char c, String s) { return c == 'a' && s.equals(\"b\"); } }";
    let made = ranked("java", java, "");
    assert!(made.iter().any(|made| made.contains("c == 'b'")));
    assert!(made.iter().any(|made| made.contains("s.equals(\"a\")")));
}

#[test]
fn a_file_that_extends_another_has_what_both_say() {
    let languages = Languages::builtin().unwrap();
    let cpp = whole("extends = \"c\"\n[wraps]\nnumber = [\"own({})\"]\n", languages).unwrap();
    let numbers = cpp["wraps"]["number"].as_array().unwrap();
    assert!(numbers.len() > 5 && numbers.last().unwrap().as_str() == Some("own({})"));
    assert_eq!(cpp["texts"]["true"].as_str(), Some("true"));
    let alone = whole("[wraps]\nnumber = [\"own({})\"]\n", languages).unwrap();
    assert_eq!(alone["wraps"]["number"].as_array().unwrap().len(), 1);
}
