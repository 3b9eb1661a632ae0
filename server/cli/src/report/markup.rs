//! From data to HTML: reading odd JSON, escaping, filling the page, and numbers as people read them.
//!
//! The only place that turns text of the data into markup. Knows nothing of what the report says.

use serde_json::Value;

/// The text at `pointer`; empty where there is none.
pub(super) fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// The number at `pointer`.
pub(super) fn number(value: &Value, pointer: &str) -> Option<f64> {
    value.pointer(pointer).and_then(Value::as_f64)
}

/// The number at `pointer` as a count; 0 where there is none.
pub(super) fn count(value: &Value, pointer: &str) -> u64 {
    number(value, pointer).unwrap_or_default().max(0.0) as u64
}

/// The elements of the list at `pointer`; none where there is no list.
pub(super) fn list<'a>(value: &'a Value, pointer: &str) -> &'a [Value] {
    value.pointer(pointer).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// Text as HTML, fit for element content and for attributes in double quotes. NUL, which HTML cannot hold, becomes the
/// replacement character.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\0' => out.push('\u{fffd}'),
            _ => out.push(c),
        }
    }
    out
}

/// JSON for a `<script type="application/json">` element. In JSON, `<`, `>`, `&` and the two line separators stand
/// inside strings only, so their escapes are the same value, and no tag or comment can begin or end in it.
pub(super) fn embed(value: &Value) -> String {
    let json = value.to_string();
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        match c {
            '<' => out.push_str("\\u003c"),
            '>' => out.push_str("\\u003e"),
            '&' => out.push_str("\\u0026"),
            '\u{2028}' => out.push_str("\\u2028"),
            '\u{2029}' => out.push_str("\\u2029"),
            _ => out.push(c),
        }
    }
    out
}

/// Puts `values` in the places named `{{name}}`. One pass: a value that looks like a place stays as it is; so does a
/// place without a value.
pub(super) fn fill(template: &str, values: &[(&str, &str)]) -> String {
    let mut out = String::with_capacity(template.len() + values.iter().map(|(_, v)| v.len()).sum::<usize>());
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("{{") {
        out.push_str(before);
        let known = after.split_once("}}").and_then(|(name, tail)| {
            values.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value, tail))
        });
        match known {
            Some((value, tail)) => {
                out.push_str(value);
                rest = tail;
            }
            None => {
                out.push_str("{{");
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out
}

/// A number with thousands separators; one decimal unless it is whole.
pub(super) fn amount(value: f64) -> String {
    let whole = value.fract() == 0.0;
    let digits = if whole { format!("{:.0}", value.abs()) } else { format!("{:.1}", value.abs()) };
    let (integer, decimals) = digits.split_once('.').unwrap_or((&digits, ""));
    let mut out = String::new();
    if value < 0.0 {
        out.push('\u{2212}');
    }
    for (place, digit) in integer.chars().enumerate() {
        if place > 0 && (integer.len() - place).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    if !decimals.is_empty() {
        out.push('.');
        out.push_str(decimals);
    }
    out
}

/// A count and its noun: `1 goal`, `1,024 goals`.
pub(super) fn counted(count: u64, noun: &str) -> String {
    format!("{} {noun}{}", amount(count as f64), if count == 1 { "" } else { "s" })
}

/// Seconds as people say them: `0.42 s`, `3.4 s`, `5 min 10 s`, `1 h 12 min`.
pub(super) fn duration(seconds: f64) -> String {
    let whole = seconds.max(0.0).round() as u64;
    match seconds {
        s if s < 1.0 => format!("{s:.2} s"),
        s if s < 59.95 => format!("{s:.1} s"),
        _ if whole < 3600 => format!("{} min {} s", whole / 60, whole % 60),
        _ => format!("{} h {} min", whole / 3600, whole % 3600 / 60),
    }
}

/// Milliseconds since 1970 as `2026-09-21 14:13 UTC`. The calendar is Howard Hinnant's `civil_from_days`
/// ("chrono-Compatible Low-Level Date Algorithms").
pub(super) fn moment(milliseconds: u64) -> String {
    let minutes = milliseconds / 60_000;
    let days = minutes / 1440 + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02} {:02}:{:02} UTC", minutes / 60 % 24, minutes % 60)
}
