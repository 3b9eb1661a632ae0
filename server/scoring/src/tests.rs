//! Acceptance at the crate's border: measures, targets, tolerances, and the contract of both tables.

use super::*;
use hephaestus_core::{Gate, Target};

impl Demands for ScoringSettings {
    fn settings(&self) -> &ScoringSettings {
        self
    }

    fn least_gain(&self) -> f64 {
        0.05
    }
}

#[test]
fn what_a_program_measures_sorts_by_its_weight_alone() {
    let of = |direction| hephaestus_core::ExternalMeasure {
        name: "mine".to_owned(),
        before: 10.0,
        after: 5.0,
        unit: String::new(),
        direction,
    };
    let weights = |weight| std::collections::BTreeMap::from([("mine".to_owned(), weight)]);
    let weighed = |direction, weight| crate::weigh_external(&[of(direction)], &weights(weight));
    assert_eq!(weighed(Direction::Lower, 0.4), 0.2);
    assert_eq!(weighed(Direction::Higher, 0.4), -0.2);
    assert_eq!(weighed(Direction::Shown, 0.4), 0.0);
    assert_eq!(weighed(Direction::Lower, 0.0), 0.0, "shown only");
    assert_eq!(crate::weigh_external(&[of(Direction::Lower)], &std::collections::BTreeMap::new()), 0.0);
}

fn measure(dimension: Dimension, before: f64, after: f64) -> Measure {
    Measure { dimension, before, after, direction: Direction::Lower, error: 0.0 }
}

fn acceptance(improves: &[Dimension], target: Option<f64>) -> Acceptance {
    let target = target.map(|at| Target { dimension: Dimension::Cognitive, at });
    Acceptance { improves: improves.to_vec(), target, must_pass: vec![] }
}

#[test]
fn the_tables_follow_the_vocabulary() {
    let gates: Vec<Gate> = gates::all().iter().map(|gate| gate.gate()).collect();
    assert_eq!(gates, Gate::ALL);
    let measured: Vec<Dimension> = dimensions::all().iter().map(|meter| meter.dimension()).collect();
    let known: Vec<Dimension> =
        Dimension::ALL.iter().copied().filter(|known| measured.contains(known)).collect();
    assert_eq!(measured, known, "in the order of the vocabulary, none twice");
}

#[test]
fn a_gain_elsewhere_is_not_enough() {
    let settings = ScoringSettings::default();
    let measures = [measure(Dimension::Cognitive, 10.0, 10.0), measure(Dimension::Size, 50.0, 20.0)];
    let reasons = judge_measures(&acceptance(&[Dimension::Cognitive], None), &measures, &settings);
    assert!(reasons[0].contains("no gain in what it is for (cognitive)"));
}

#[test]
fn nothing_may_fall_by_more_than_its_tolerance() {
    let settings = ScoringSettings::default();
    let accept = acceptance(&[Dimension::Size], None);
    let within = [measure(Dimension::Size, 50.0, 40.0), measure(Dimension::Cyclomatic, 4.0, 5.0)];
    assert!(judge_measures(&accept, &within, &settings).is_empty());
    let beyond = [measure(Dimension::Size, 50.0, 40.0), measure(Dimension::Cyclomatic, 4.0, 6.0)];
    assert_eq!(judge_measures(&accept, &beyond, &settings), ["cyclomatic gets worse: 4 → 6"]);
    let strict = [measure(Dimension::Size, 50.0, 40.0), measure(Dimension::Cognitive, 4.0, 5.0)];
    assert_eq!(judge_measures(&accept, &strict, &settings).len(), 1);
}

#[test]
fn the_user_sets_tolerances() {
    let tolerances = BTreeMap::from([("cyclomatic".to_owned(), 1.0)]);
    let settings = ScoringSettings { tolerances, ..ScoringSettings::default() };
    let measures = [measure(Dimension::Size, 50.0, 40.0), measure(Dimension::Cyclomatic, 4.0, 8.0)];
    assert!(judge_measures(&acceptance(&[Dimension::Size], None), &measures, &settings).is_empty());
}

#[test]
fn a_target_is_met_when_it_is_reached() {
    let measures = [measure(Dimension::Cognitive, 30.0, 15.0)];
    assert!(meets_target(&acceptance(&[], Some(15.0)), &measures));
    assert!(!meets_target(&acceptance(&[], Some(14.0)), &measures));
    assert!(meets_target(&acceptance(&[], None), &[]));
}

#[test]
fn weights_sort_and_stay_within_bounds() {
    let settings = ScoringSettings::default();
    let none = weigh(&[measure(Dimension::Size, 10.0, 10.0)], &settings);
    let some = weigh(&[measure(Dimension::Size, 10.0, 5.0)], &settings);
    let more =
        weigh(&[measure(Dimension::Size, 10.0, 5.0), measure(Dimension::Findings, 1.0, 0.0)], &settings);
    assert!(none == 0.0 && some > none && more > some && more <= 1.0);
}

#[test]
fn a_measured_gain_has_to_be_worth_it() {
    let settings = ScoringSettings::default();
    let accept = acceptance(&[Dimension::RunTime], None);
    let timed = |after| Measure { error: 0.1, ..measure(Dimension::RunTime, 10.0, after) };
    assert_eq!(judge_measures(&accept, &[timed(9.95)], &settings).len(), 1, "within the error");
    assert_eq!(
        judge_measures(&accept, &[timed(9.7)], &settings).len(),
        1,
        "beyond the error, but too little"
    );
    assert!(judge_measures(&accept, &[timed(9.0)], &settings).is_empty());
}
