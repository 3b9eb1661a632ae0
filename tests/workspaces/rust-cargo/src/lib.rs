//! Small sums.

/// Whether any number is negative.
pub fn has_negative(numbers: &[i64]) -> bool {
    for number in numbers {
        if *number < 0 {
            return true;
        }
    }
    false
}

/// Whether a number is even.
pub fn is_even(number: i64) -> bool {
    if number % 2 == 0 {
        true
    } else {
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn negative() {
        assert!(has_negative(&[1, -1]));
        assert!(!has_negative(&[1]));
    }

    #[test]
    fn even() {
        assert!(is_even(2));
        assert!(!is_even(3));
    }
}
