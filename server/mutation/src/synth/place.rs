//! Which hole a goal is about, and how a new body is put there in the file's own layout.

use std::sync::Arc;

use hephaestus_core::{ByteRange, Edit, Goal, GoalKind, GoalOrigin, Snapshot};
use hephaestus_syntax::{Hole, Languages, Parsed};

use super::print::Line;

/// The hole that `goal` is about: its own, or the one its failing tests run into first.
pub(crate) fn hole_of(goal: &Goal, snapshot: &Snapshot, languages: &Languages) -> Option<(Parsed, Hole)> {
    let (path, ranges) = match (&goal.kind, &goal.origin) {
        (GoalKind::Hole, _) => (&goal.file, vec![goal.range]),
        (GoalKind::Repair, GoalOrigin::Test { suspects, .. }) => {
            let first = suspects.first()?;
            let most =
                suspects.iter().filter(|own| own.file == first.file && own.suspicion >= first.suspicion);
            (&first.file, most.map(|own| own.range).collect())
        }
        _ => return None,
    };
    let file = snapshot.file(path).filter(|file| !file.is_test)?;
    let parsed = Parsed::new(languages.get(&file.language)?, Arc::clone(file))?;
    let is_meant = |hole: &Hole| {
        hole.whole_body
            && ranges.iter().any(|range| {
                hole.body.contains(*range) || range.contains(hole.range) || range.overlaps(hole.range)
            })
    };
    let hole = parsed.holes().into_iter().find(is_meant)?;
    Some((parsed, hole))
}

/// The edit that puts `lines` in the place of a hole.
pub(super) fn filled(text: &str, hole: &Hole, lines: &[Line], step: usize) -> Edit {
    let before = text.get(..hole.range.start).unwrap_or_default();
    let line = before.get(before.rfind('\n').map_or(0, |at| at + 1)..).unwrap_or_default();
    let margin = line.get(..line.len() - line.trim_start().len()).unwrap_or_default();
    let ending = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let unit = unit(text, margin, step);
    let stands_alone = line.trim().is_empty();
    let inner = if stands_alone { margin.to_owned() } else { format!("{margin}{unit}") };
    let written: Vec<String> =
        lines.iter().map(|own| format!("{inner}{}{}", unit.repeat(own.depth), own.text)).collect();
    let code = written.join(ending);
    let range = ByteRange::new(hole.range.start, end_of(text, hole));
    if stands_alone {
        return Edit::new(range, code.trim_start());
    }
    match lines {
        [one] => Edit::new(range, one.text.as_str()),
        _ => {
            let after = text.get(range.end..).unwrap_or_default();
            let space = after.len() - after.trim_start_matches([' ', '\t']).len();
            if after.get(space..).is_some_and(|rest| rest.starts_with('}')) {
                let range = ByteRange::new(range.start, range.end + space);
                return Edit::new(range, format!("{ending}{code}{ending}{margin}"));
            }
            Edit::new(range, format!("{ending}{code}"))
        }
    }
}

/// A level of indentation, as the file has it.
fn unit(text: &str, margin: &str, step: usize) -> String {
    if margin.starts_with('\t') || text.contains("\n\t") {
        return "\t".to_owned();
    }
    let indents = text.lines().map(|line| line.len() - line.trim_start_matches(' ').len());
    let least = indents.filter(|indent| *indent > 1).min();
    " ".repeat(least.filter(|least| *least <= 8).unwrap_or(step))
}

/// The end of a hole, with the semicolon that belongs to it.
fn end_of(text: &str, hole: &Hole) -> usize {
    let rest = text.get(hole.range.end..).unwrap_or_default();
    let space = rest.len() - rest.trim_start_matches([' ', '\t']).len();
    let follows = rest.get(space..).is_some_and(|rest| rest.starts_with(';'));
    if follows { hole.range.end + space + 1 } else { hole.range.end }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hephaestus_core::{LanguageId, RelPath, SourceFile};

    fn fill(language: &str, text: &str, lines: &[(usize, &str)]) -> String {
        let languages = Languages::builtin().unwrap();
        let id = LanguageId::new(language);
        let file = SourceFile::new(RelPath::new("a").unwrap(), id.clone(), text, false);
        let parsed = Parsed::new(languages.get(&id).unwrap(), Arc::new(file)).unwrap();
        let hole = parsed.holes().into_iter().next().unwrap();
        let lines: Vec<Line> =
            lines.iter().map(|(depth, text)| Line { depth: *depth, text: (*text).to_owned() }).collect();
        let edit = filled(text, &hole, &lines, 4);
        format!("{}{}{}", &text[..edit.range.start], edit.text, &text[edit.range.end..])
    }

    #[test]
    fn a_body_takes_the_place_of_the_hole_in_the_files_layout() {
        let lines = [(0, "if a:"), (1, "return 1"), (0, "return 2")];
        assert_eq!(
            fill("python", "def f(a):\n  '''Doc.'''\n  raise NotImplementedError('x')  # soon\n", &lines),
            "def f(a):\n  '''Doc.'''\n  if a:\n    return 1\n  return 2  # soon\n"
        );
        assert_eq!(
            fill("python", "class A:\n\tdef f(a): raise NotImplementedError\n", &lines),
            "class A:\n\tdef f(a): \n\t\tif a:\n\t\t\treturn 1\n\t\treturn 2\n"
        );
        assert_eq!(fill("rust", "fn f() -> u8 { todo!() }\n", &[(0, "1")]), "fn f() -> u8 { 1 }\n");
        assert_eq!(
            fill("rust", "fn f() -> u8 {\r\n    todo!();\r\n}\r\n", &[(0, "a"), (0, "b")]),
            "fn f() -> u8 {\r\n    a\r\n    b\r\n}\r\n"
        );
        assert_eq!(
            fill("rust", "fn f() -> u8 { todo!() }\n", &[(0, "a"), (0, "b")]),
            "fn f() -> u8 { \n    a\n    b\n}\n"
        );
    }
}
