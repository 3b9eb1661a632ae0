//! What the page must hold whatever the data says.

use super::{SCRIPT, STYLE, render};
use hephaestus_workspace::History;
use serde_json::{Value, json};

const EVIL: &str = "</script><script>alert(1)</script><!-- <img src=x onerror=alert(1)> \"'> \u{2028}\u{2029}\0 {{script}} ]]>";

fn sample(text: &str) -> History {
    let index = json!({
        "schema": "hephaestus/report/1", "version": text, "root": format!("/srv/me/{text}"), "written_ms": 1_790_000_000_000_u64,
        "cpu_s": 3725.2, "texts": [text], "left_out": 3, "per_piece": 100, "notices": [text],
        "runs": [{"id": text, "command": text, "started_ms": 1_790_000_000_000_u64, "ended": text}],
        "goals": [{"id": text, "state": "proven", "file": text, "message": text, "candidates": [0]}, {"state": "applied", "candidates": [1]}, {"state": "stale", "candidates": [2]}],
        "candidates": [{"id": text, "state": "proven", "steps": [text]}, {"state": "applied"}, {"state": "failed"}],
        "strength": {"score": 66.666, "killed": 2, "counted": 3, "untried": 1, "files": [{"path": text}]},
    });
    History {
        index,
        details: vec![json!({"parts": [text], "items": [{"patch": text}, {"=": 0}]})],
        mutants: None,
    }
}

/// The text between the markers that open and close a block of data.
fn data_of<'a>(page: &'a str, id: &str) -> &'a str {
    let (_, after) = page.split_once(&format!("<script type=\"application/json\" id=\"{id}\">")).unwrap();
    after.split_once("</script>").unwrap().0
}

#[test]
fn hostile_text_never_becomes_markup() {
    let (page, calm) = (render(&sample(EVIL)), render(&sample("x")));
    for opening in ["<script", "</script", "<!--", "<img"] {
        assert_eq!(page.matches(opening).count(), calm.matches(opening).count(), "{opening}");
    }
    assert_eq!(page.matches(SCRIPT).count(), 1, "a place named in the data is not filled");
    for id in ["data", "details-0"] {
        for raw in ['\u{2028}', '\u{2029}', '\0', '<'] {
            assert!(!data_of(&page, id).contains(raw), "{id} {raw:?}");
        }
    }
}

#[test]
fn hostile_text_survives_unchanged_in_the_data() {
    let history = sample(EVIL);
    let page = render(&history);
    assert_eq!(serde_json::from_str::<Value>(data_of(&page, "data")).unwrap(), history.index);
    assert_eq!(serde_json::from_str::<Value>(data_of(&page, "details-0")).unwrap(), history.details[0]);
}

#[test]
fn nothing_is_loaded_and_nothing_is_written_as_markup() {
    let page = render(&sample("x"));
    assert!(page.contains("content=\"default-src 'none'; script-src 'nonce-"));
    assert!(
        page.contains("; style-src 'nonce-") && !page.contains("unsafe"),
        "without mutants nothing more is let in"
    );
    for address in
        ["http://", "https://", "@import", "url(", " src=\"", "fetch(", "XMLHttpRequest", "import("]
    {
        assert!(!page.contains(address), "{address}");
    }
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
        "<h2>1 improvement is ready to be applied</h2>",
        "<dt>goals</dt><dd><b>3</b>",
        "<dt>tried</dt><dd><b>3</b>",
        "<dt>proven</dt><dd><b>2</b>",
        "<dt>applied</dt><dd><b>1</b>",
        "<b>66.6<small>%</small></b><span>of the mutants tried so far",
        "<b>62<small>min</small></b>",
        "1 run since 2026-09-21",
        "the 3 candidates tried longest ago are left out",
        "<noscript>",
    ] {
        assert!(page.contains(said), "{said}");
    }
}

#[test]
fn what_to_do_next_depends_on_what_there_is() {
    let with = |index: Value| render(&History { index, details: vec![], mutants: None });
    assert!(with(json!({})).contains("Nothing has been tried here yet"));
    assert!(
        with(json!({"runs": [{}], "goals": [{"state": "open"}]})).contains("Nothing is ready to be applied")
    );
    assert!(with(json!({"goals": [{"state": "applied"}]})).contains("1 improvement was applied"));
}

#[test]
fn odd_data_still_makes_a_page() {
    for odd in [
        Value::Null,
        json!([1]),
        json!({"goals": 3, "runs": [null], "strength": [], "cpu_s": "x", "written_ms": -5}),
    ] {
        let page = render(&History { index: odd.clone(), details: vec![], mutants: None });
        assert!(page.ends_with("</html>\n") && !page.contains("{{"), "{odd}");
    }
}
