//! Metrics: numbers about a stretch of code, and the formulas that join them. Counting is done in `walk`.

/// Halstead's counts and what follows from them (M. H. Halstead, *Elements of Software Science*, 1977). Operands are
/// names and literals, operators everything else; a pair of brackets is one operator.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Halstead {
    /// η₁: different operators.
    pub distinct_operators: u32,
    /// η₂: different operands.
    pub distinct_operands: u32,
    /// N₁: operators.
    pub operators: u32,
    /// N₂: operands.
    pub operands: u32,
    /// V = (N₁ + N₂) · log₂(η₁ + η₂), in bits.
    pub volume: f64,
    /// D = η₁ / 2 · N₂ / η₂.
    pub difficulty: f64,
    /// E = D · V.
    pub effort: f64,
}

impl Halstead {
    /// Completes the counts.
    #[must_use]
    pub(crate) fn new(
        distinct_operators: u32,
        distinct_operands: u32,
        operators: u32,
        operands: u32,
    ) -> Self {
        let vocabulary = f64::from(distinct_operators) + f64::from(distinct_operands);
        let length = f64::from(operators) + f64::from(operands);
        let volume = if vocabulary > 0.0 { length * vocabulary.log2() } else { 0.0 };
        let difficulty = if distinct_operands > 0 {
            f64::from(distinct_operators) / 2.0 * f64::from(operands) / f64::from(distinct_operands)
        } else {
            0.0
        };
        let effort = difficulty * volume;
        Self { distinct_operators, distinct_operands, operators, operands, volume, difficulty, effort }
    }
}

/// Numbers about a stretch of code. Comments and documentation strings count for none of them.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Metrics {
    /// Cognitive complexity (G. A. Campbell, *Cognitive Complexity*, SonarSource; rule S3776). Inner functions are
    /// included, one level deeper; an outermost function starts at level zero.
    pub cognitive: u32,
    /// Cyclomatic complexity (T. J. McCabe, 1976): decisions, boolean operators among them, plus one.
    pub cyclomatic: u32,
    /// How deep control structures are nested; conditional expressions do not count.
    pub nesting: u32,
    /// Statements.
    pub statements: u32,
    /// Tokens; a string without code inside is one.
    pub tokens: u32,
    /// Lines that hold a token.
    pub lines: u32,
    /// Halstead's counts.
    pub halstead: Halstead,
    /// Maintainability index, 0 (bad) to 100: max(0, 100/171 · (171 − 5.2 ln V − 0.23 CC − 16.2 ln LOC)), Microsoft's
    /// variant of Oman and Hagemeister's. Shown to people, never used to decide.
    pub maintainability: f64,
}

/// The maintainability index, 0 to 100.
#[must_use]
pub(crate) fn maintainability(volume: f64, cyclomatic: u32, lines: u32) -> f64 {
    let ln = |value: f64| value.max(1.0).ln();
    let index = 171.0 - 5.2 * ln(volume) - 0.23 * f64::from(cyclomatic) - 16.2 * ln(f64::from(lines));
    (index * 100.0 / 171.0).clamp(0.0, 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halstead_follows_the_book() {
        let halstead = Halstead::new(4, 4, 6, 10);
        assert_eq!(halstead.volume, 16.0 * 3.0);
        assert_eq!(halstead.difficulty, 2.0 * 10.0 / 4.0);
        assert_eq!(halstead.effort, 5.0 * 48.0);
        assert_eq!(Halstead::new(0, 0, 0, 0), Halstead::default());
    }

    #[test]
    fn maintainability_stays_within_its_scale() {
        assert_eq!(maintainability(0.0, 0, 0), 100.0);
        assert_eq!(maintainability(1e9, 900, 100_000), 0.0);
        // 171 - 5.2 * 6.9078 - 2.3 - 16.2 * 3.9120 = 69.405, and that of 171
        let middling = maintainability(1000.0, 10, 50);
        assert!((40.58..40.59).contains(&middling), "{middling}");
    }
}
