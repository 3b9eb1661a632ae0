//! What a property's variable ranges over: `int`, `int 0..100`, `float`, `bool`, `string`, `list of int`.

use std::fmt;

/// The values of a variable.
#[derive(Debug, Clone, PartialEq)]
pub enum Domain {
    /// Whole numbers, both ends included.
    Int {
        /// The smallest.
        min: i64,
        /// The largest.
        max: i64,
    },
    /// Finite floating point numbers, both ends included.
    Float {
        /// The smallest.
        min: f64,
        /// The largest.
        max: f64,
    },
    /// True and false.
    Bool,
    /// Texts of any letters, the empty one too.
    Text,
    /// Lists of such values, the empty one too.
    List(Box<Self>),
}

/// The whole numbers that are tried where no range is given: exact in every language's number type.
const WHOLE: (i64, i64) = (-1_000_000, 1_000_000);
/// Floats where no range is given.
const FLOAT: (f64, f64) = (-1e6, 1e6);
/// Lists of lists of lists: nobody means more.
const DEEPEST: usize = 4;

impl Domain {
    /// What may be written, for messages.
    pub const FORMS: &'static str =
        "`int`, `int 0..100`, `float`, `float 0..1`, `bool`, `string`, `list of` one of them";

    /// Reads a domain.
    ///
    /// # Errors
    /// When it is none: what is wrong, without the forms that would be right.
    pub fn new(written: &str) -> Result<Self, String> {
        Self::nested(written.trim(), 0)
    }

    fn nested(written: &str, depth: usize) -> Result<Self, String> {
        if let Some(inner) = written.strip_prefix("list of ") {
            if depth == DEEPEST {
                return Err("lists are nested too deeply".to_owned());
            }
            return Ok(Self::List(Box::new(Self::nested(inner.trim(), depth + 1)?)));
        }
        let (word, range) =
            written.split_once(' ').map_or((written, None), |(word, range)| (word, Some(range)));
        match (word, range) {
            ("int", None) => Ok(Self::Int { min: WHOLE.0, max: WHOLE.1 }),
            ("float", None) => Ok(Self::Float { min: FLOAT.0, max: FLOAT.1 }),
            ("int", Some(range)) => {
                let (min, max) = ends::<i64>(range)?;
                Ok(Self::Int { min, max })
            }
            ("float", Some(range)) => {
                let (min, max) = ends::<f64>(range)?;
                if !(min.is_finite() && max.is_finite()) {
                    return Err(format!("`{range}` is not finite"));
                }
                Ok(Self::Float { min, max })
            }
            ("bool", None) => Ok(Self::Bool),
            ("string", None) => Ok(Self::Text),
            ("bool" | "string", Some(_)) => Err(format!("`{word}` takes no range")),
            _ => Err(format!("`{written}` is nothing that values can be made for")),
        }
    }
}

fn ends<T: std::str::FromStr + PartialOrd>(range: &str) -> Result<(T, T), String> {
    let no_range = || format!("`{range}` is no range such as `0..100`");
    let (from, to) = range.split_once("..").ok_or_else(no_range)?;
    let end = |text: &str| text.trim().parse::<T>().map_err(|_| no_range());
    let (from, to) = (end(from)?, end(to.trim_start_matches('='))?);
    if from <= to { Ok((from, to)) } else { Err(format!("`{range}` ends before it begins")) }
}

impl fmt::Display for Domain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Int { min, max } => write!(f, "int {min}..{max}"),
            Self::Float { min, max } => write!(f, "float {min}..{max}"),
            Self::Bool => f.write_str("bool"),
            Self::Text => f.write_str("string"),
            Self::List(inner) => write!(f, "list of {inner}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn domains_read_back_what_they_write() {
        for written in ["int 0..100", "int -3..3", "float 0..1", "bool", "string", "list of list of int 1..2"]
        {
            let domain = Domain::new(written).unwrap();
            assert_eq!(domain.to_string(), written);
            assert_eq!(Domain::new(&domain.to_string()), Ok(domain));
        }
        assert!(matches!(Domain::new("int"), Ok(Domain::Int { min, .. }) if min < 0));
    }

    #[test]
    fn what_is_none_is_said_to_be_none() {
        for (written, word) in [
            ("integer", "nothing"),
            ("int 5..1", "before"),
            ("int a..b", "range"),
            ("bool 0..1", "no range"),
            ("float 0..inf", "finite"),
            ("", "nothing"),
        ] {
            assert!(Domain::new(written).unwrap_err().contains(word), "{written}");
        }
        assert!(Domain::new(&"list of ".repeat(100_000)).is_err());
    }
}
