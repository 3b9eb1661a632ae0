//! What the loom makes of every sort of place. In the samples `«a|b»` stands for a variant that makes `a` into `b`.

use super::ladder::{Carpenter, Rung};
use super::pack::SwitchPack;
use super::weave::{Alternative, Fabric, PlaceKey, Probe, probes, weave};
use hephaestus_core::{Edit, LanguageId, RelPath, SourceFile};
use hephaestus_syntax::{Languages, Parsed};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

fn switches(language: &str) -> SwitchPack {
    let packs = hephaestus_grammars::packs().unwrap();
    SwitchPack::of(packs.iter().find(|pack| pack.id == language).unwrap()).unwrap().unwrap()
}

fn parsed(language: &str, text: &str) -> Parsed {
    let id = LanguageId::new(language);
    let path = RelPath::new("src/lib").unwrap();
    let file = Arc::new(SourceFile::new(path, id.clone(), text, false));
    Parsed::new(Languages::builtin().unwrap().get(&id).unwrap(), file).unwrap()
}

/// The text without marks, and the edits they stand for.
fn sample(marked: &str) -> (String, Vec<Edit>) {
    let (mut text, mut edits) = (String::new(), Vec::new());
    let mut rest = marked;
    while let Some((before, after)) = rest.split_once('«') {
        let (inside, after) = after.split_once('»').unwrap();
        let (old, new) = inside.split_once('|').unwrap();
        text.push_str(before);
        edits.push(Edit::new(text.len()..text.len() + old.len(), new));
        text.push_str(old);
        rest = after;
    }
    text.push_str(rest);
    (text, edits)
}

fn short(text: &str) -> String {
    text.replace("crate::__hephaestus::", "").replace("u32", "")
}

/// The first rung of each variant woven in, without probes; and the names of all rungs, or why there are none.
fn woven(marked: &str) -> String {
    woven_in("rust", marked)
}

fn woven_in(language: &str, marked: &str) -> String {
    let (text, edits) = sample(marked);
    let (switches, parsed) = (switches(language), parsed(language, &text));
    assert!(!parsed.tree().root_node().has_error(), "{text}");
    let mut carpenter = Carpenter::new(&parsed, &switches).unwrap();
    let mut places: BTreeMap<PlaceKey, Vec<Alternative>> = BTreeMap::new();
    let mut levels = String::new();
    for (variant, edit) in edits.iter().enumerate() {
        let ladder = carpenter.ladder(std::slice::from_ref(edit));
        let names: Vec<&str> =
            ladder.rungs.iter().map(|rung| switches.levels[rung.level].name.as_str()).collect();
        let told = if names.is_empty() { ladder.reason.to_owned() } else { names.join(", ") };
        writeln!(levels, "\n// {}: {told}", variant + 3).unwrap();
        if let Some(Rung { level, range, text, typed }) = ladder.rungs.into_iter().next() {
            let alternative = Alternative { variant, number: variant as u32 + 3, text, typed };
            places.entry((range, level)).or_default().push(alternative);
        }
    }
    let Fabric { text, places } = weave(&text, &switches, &places, &[], &mut 0);
    for place in &places {
        for (_, arm) in &place.arms {
            assert!(place.range.contains(*arm), "an arm lies outside its place");
        }
    }
    short(&text) + &levels
}

#[test]
fn expressions() {
    insta::assert_snapshot!(woven("fn f(a: u8, b: u8) -> bool { a «+|-» b > «1|2» }"));
}

#[test]
fn several_variants_of_one_place_and_places_in_places() {
    insta::assert_snapshot!(woven("fn f(a: bool, b: bool) -> bool { g(«a|true») «&&|^» b }"));
    insta::assert_snapshot!(woven("fn f(a: u8) -> u8 { let x = «a|1» + 1; let y = a + 1«|0»; x }"));
}

#[test]
fn precedence_takes_the_place_that_means_the_same() {
    insta::assert_snapshot!(woven("fn f(a: u8, b: u8, c: u8) -> bool { a * «b|b + c» == c }"));
}

#[test]
fn statements_blocks_and_bodies() {
    insta::assert_snapshot!(woven(
        "fn f(v: &mut Vec<u8>) {\n    «v.push(1);|»\n    «let x = 2;|»\n    if v.is_empty() { «return;|» }\n    v.clear();\n}"
    ));
    insta::assert_snapshot!(woven("fn f(a: u8) -> u8 «{ a + 1 }|{ Default::default() }»"));
}

#[test]
fn places_in_memory_are_not_copied() {
    insta::assert_snapshot!(woven(
        "fn f(s: &mut S) { «s.a|s.b» = 1; s.v[«0|1»] += 2; g(&mut «s.a|s.b»); «s.a|s.b».h(); }"
    ));
}

#[test]
fn arms_branches_conditions_and_chains() {
    insta::assert_snapshot!(woven(
        "fn f(a: u8) -> u8 { match a { 0 if a «<|>» 1 => «2|3», «4|5» => 6, _ => 7 } }"
    ));
    insta::assert_snapshot!(woven(
        "fn f(a: u8) -> u8 { if a == 1 { 2 } else if a == 3 { 4 } «else { 5 }|» }"
    ));
    insta::assert_snapshot!(woven(
        "fn f(a: Option<u8>) -> u8 { if let Some(b) = a && b «>|<» 1 { b } else { 2 } }"
    ));
    insta::assert_snapshot!(woven(
        "fn f(a: Option<u8>) -> u8 { let Some(«b|c») = a else { return «1|2»; }; b }"
    ));
}

#[test]
fn what_cannot_be_switched_says_why() {
    insta::assert_snapshot!(woven(
        "const fn f(a: u8) -> u8 { a «+|-» 1 }\nconst C: u8 = «1|2»;\nstatic S: u8 = 1 «+|-» 1;\nstruct S { a: «u8|u16» }\nmacro_rules! m { () => { «1|2» } }\n#[a(«b|c»)]\nfn g(a: «u8|u16») -> [u8; «1|2»] { const D: u8 = «1|2»; let x: [u8; «3|4»] = h::<«5|6»>(); x }"
    ));
}

#[test]
fn macros_are_switched_as_a_whole() {
    insta::assert_snapshot!(woven(
        "fn f(a: u8) -> String { assert!(a «>|<» 1); format!(\"{}\", a «+|-» 1) }"
    ));
}

#[test]
fn closures_async_loops_and_negative_literals() {
    insta::assert_snapshot!(woven(
        "async fn f(v: Vec<i8>) -> i8 { 'o: loop { if v.iter().any(|x| x «>|<» &-«128|1») { break 'o g(v).await «+|-» 1; } } }"
    ));
}

#[test]
fn lines_keep_their_numbers() {
    let (text, _) = sample("fn f() {\n    a();\n    if b() {\n        c();\n    }\n}\n");
    let marked =
        "fn f() {\n    a();\n    «if b() {\n        c();\n    }|if !b() {\n        c();\n    }»\n}\n";
    let woven = woven(marked);
    let (woven, _) = woven.split_once("\n// ").unwrap();
    assert_eq!(woven.matches('\n').count(), text.matches('\n').count(), "{woven}");
    assert_eq!(woven.lines().nth(3).unwrap().trim(), "c();");
}

#[test]
fn probes_stand_before_statements_and_know_their_lines() {
    let text = "const fn k() -> u8 { 1 }\nfn f(a: u8) -> u8 {\n    let x = a;\n    if x > 1 {\n        g();\n    }\n    #[allow(unused)]\n    h();\n    x\n}\n#[cfg(test)]\nmod tests {\n    fn t() { u(); }\n}\n";
    let (switches, parsed) = (switches("rust"), parsed("rust", text));
    let mut next = 0;
    let found = probes(&parsed, &switches, &mut next);
    let fabric = weave(text, &switches, &BTreeMap::new(), &found, &mut next);
    insta::assert_snapshot!(short(&fabric.text));
    let lines: Vec<Vec<u32>> =
        found.iter().map(|probe: &Probe| probe.lines.iter().copied().collect()).collect();
    assert_eq!(lines, [vec![3], vec![4, 6], vec![5], vec![9]]);
}

#[test]
fn edits_that_change_nothing_and_edits_that_do_not_fit() {
    let parsed = parsed("rust", "fn f() { g(); }\n");
    let switches = switches("rust");
    let mut carpenter = Carpenter::new(&parsed, &switches).unwrap();
    assert_eq!(carpenter.ladder(&[Edit::new(8..9, "")]).rungs, []);
    assert_eq!(carpenter.ladder(&[Edit::new(8..900, "x")]).rungs, []);
    assert_eq!(carpenter.ladder(&[]).rungs, []);
    assert_eq!(carpenter.ladder(&[Edit::new(9..13, "g(;")]).reason, "it does not parse");
}

/// Go's, in a function.
fn in_go(marked: &str) -> String {
    woven_in("go", &format!("package p\nfunc f(a, b int) int {{\n{marked}\n}}"))
}

#[test]
fn conditions_of_go_choose_by_themselves() {
    let woven =
        in_go("if a «<|<=» b && a == «1|2» { return 1 }\nfor i := 0; i «<|>» b; i++ { a += i }\nreturn a");
    insta::assert_snapshot!(woven);
}

#[test]
fn statements_of_go_and_blocks_around_what_declares_a_name() {
    insta::assert_snapshot!(in_go("c := a «+|-» b\na «+=|-=» c\nreturn c «*|/» a"));
    insta::assert_snapshot!(in_go(
        "switch a {\ncase 1:\n\t«b++|»\n}\nif a < b { return a } else if b > 3 { «return b|return 0» }\nreturn 0"
    ));
}

#[test]
fn literals_of_go_that_tell_their_type_are_chosen_even_outside_of_functions() {
    insta::assert_snapshot!(woven_in(
        "go",
        "package p\nvar sizes = map[string]int{\"a\": «1|2», \"b\": 2}\n"
    ));
    let placed = in_go("c := &point{«1|2»}\nreturn c.x");
    assert!(placed.ends_with("// 3: block\n"), "{placed}");
}

#[test]
fn the_last_use_of_a_name_of_go_goes_where_the_compiler_sees_it() {
    let local = in_go("c := a\nd := c\nif c > 0 { a = «c + d|c» }\nreturn a");
    assert!(local.ends_with("// 3: block\n"), "{local}");
    let other = in_go("c := a\nif c > 0 { a = «c + 1|1» }\nreturn a");
    assert!(other.ends_with("// 3: statement, block, block\n"), "{other}");
    let text = "package p\nimport \"strings\"\nfunc f(a string) string { return «strings.ToLower(a)|a» }";
    let imported = woven_in("go", text);
    assert!(imported.ends_with("// 3: it takes out the last use of a name\n"), "{imported}");
}
