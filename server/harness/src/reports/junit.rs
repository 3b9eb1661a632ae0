//! JUnit XML, as pytest, vitest and many others write it.

use super::{ReportError, TestOutcome, TestReport, shorten};
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

/// One `<testcase>` while it is being read.
struct Case {
    id: String,
    outcome: TestOutcome,
    collecting: bool,
}

pub(super) fn parse(text: &str) -> Result<TestReport, ReportError> {
    let mut reader = Reader::from_str(text);
    let mut report = TestReport::default();
    let mut case: Option<Case> = None;
    let mut any = false;
    loop {
        match reader.read_event() {
            Ok(Event::Start(tag)) => {
                any = true;
                open(&tag, &mut case, false, &mut report);
            }
            Ok(Event::Empty(tag)) => {
                any = true;
                open(&tag, &mut case, true, &mut report);
            }
            Ok(Event::Text(words)) => collect(&mut case, &words.decode().unwrap_or_default()),
            Ok(Event::CData(words)) => collect(&mut case, &String::from_utf8_lossy(&words)),
            Ok(Event::End(tag)) if tag.name().as_ref() == b"testcase" => close(&mut case, &mut report),
            Ok(Event::End(_)) => {
                if let Some(case) = &mut case {
                    case.collecting = false;
                }
            }
            Ok(Event::Eof) => break,
            // A suite that was killed leaves half a report: what is there counts, what is missing is noticed as missing.
            Err(error) if report.tests.is_empty() => return Err(ReportError(error.to_string())),
            Err(_) => break,
            Ok(_) => {}
        }
    }
    if any { Ok(report) } else { Err(ReportError("it is empty".to_owned())) }
}

fn open(tag: &BytesStart<'_>, case: &mut Option<Case>, closed: bool, report: &mut TestReport) {
    match tag.name().as_ref() {
        b"testcase" => {
            let class = attribute(tag, b"classname");
            let name = attribute(tag, b"name");
            let id = if class.is_empty() { name } else { format!("{class}::{name}") };
            *case = Some(Case { id, outcome: TestOutcome::Passed, collecting: false });
            if closed {
                close(case, report);
            }
        }
        b"failure" | b"error" => {
            if let Some(case) = case {
                case.outcome = TestOutcome::Failed(attribute(tag, b"message"));
                case.collecting = !closed;
            }
        }
        b"skipped" => {
            if let Some(case) = case
                && case.outcome == TestOutcome::Passed
            {
                case.outcome = TestOutcome::Skipped;
            }
        }
        _ => {}
    }
}

fn collect(case: &mut Option<Case>, words: &str) {
    if let Some(Case { outcome: TestOutcome::Failed(message), collecting: true, .. }) = case
        && message.len() < 4 * super::MESSAGE_LIMIT
    {
        message.push('\n');
        message.push_str(words.trim());
    }
}

fn close(case: &mut Option<Case>, report: &mut TestReport) {
    if let Some(Case { id, outcome, .. }) = case.take() {
        let outcome = match outcome {
            TestOutcome::Failed(message) => TestOutcome::Failed(shorten(&message)),
            outcome => outcome,
        };
        report.add(id, outcome);
    }
}

fn attribute(tag: &BytesStart<'_>, name: &[u8]) -> String {
    tag.attributes()
        .flatten()
        .find(|attribute| attribute.key.as_ref() == name)
        .and_then(|attribute| attribute.unescape_value().ok().map(|value| value.into_owned()))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const REPORT: &str = r#"<?xml version="1.0"?><testsuites><testsuite name="pytest" tests="4">
      <testcase classname="tests.test_a" name="test_one" time="0.1"/>
      <testcase classname="tests.test_a" name="test_two[&lt;x&gt;]"><failure message="assert 1 == 2">tests/test_a.py:3: AssertionError</failure></testcase>
      <testcase classname="tests.test_a" name="test_three"><skipped type="pytest.skip" message="later"/></testcase>
      <testcase classname="" name="tests.test_b"><error message="collection failure"><![CDATA[ImportError: no]]></error></testcase>
    </testsuite></testsuites>"#;

    #[test]
    fn reads_every_outcome() {
        let report = parse(REPORT).unwrap();
        assert_eq!(report.tests["tests.test_a::test_one"], TestOutcome::Passed);
        assert_eq!(report.tests["tests.test_a::test_three"], TestOutcome::Skipped);
        let TestOutcome::Failed(message) = &report.tests["tests.test_a::test_two[<x>]"] else {
            panic!("{report:?}")
        };
        assert!(message.contains("assert 1 == 2") && message.contains("AssertionError"));
        let TestOutcome::Failed(message) = &report.tests["tests.test_b"] else { panic!("{report:?}") };
        assert!(message.contains("ImportError"));
    }

    #[test]
    fn half_a_report_gives_what_it_has() {
        let cut = REPORT.find("test_three").unwrap();
        let report = parse(&REPORT[..cut]).unwrap();
        assert_eq!(report.tests.len(), 2);
    }

    #[test]
    fn no_report_is_an_error() {
        assert!(parse("").is_err());
        assert!(parse("Traceback").is_err());
    }
}
