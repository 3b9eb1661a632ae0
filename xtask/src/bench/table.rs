//! The result of a bench: figures of several servers side by side, each with its limit, as a table and as JSON.

use std::collections::BTreeMap;

use serde_json::{Value, json};

/// What a figure of ours may be at most, or has to be at least.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Limit {
    /// No limit: for information.
    None,
    /// A number in the row's unit.
    AtMost(f64),
    /// So many times the figure of a peer in the same row.
    Times(f64, &'static str),
    /// It may not be less than so many times the figure of a peer in the same row.
    AtLeastTimes(f64, &'static str),
    /// So many times another number, and what that is.
    TimesOf(f64, f64, String),
}

/// One row.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    /// What was done.
    pub(crate) scenario: String,
    /// What was measured.
    pub(crate) figure: String,
    /// In what.
    pub(crate) unit: &'static str,
    /// By server.
    pub(crate) values: BTreeMap<&'static str, f64>,
    /// What ours may be.
    pub(crate) limit: Limit,
}

/// The server that is judged.
pub(crate) const OURS: &str = "hephaestus";

impl Row {
    /// Ours divided by what the limit compares it with.
    fn ratio(&self) -> Option<f64> {
        let ours = self.values.get(OURS)?;
        let other = match &self.limit {
            Limit::Times(_, peer) | Limit::AtLeastTimes(_, peer) => *self.values.get(peer)?,
            Limit::TimesOf(_, other, _) => *other,
            Limit::None | Limit::AtMost(_) => return None,
        };
        (other > 0.0).then(|| ours / other)
    }

    /// Whether ours is within the limit; `None` where there is nothing to judge.
    fn holds(&self) -> Option<bool> {
        let ours = *self.values.get(OURS)?;
        match &self.limit {
            Limit::None => None,
            Limit::AtMost(limit) => Some(ours <= *limit),
            Limit::AtLeastTimes(times, _) => self.ratio().map(|ratio| ratio >= *times),
            Limit::Times(times, _) | Limit::TimesOf(times, ..) => self.ratio().map(|ratio| ratio <= *times),
        }
    }

    fn limit_text(&self) -> String {
        match &self.limit {
            Limit::None => String::new(),
            Limit::AtMost(limit) => number(*limit),
            Limit::AtLeastTimes(times, peer) => format!(">= {times:.1} x {peer}"),
            Limit::Times(times, peer) => format!("{times:.1} x {peer}"),
            Limit::TimesOf(times, _, what) => format!("{times:.1} x {what}"),
        }
    }

    fn verdict(&self) -> &'static str {
        match self.holds() {
            None => "",
            Some(true) => "ok",
            Some(false) if matches!(self.limit, Limit::AtLeastTimes(..)) => "UNDER",
            Some(false) => "OVER",
        }
    }
}

/// All rows, in order.
#[derive(Debug, Default)]
pub(crate) struct Table {
    rows: Vec<Row>,
}

impl Table {
    /// Notes a figure of one server; figures of several in the same row stand side by side.
    pub(crate) fn note(
        &mut self,
        scenario: &str,
        figure: &str,
        unit: &'static str,
        server: &'static str,
        value: f64,
    ) {
        // A run takes minutes; what it found so far shall not be lost with it.
        println!("bench:   {figure}: {} {unit}", number(value));
        let row = self.rows.iter_mut().find(|row| row.scenario == scenario && row.figure == figure);
        if let Some(row) = row {
            row.values.insert(server, value);
            return;
        }
        let values = BTreeMap::from([(server, value)]);
        let (scenario, figure) = (scenario.to_owned(), figure.to_owned());
        self.rows.push(Row { scenario, figure, unit, values, limit: Limit::None });
    }

    /// Sets the limit of a row; nothing where the row is missing.
    pub(crate) fn limit(&mut self, scenario: &str, figure: &str, limit: Limit) {
        for row in self.rows.iter_mut().filter(|row| row.scenario == scenario && row.figure == figure) {
            row.limit = limit.clone();
        }
    }

    /// A figure already noted.
    pub(crate) fn value(&self, scenario: &str, figure: &str, server: &str) -> Option<f64> {
        let row = self.rows.iter().find(|row| row.scenario == scenario && row.figure == figure)?;
        row.values.get(server).copied()
    }

    /// Whether no row is over its limit.
    pub(crate) fn holds(&self) -> bool {
        self.rows.iter().all(|row| row.holds() != Some(false))
    }

    /// The table as text, columns aligned.
    pub(crate) fn text(&self, servers: &[&'static str]) -> String {
        let mut head = vec!["scenario", "figure", "unit"];
        head.extend(servers);
        head.extend(["ratio", "limit", ""]);
        let mut lines: Vec<Vec<String>> = vec![head.into_iter().map(str::to_owned).collect()];
        for row in &self.rows {
            let mut line = vec![row.scenario.clone(), row.figure.clone(), row.unit.to_owned()];
            let value = |server| row.values.get(server).map_or("-".to_owned(), |value| number(*value));
            line.extend(servers.iter().map(value));
            line.push(row.ratio().map_or(String::new(), |ratio| format!("{ratio:.2}")));
            line.extend([row.limit_text(), row.verdict().to_owned()]);
            lines.push(line);
        }
        let columns = servers.len() + 6;
        let width = |column: usize| {
            lines.iter().filter_map(|line| line.get(column)).map(String::len).max().unwrap_or_default()
        };
        let widths: Vec<usize> = (0..columns).map(width).collect();
        let is_text = |column: usize| column < 3 || column > servers.len() + 3;
        let mut text = String::new();
        for line in &lines {
            let cells = line.iter().zip(&widths).enumerate().map(|(column, (cell, width))| {
                if is_text(column) { format!("{cell:<width$}") } else { format!("{cell:>width$}") }
            });
            text.push_str(cells.collect::<Vec<_>>().join("  ").trim_end());
            text.push('\n');
        }
        text
    }

    /// The table as JSON: one object per row.
    pub(crate) fn json(&self) -> Value {
        let row = |row: &Row| {
            json!({
                "scenario": row.scenario,
                "figure": row.figure,
                "unit": row.unit,
                "values": row.values,
                "ratio": row.ratio(),
                "limit": row.limit_text(),
                "holds": row.holds(),
            })
        };
        self.rows.iter().map(row).collect()
    }
}

/// Three digits are enough: more would be noise.
fn number(value: f64) -> String {
    match value.abs() {
        100.0.. => format!("{value:.0}"),
        10.0.. => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_judged_against_the_peer_of_the_same_row() {
        let mut table = Table::default();
        table.note("typing", "cpu", "ms", OURS, 12.0);
        table.note("typing", "cpu", "ms", "ruff", 10.0);
        table.note("start", "answer", "ms", OURS, 15.0);
        table.limit("typing", "cpu", Limit::Times(1.0, "ruff"));
        table.limit("start", "answer", Limit::AtMost(20.0));
        assert!(!table.holds());
        let text = "scenario  figure  unit  hephaestus  ruff  ratio  limit\n\
                    typing    cpu     ms          12.0  10.0   1.20  1.0 x ruff  OVER\n\
                    start     answer  ms          15.0     -         20.0        ok\n";
        assert_eq!(table.text(&[OURS, "ruff"]), text);
        table.note("typing", "cpu", "ms", OURS, 10.0);
        assert!(table.holds());
        assert_eq!(table.json()[0]["ratio"], 1.0);
    }

    #[test]
    fn what_has_to_be_much_may_not_be_little() {
        let mut table = Table::default();
        table.note("semver", "mutants", "/s", OURS, 120.0);
        table.note("semver", "mutants", "/s", "cargo-mutants", 2.0);
        table.limit("semver", "mutants", Limit::AtLeastTimes(50.0, "cargo-mutants"));
        assert!(table.holds());
        table.note("semver", "mutants", "/s", OURS, 80.0);
        assert!(!table.holds());
        let text = "scenario  figure   unit  hephaestus  cargo-mutants  ratio  limit\n\
                    semver    mutants  /s          80.0           2.00  40.00  >= 50.0 x cargo-mutants  UNDER\n";
        assert_eq!(table.text(&[OURS, "cargo-mutants"]), text);
    }

    #[test]
    fn a_limit_without_its_peer_judges_nothing() {
        let mut table = Table::default();
        table.note("typing", "cpu", "ms", OURS, 12.0);
        table.limit("typing", "cpu", Limit::Times(1.0, "ruff"));
        assert!(table.holds());
        assert_eq!(table.json()[0]["holds"], Value::Null);
    }
}
