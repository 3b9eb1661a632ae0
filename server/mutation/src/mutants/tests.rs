//! The contract that every `operators.toml` keeps, and what mutants promise.

use std::collections::BTreeSet;

use hephaestus_core::{LanguageId, RelPath};

use super::*;

fn languages() -> &'static Languages {
    Languages::builtin().unwrap()
}

fn mutators() -> Mutators {
    Mutators::builtin(languages()).unwrap_or_else(|error| panic!("{error}"))
}

fn file(pack: &str, text: &str) -> SourceFile {
    SourceFile::new(RelPath::new("src/a").unwrap(), LanguageId::new(pack), text, false)
}

fn changed(text: &str, mutant: &Mutant) -> String {
    let mut changed = text.to_owned();
    changed.replace_range(mutant.range.start..mutant.range.end, &mutant.replacement);
    changed
}

/// The packs that have operators of their own, with what they say.
fn files() -> Vec<(String, FileData)> {
    let mut seen = BTreeSet::new();
    let own = languages().all().into_iter().filter_map(|language| {
        let text = language.pack().file(FILE)?;
        seen.insert(text).then(|| (language.pack().id.clone(), toml::from_str(text).unwrap()))
    });
    own.collect()
}

#[test]
fn every_operator_does_what_its_examples_say() {
    let mutators = mutators();
    let mut wrong = Vec::new();
    for (pack, data) in files() {
        for family in &data.families {
            for operator in &family.operators {
                let id = format!("{}/{}", family.name, operator.id);
                if !operator.examples.iter().any(|example| example.len() > 1) {
                    wrong.push(format!("{pack}: {id}: no example of what it does"));
                }
                for example in &operator.examples {
                    let (before, after) = example.split_first().unwrap();
                    let file = file(&pack, before);
                    let set = &mutators.sets[&pack];
                    let own = own_changes(set, &file, &id);
                    if own != after {
                        wrong.push(format!("{pack}: {id}: {before:?}\n  gives  {own:?}\n  wanted {after:?}"));
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What one operator makes of a text, whatever the others do.
fn own_changes(set: &OperatorSet, file: &SourceFile, id: &str) -> Vec<String> {
    let language = languages().get(&file.language).unwrap();
    let parsed = Parsed::new(language, Arc::new(file.clone())).unwrap();
    assert_eq!(parsed.error_ranges(), [], "{}", file.text);
    let nodes = Nodes::of(parsed.tree());
    let view = View { nodes: &nodes, text: &file.text, named: &set.named };
    let changes = sweep::sweep(set, view, &[]);
    let own = changes.into_iter().filter(|change| change.operator == id).collect();
    let made = sweep::distinct(own, &file.text).into_iter().map(|change| {
        let mut text = file.text.to_string();
        text.replace_range(change.range.start..change.range.end, &change.replacement);
        text
    });
    made.collect()
}

#[test]
fn ids_are_unique_and_words_are_there() {
    for (pack, set) in &mutators().sets {
        let ids: BTreeSet<&str> = set.operators.iter().map(|operator| operator.id.as_str()).collect();
        assert_eq!(ids.len(), set.operators.len(), "{pack}");
    }
}

/// The published packages to look at, by language: `HEPHAESTUS_REAL` names the folder they are unpacked in.
fn real_files() -> Vec<SourceFile> {
    let Some(root) = std::env::var_os("HEPHAESTUS_REAL") else { return Vec::new() };
    let (mut folders, mut found) = (vec![std::path::PathBuf::from(root)], Vec::new());
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            let Ok(path_name) = RelPath::new(&name) else { continue };
            let Ok(text) = std::fs::read_to_string(&path) else { continue };
            let Some(language) = languages().detect(&path_name, "") else { continue };
            let whole = path.to_string_lossy();
            let is_test = ["/tests/", "/test/", "/benches/"].iter().any(|part| whole.contains(part));
            found.push(SourceFile::new(path_name, language.id().clone(), text, is_test));
        }
    }
    found.sort_by(|left, right| left.path.cmp(&right.path));
    found
}

#[test]
#[ignore = "prints what becomes of the packages in HEPHAESTUS_REAL, to be read"]
fn what_becomes_of_real_code() {
    use std::collections::BTreeMap;
    let mutators = mutators();
    let wanted = std::env::var("HEPHAESTUS_SHOW").ok().and_then(|text| text.parse().ok()).unwrap_or(40);
    let mut by_language: BTreeMap<String, Vec<(SourceFile, Vec<Mutant>)>> = BTreeMap::new();
    let (mut lines, start) = (BTreeMap::<String, usize>::new(), std::time::Instant::now());
    let mut time = BTreeMap::<String, std::time::Duration>::new();
    for file in real_files() {
        let before = start.elapsed();
        let mutants = mutators.mutants(&file, &[]);
        let language = file.language.to_string();
        *time.entry(language.clone()).or_default() += start.elapsed() - before;
        *lines.entry(language.clone()).or_default() +=
            if file.is_test { 0 } else { file.text.lines().count() };
        by_language.entry(language).or_default().push((file, mutants));
    }
    for (language, files) in &by_language {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        let all: Vec<(&SourceFile, &Mutant)> = files
            .iter()
            .flat_map(|(file, mutants)| mutants.iter().map(move |mutant| (file, mutant)))
            .collect();
        for (_, mutant) in &all {
            *counts.entry(&mutant.operator).or_default() += 1;
        }
        let seconds = time[language].as_secs_f64();
        println!(
            "== {language}: {} mutants of {} lines, {:.3} s, {:.0} mutants/s",
            all.len(),
            lines[language],
            seconds,
            all.len() as f64 / seconds
        );
        for (operator, count) in counts {
            println!("{count:6} {operator}");
        }
        // A linear congruential generator: the same sample each time.
        let mut random: usize =
            std::env::var("HEPHAESTUS_SEED").ok().and_then(|s| s.parse().ok()).unwrap_or(7);
        for _ in 0..wanted.min(all.len()) {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let (file, mutant) = all[(random >> 33) % all.len()];
            let line = file.text[..mutant.range.start].rfind('\n').map_or(0, |end| end + 1);
            let end =
                file.text[mutant.range.end..].find('\n').map_or(file.text.len(), |at| mutant.range.end + at);
            let number = file.text[..line].lines().count() + 1;
            println!(
                "-- {}:{number} {:?} {}: {}",
                file.path.as_str(),
                mutant.function,
                mutant.operator,
                mutant.description
            );
            println!("  - {}", &file.text[line..end]);
            let new = format!(
                "{}{}{}",
                &file.text[line..mutant.range.start],
                mutant.replacement,
                &file.text[mutant.range.end..end]
            );
            println!("  + {new}");
        }
    }
}

#[test]
fn mutants_of_real_code_parse() {
    let mutators = mutators();
    for file in real_files() {
        check(&mutators, &file);
    }
}

/// What every mutant promises.
fn check(mutators: &Mutators, file: &SourceFile) {
    let language = languages().get(&file.language).unwrap();
    let errors = |text: &str| {
        let file = SourceFile::new(file.path.clone(), file.language.clone(), text, false);
        Parsed::new(language, Arc::new(file)).unwrap().error_ranges().len()
    };
    let before = errors(&file.text);
    let mutants = mutators.mutants(file, &[]);
    let mut texts = BTreeSet::new();
    for mutant in &mutants {
        let text = changed(&file.text, mutant);
        assert!(text != *file.text, "{}: {mutant:?} changes nothing", file.path.as_str());
        assert!(errors(&text) <= before, "{}: {mutant:?} does not parse", file.path.as_str());
        assert!(texts.insert(hephaestus_core::ContentHash::of(text.as_bytes())), "{mutant:?} made twice");
        assert!(!mutant.description.is_empty() && !mutant.description.contains('\n'), "{mutant:?}");
    }
    assert_eq!(mutants, mutators.mutants(file, &[]));
}
