//! Timing of goals of one file.
#![allow(unsafe_code)]
use hephaestus_core::{CancelToken, GoalSettings, LanguageId, RelPath, SourceFile};
use hephaestus_goals::{FileMemory, propose_again, propose_in_file};
use hephaestus_syntax::{Change, Document, Encoding, Languages, Parsed, Position, RuleSets};
use std::sync::Arc;

/// CPU time of this thread.
struct Instant(u64);
impl Instant {
    fn ns() -> u64 {
        unsafe extern "C" {
            fn clock_gettime(clock: i32, time: *mut [i64; 2]) -> i32;
        }
        let mut time = [0_i64; 2];
        unsafe { clock_gettime(3, &raw mut time) };
        time[0] as u64 * 1_000_000_000 + time[1] as u64
    }
    fn now() -> Self {
        Self(Self::ns())
    }
    fn elapsed(&self) -> std::time::Duration {
        std::time::Duration::from_nanos(Self::ns() - self.0)
    }
}

fn main() {
    let mut args = std::env::args().skip(1);
    let path = args.next().unwrap();
    let times: usize = args.next().map_or(1, |n| n.parse().unwrap());
    let text = std::fs::read_to_string(&path).unwrap().repeat(times);
    let languages = Languages::builtin().unwrap();
    let rel = RelPath::new(path.trim_start_matches('/')).unwrap();
    let language =
        languages.get(&LanguageId::new(languages.detect(&rel, "").unwrap().id().as_str())).unwrap();
    let (rules, _) = RuleSets::load([language], &[]).unwrap();
    let settings = GoalSettings::default();
    let t = Instant::now();
    let file = Arc::new(SourceFile::new(rel.clone(), language.id().clone(), text.as_str(), false));
    println!("source file {:?}", t.elapsed());
    let t = Instant::now();
    let parsed = Parsed::new(language, file).unwrap();
    println!("parse {:?} {} bytes", t.elapsed(), text.len());
    let t = Instant::now();
    let n = rules.matches(&parsed).len();
    println!("matches {:?} {n}", t.elapsed());
    let t = Instant::now();
    let n = parsed.functions().len();
    println!("outline {:?} {n}", t.elapsed());
    let t = Instant::now();
    let n = parsed.holes().len();
    println!("holes {:?} {n}", t.elapsed());
    let t = Instant::now();
    let n = propose_in_file(&parsed, &rules, &settings).len();
    println!("propose_in_file (outline known) {:?} {n}", t.elapsed());
    let mut document = Document::new(Some(language.clone()), &text);
    let mut memory = FileMemory::default();
    let cancel = CancelToken::new();
    let lines = document.len_lines() as u32;
    let rounds: u32 = args.next().map_or(12, |n| n.parse().unwrap());
    let mut all = Vec::new();
    for n in 0..rounds {
        let at = Position { line: (lines / 13) * (n % 12 + 1), character: 0 };
        let line_end = document.offset(Position { line: at.line, character: 9999 }, Encoding::Utf8);
        let at = document.position(line_end, Encoding::Utf8);
        let letter = if n % 2 == 0 { "x" } else { " " };
        let t = Instant::now();
        if n > 0 {
            document
                .apply(n as i32, &[Change { range: Some((at, at)), text: letter.into() }], Encoding::Utf8)
                .unwrap();
        }
        let apply = t.elapsed();
        let t = Instant::now();
        document.parse(&cancel).unwrap();
        let parse = t.elapsed();
        let t = Instant::now();
        let parsed = document.parsed(rel.clone(), false, &cancel).unwrap();
        let copy = t.elapsed();
        let t = Instant::now();
        let goals = propose_again(&parsed, &rules, &settings, &mut memory);
        let again = t.elapsed();
        if n > 0 {
            all.push((again, parse));
        }
        println!(
            "{n:2} line {:6} apply {apply:?} reparse {parse:?} text+hash {copy:?} again {again:?} ({} goals, errors {})",
            at.line,
            goals.len(),
            parsed.error_ranges().len()
        );
    }
    let sum = |pick: fn(&(std::time::Duration, std::time::Duration)) -> std::time::Duration| {
        all.iter().map(pick).sum::<std::time::Duration>() / all.len() as u32
    };
    println!("mean again {:?} reparse {:?}", sum(|x| x.0), sum(|x| x.1));
    let mut a: Vec<_> = all.iter().map(|x| x.0).collect();
    a.sort();
    println!("median again {:?}", a[a.len() / 2]);
}
