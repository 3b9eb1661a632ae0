//! What the page must hold whatever the data says.

use super::{SCRIPT, STYLE, render};
use serde_json::{Value, json};

const EVIL: &str = "</script><script>alert(1)</script><!-- <img src=x onerror=alert(1)> \"'> \u{2028}\u{2029}\0 {{script}} ]]>";

fn sample(text: &str) -> Value {
    json!({
        "schema": "hephaestus/forge/1", "command": "forge", "version": text, "root": format!("/srv/me/{text}"),
        "started_ms": 1_790_000_000_000_u64,
        "runner": {"name": text, "tests": 1519, "red": [{"id": text, "message": text}], "flaky": [text], "wall_s": 3.4, "cpu_s": 2.4,
                   "isolation": {"files": text, "processes": "group", "network": "shared", "landlock": null}, "notes": [text]},
        "goals": [{"id": text, "kind": text, "message": text, "outcome": "improved"}, {"id": "b"}, {"id": "c"}],
        "improvements": [{"goal": text, "message": text, "patch": text, "evidence": {"not_checked": [text]}}, {}],
        "rejected": [{"verdict": "passed", "reason": text, "patch": text}],
        "together": {"verdict": "passed", "patch": text, "improvements": 2, "left_out": [], "applied": false},
        "score": {"before": {"cognitive": 812, "tokens": 61234}, "after": {"cognitive": 640, "tokens": 61234}},
        "stats": {"candidates": 400, "trials": 1380, "passed": 200, "wall_s": 310.2, "cpu_s": 512.0, "ended": text,
                  "by_stage": [{"stage": text, "runs": 380, "wall_s": 100.0, "cpu_s": 90.0}], "by_verdict": {"passed": 200, "failed": 120, (text): 3}},
        "notices": [{"path": text, "message": text}]
    })
}

/// The text between the markers that open and close the page's data.
fn data_of(page: &str) -> &str {
    let (_, after) = page.split_once("<script type=\"application/json\" id=\"data\">").unwrap();
    after.split_once("</script>").unwrap().0
}

#[test]
fn hostile_text_never_becomes_markup() {
    let (page, calm) = (render(&sample(EVIL)), render(&sample("x")));
    for opening in ["<script", "</script", "<!--", "<img"] {
        assert_eq!(page.matches(opening).count(), calm.matches(opening).count(), "{opening}");
    }
    assert_eq!(page.matches(SCRIPT).count(), 1, "a place named in the data is not filled");
    for raw in ['\u{2028}', '\u{2029}', '\0'] {
        assert!(!data_of(&page).contains(raw));
    }
    assert!(!page.contains('\0'));
}

#[test]
fn hostile_text_survives_unchanged_in_the_data() {
    let report = sample(EVIL);
    let back: Value = serde_json::from_str(data_of(&render(&report))).unwrap();
    assert_eq!(back, report);
}

#[test]
fn quotes_stay_inside_their_attribute() {
    let page = render(&sample("x\" onload=\"alert(1)"));
    let without_data = page.replace(data_of(&page), "");
    assert!(!without_data.contains("onload=\""));
}

#[test]
fn nothing_is_loaded() {
    let page = render(&sample("see https://example.org/x and http://example.org/y"));
    let without_data =
        page.replace(data_of(&page), "").replace("see https://example.org/x and http://example.org/y", "");
    for address in
        ["http://", "https://", "//fonts", "@import", "url(", "src=\"", "fetch(", "XMLHttpRequest", "import("]
    {
        assert!(!without_data.contains(address), "{address}");
    }
    assert!(page.contains("content=\"default-src 'none'; script-src 'nonce-"));
}

#[test]
fn the_script_writes_text_and_never_markup() {
    for way in [
        "innerHTML",
        "outerHTML",
        "insertAdjacentHTML",
        "document.write",
        "DOMParser",
        "eval(",
        "new Function",
        "</script",
    ] {
        assert!(!SCRIPT.contains(way), "{way}");
    }
    assert!(!STYLE.contains("</style"));
}

#[test]
fn the_headline_stands_without_javascript() {
    let page = render(&sample("x"));
    for said in [
        "<h2>2 improvements hold together</h2>",
        "<dt>found</dt><dd><b>3</b>",
        "<dt>tried</dt><dd><b>1,380</b>",
        "<dt>kept</dt><dd><b>2</b>",
        "2026-09-21 14:13 UTC",
        "took 5 min 10 s",
        "1,519 tests",
        "61,234",
        "\u{2212}21%",
        "<noscript>",
        "<b>Not checked:</b> x",
        "1 test was red",
    ] {
        assert!(page.contains(said), "{said}");
    }
}

#[test]
fn a_verdict_that_fell_and_one_that_was_never_reached_are_told_apart() {
    let mut report = sample("x");
    report["together"]["verdict"] = json!("failed");
    assert!(render(&report).contains("The improvements do not hold together"));
    report["together"] = Value::Null;
    assert!(render(&report).contains("2 improvements hold, each on its own"));
    report["improvements"] = json!([]);
    assert!(render(&report).contains("Nothing was kept"));
}

#[test]
fn odd_reports_still_make_a_page() {
    for odd in [
        Value::Null,
        json!({}),
        json!([1, 2]),
        json!({"goals": 3, "stats": "x", "improvements": [null, 1], "together": [], "score": {"before": {"tokens": 0}, "after": {"tokens": 4}}}),
        json!({"started_ms": -5, "stats": {"wall_s": -1.0, "trials": 1e300, "by_stage": [{"wall_s": -3}], "by_verdict": {"failed": "x"}}}),
    ] {
        let page = render(&odd);
        assert!(page.ends_with("</html>\n") && !page.contains("{{"), "{odd}");
    }
}

#[test]
fn the_same_report_makes_the_same_page() {
    assert_eq!(render(&sample("x")), render(&sample("x")));
}
