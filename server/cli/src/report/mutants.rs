//! The report about mutants: one HTML page around the web component of mutation-testing-elements, with the JSON of that
//! schema inside. Data is never markup: it enters the page through [`markup`](super::markup) alone. Does no IO.

use super::markup::{embed, escape, fill, text};
use super::{base_name, nonce};
use serde_json::Value;

const PAGE: &str = include_str!("mutants.html");

/// See `server/cli/assets/README.md` for where it is from.
const ELEMENTS: &str = include_str!("../../assets/mutation-test-elements.js");

/// Hands the data to the component, and the theme where the page around it has chosen one.
const START: &str = "const app = document.querySelector('mutation-test-report-app');\
    const theme = document.documentElement.dataset.theme;\
    if (theme) app.theme = theme;\
    app.report = JSON.parse(document.getElementById('data').textContent);";

/// Renders the report as a self-contained HTML page. `headline` is one line that says what came of it.
#[must_use]
pub(crate) fn render(report: &Value, headline: &str) -> String {
    render_with(report, headline, &nonce(&embed(report), ELEMENTS))
}

/// The same for a frame of a page whose policy names this nonce.
pub(super) fn render_with(report: &Value, headline: &str, nonce: &str) -> String {
    let data = embed(report);
    // The beginning of a comment would change how a browser looks for the script's end.
    let elements = ELEMENTS.replace("<!--", r"\x3c!--");
    let root = text(report, "/projectRoot");
    fill(
        PAGE,
        &[
            ("nonce", nonce),
            ("project", &escape(base_name(root))),
            ("headline", &escape(headline)),
            ("version", &escape(text(report, "/framework/version"))),
            ("data", &data),
            ("elements", &elements),
            ("start", START),
        ],
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_page_is_complete_and_data_is_no_markup() {
        let hostile = "</script><script>alert(1)</script><!-- {{data}}";
        let report = json!({ "projectRoot": "/x/pro<ject", "files": { "a.py": { "source": hostile } } });
        let page = render(&report, "80 % <noticed>");
        assert!(!page.contains("<script>alert"), "data became markup");
        assert!(page.contains("pro&lt;ject") && page.contains("80 % &lt;noticed&gt;"));
        assert!(page.contains("MutationTestElements") && page.contains("Apache License 2.0"));
        // The component has a link for people to follow; what the page itself may load, the policy says: nothing.
        assert!(page.contains("content=\"default-src 'none'; script-src 'nonce-"), "anything may be loaded");
        let around = page.replace(&ELEMENTS.replace("<!--", r"\x3c!--"), "");
        assert!(!around.contains("src=\"http") && !around.contains("href=\"http"), "something is loaded");
        assert_eq!(page.matches("</script>").count(), 3, "a script ends early");
        let data = page.split("id=\"data\">").nth(1).unwrap().split("</script>").next().unwrap();
        assert_eq!(serde_json::from_str::<Value>(data).unwrap(), report);
    }

    #[test]
    fn the_component_holds_nothing_that_ends_a_script() {
        let lower = ELEMENTS.to_ascii_lowercase();
        assert!(!lower.contains("</script"));
    }
}
