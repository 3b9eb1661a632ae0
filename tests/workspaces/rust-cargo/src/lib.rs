//! Small sums.

/// Whether a number is even.
pub fn is_even(number: i64) -> bool {
    if number % 2 == 0 {
        true
    } else {
        false
    }
}

/// The first digit of a one-digit number.
pub fn digit(number: i64) -> Option<i64> {
    if number >= 0 {
        if number < 10 {
            return Some(number);
        }
    }
    return None;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn even() {
        assert!(is_even(2));
        assert!(!is_even(3));
    }

    #[test]
    fn digits() {
        assert_eq!(digit(5), Some(5));
        assert_eq!(digit(10), None);
        assert_eq!(digit(-1), None);
    }
}
