//! Random edits: goals again == goals anew.
use hephaestus_core::{CancelToken, GoalSettings, RelPath};
use hephaestus_goals::{FileMemory, look_again, propose_in_file};
use hephaestus_syntax::{Change, Document, Encoding, Languages, RuleSets};

fn next(state: &mut u64) -> usize {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    (*state >> 33) as usize
}

fn main() {
    let languages = Languages::builtin().unwrap();
    let mut args = std::env::args().skip(1);
    let edits: i32 = args.next().unwrap().parse().unwrap();
    let most: usize = args.next().unwrap().parse().unwrap();
    let cancel = CancelToken::new();
    let mut settings = GoalSettings::default();
    settings.cognitive_limit = 3;
    let (mut checked, mut goals_seen, mut bad) = (0, 0, 0);
    let mut rule_sets = std::collections::HashMap::new();
    for path in args {
        let Ok(text) = std::fs::read_to_string(&path) else { continue };
        if text.len() > most || text.len() < 100 {
            continue;
        }
        let Ok(rel) = RelPath::new(path.trim_start_matches('/')) else { continue };
        let Some(language) = languages.detect(&rel, "") else { continue };
        let rules = rule_sets
            .entry(language.id().clone())
            .or_insert_with(|| RuleSets::load([language], &[]).unwrap().0)
            .clone();
        let mut document = Document::new(Some(language.clone()), &text);
        let mut memory = FileMemory::default();
        let mut state = text.len() as u64 * 31 + 7;
        'edits: for version in 0..edits {
            if version > 0 {
                let text = document.text();
                let mut changes = Vec::new();
                for _ in 0..1 + next(&mut state) % 2 {
                    let mut at = next(&mut state) % (text.len() + 1);
                    while !text.is_char_boundary(at) {
                        at -= 1
                    }
                    let line_start = text[..at].rfind('\n').map_or(0, |at| at + 1);
                    let line_end = text[at..].find('\n').map_or(text.len(), |n| at + n + 1);
                    let other = {
                        let mut o = next(&mut state) % (text.len() + 1);
                        while !text.is_char_boundary(o) {
                            o -= 1
                        }
                        o
                    };
                    let ostart = text[..other].rfind('\n').map_or(0, |at| at + 1);
                    let mut oend = ostart;
                    for _ in 0..1 + next(&mut state) % 6 {
                        oend = text[oend..].find('\n').map_or(text.len(), |n| oend + n + 1);
                    }
                    let (from, to, new) = match next(&mut state) % 15 {
                        12 => (ostart, oend, String::new()),
                        13 => (
                            line_start,
                            line_start,
                            "    tmp = a\n    a = b\n    b = tmp\n    return tmp\n".to_owned(),
                        ),
                        14 => (at, at, "return x\n".to_owned()),
                        0 => (at, at, "x".to_owned()),
                        1 => (at, at, " ".to_owned()),
                        2 => {
                            let mut end = (at + 1).min(text.len());
                            while !text.is_char_boundary(end) {
                                end += 1
                            }
                            (at, end, String::new())
                        }
                        3 => (line_start, line_end, String::new()),
                        4 => (line_start, line_start, text[ostart..oend].to_owned()),
                        5 => (line_start, line_start, text[line_start..line_end].to_owned()),
                        6 => (line_start, line_start, "\n".to_owned()),
                        7 => (line_start, line_start, "    ".to_owned()),
                        8 => (line_start, line_start, "# hephaestus: ignore\n".to_owned()),
                        9 => (at, at, "(".to_owned()),
                        10 => (line_start, line_start, "// hephaestus: ignore\n".to_owned()),
                        _ => (line_start, line_start, "if a:\n    return True\n".to_owned()),
                    };
                    let lines = hephaestus_syntax::LineIndex::new(document.text());
                    let range =
                        Some((lines.position(from, Encoding::Utf8), lines.position(to, Encoding::Utf8)));
                    changes.push(Change { range, text: new });
                }
                document.apply(version, &changes, Encoding::Utf8).unwrap();
                // half of the time the edit is undone at the next one
                if next(&mut state) % 3 == 0 && version % 2 == 0 {
                    document.apply(version, &[Change { range: None, text }], Encoding::Utf8).unwrap();
                }
            }
            let Some(parsed) = document.parsed(rel.clone(), false, &cancel) else { break };
            let anew = propose_in_file(&parsed, &rules, &settings);
            let again = look_again(&parsed, &rules, &settings, &mut memory, &cancel).unwrap();
            checked += 1;
            goals_seen += anew.len();
            let functions: Vec<_> = parsed
                .functions()
                .iter()
                .map(|f| {
                    (
                        std::sync::Arc::<str>::from(f.qualified.as_str()),
                        f.range,
                        f.metrics.cognitive,
                        f.wrapper,
                    )
                })
                .collect();
            let others: Vec<_> = again
                .functions
                .iter()
                .map(|f| (f.qualified.clone(), f.range, f.cognitive, f.wrapper))
                .collect();
            if functions != others {
                std::fs::write("/tmp/b/badf.ts", document.text()).unwrap(); println!("{} and {}", functions.len(), others.len());
                bad += 1;
                let n = functions.iter().zip(&others).take_while(|(a, b)| a == b).count();
                println!(
                    "FUNCTIONS {path} {version}\n  anew {:?}\n  again {:?}",
                    functions.get(n),
                    others.get(n)
                );
                break 'edits;
            }
            if anew != again.goals {
                bad += 1;
                let n = anew.iter().zip(&again.goals).take_while(|(a, b)| a == b).count();
                println!(
                    "GOALS {path} {version} at {n} of {} and {}\n  anew {:?}\n  again {:?}",
                    anew.len(),
                    again.goals.len(),
                    anew.get(n).map(|g| (&g.id, &g.rule, g.range, g.line, &g.symbol)),
                    again.goals.get(n).map(|g| (&g.id, &g.rule, g.range, g.line, &g.symbol))
                );
                if let (Some(a), Some(b)) = (anew.get(n), again.goals.get(n))
                    && a.rule == b.rule
                {
                    println!("{:?}\n{:?}", a.origin, b.origin);
                }
                std::fs::write(format!("/tmp/b/bad{bad}.txt"), document.text()).unwrap();
                break 'edits;
            }
        }
    }
    println!("checked {checked}, goals {goals_seen}, bad {bad}");
}
