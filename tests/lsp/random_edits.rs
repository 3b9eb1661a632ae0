//! Whatever is typed in whatever order, the server has the text that the client has.
//!
//! Three documents at once, with characters outside the basic plane, all line ends that LSP knows and some that it does
//! not, requests in between. `HEPHAESTUS_SEEDS` and `HEPHAESTUS_EDITS` make it longer; a failure names its seed.

use std::env;

use serde_json::{Value, json};

use crate::session::Session;

/// A document as the client has it: UTF-16 units, as positions count them.
struct Document {
    uri: String,
    units: Vec<u16>,
    version: i64,
}

/// Pieces that edits are made of.
const PIECES: &[&str] = &[
    "a",
    "x = 1",
    "def f(a):\n    return a\n",
    "😀",
    "𝕏𝕐",
    "é",
    "e\u{301}",
    "\n",
    "\r\n",
    "\r",
    "\u{2028}",
    "\u{2029}",
    "\u{85}",
    "\u{b}",
    "\u{c}",
    "\0",
    "\t",
    "'",
    "\"\"\"",
    "(",
    ")",
    "{",
    "}",
    "中文",
    "\u{feff}",
    "fn g() { let y = 2; }\r\n",
    "👩‍👩‍👧",
    "\u{10ffff}",
    "# ",
    "//",
    "\n\n\n",
    "\r\r\n\n",
];

/// xorshift64*: Marsaglia 2003 with Vigna's multiplier; the same numbers on every machine.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) as usize % bound.max(1)
    }
}

impl Document {
    fn text(&self) -> String {
        String::from_utf16(&self.units).unwrap()
    }

    /// Where lines begin: after `\n`, `\r\n` and a lone `\r`, and nowhere else.
    fn line_starts(&self) -> Vec<usize> {
        let (cr, lf) = (u16::from(b'\r'), u16::from(b'\n'));
        let is_end =
            |at: usize| self.units[at] == lf || (self.units[at] == cr && self.units.get(at + 1) != Some(&lf));
        std::iter::once(0).chain((0..self.units.len()).filter(|at| is_end(*at)).map(|at| at + 1)).collect()
    }

    /// An offset that is inside neither a character nor a line end: clients do not put a caret there.
    fn offset(&self, random: &mut Random) -> usize {
        let at = random.below(self.units.len() + 1);
        let is_low = self.units.get(at).is_some_and(|unit| (0xDC00..0xE000).contains(unit));
        let is_lf = self.units.get(at) == Some(&u16::from(b'\n'));
        let after_cr = at > 0 && self.units[at - 1] == u16::from(b'\r');
        if is_low || (is_lf && after_cr) { at - 1 } else { at }
    }

    fn position(&self, offset: usize) -> Value {
        let starts = self.line_starts();
        let line = starts.partition_point(|start| *start <= offset) - 1;
        json!({"line": line, "character": offset - starts[line]})
    }

    /// Makes one random change here and says what it was.
    fn edit(&mut self, random: &mut Random) -> Value {
        if random.below(200) == 0 {
            let text = "all new 😀\r\nx = 2\r";
            self.units = text.encode_utf16().collect();
            return json!({"text": text});
        }
        let start = self.offset(random);
        // Most ranges are short, some are long, many are empty; a long document shrinks again.
        let reach = if self.units.len() > 3000 { 400 } else { [0, 0, 0, 1, 3, 20][random.below(6)] };
        let mut end = (start + random.below(reach + 1)).min(self.units.len());
        if self.units.get(end).is_some_and(|unit| (0xDC00..0xE000).contains(unit)) {
            end += 1;
        }
        let is_inside_crlf = end > start
            && self.units[end - 1] == u16::from(b'\r')
            && self.units.get(end) == Some(&u16::from(b'\n'));
        end += usize::from(is_inside_crlf);
        let text: String = (0..random.below(3)).map(|_| PIECES[random.below(PIECES.len())]).collect();
        let range = json!({"start": self.position(start), "end": self.position(end)});
        self.units.splice(start..end, text.encode_utf16());
        json!({"range": range, "text": text})
    }
}

/// A request as editors send them while one types.
fn ask(session: &mut Session, document: &Document, random: &mut Random) -> i64 {
    let at = document.position(document.offset(random));
    let uri = json!({"uri": document.uri});
    let range = json!({"start": at, "end": at});
    let (method, params) = match random.below(4) {
        0 => ("textDocument/hover", json!({"textDocument": uri, "position": at})),
        1 => ("textDocument/codeLens", json!({"textDocument": uri})),
        2 => (
            "textDocument/codeAction",
            json!({"textDocument": uri, "range": range, "context": {"diagnostics": []}}),
        ),
        _ => ("textDocument/diagnostic", json!({"textDocument": uri})),
    };
    session.client.start_request(method, params).unwrap()
}

fn run(seed: u64, edits: usize) {
    let mut random = Random(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
    let mut session = Session::ready();
    let mut documents: Vec<Document> = ["a.py", "b.rs", "c.py"]
        .into_iter()
        .map(|name| Document { uri: session.uri(name), units: Vec::new(), version: 1 })
        .collect();
    for document in &mut documents {
        document.units = "x = '😀'\r\ny = 2\rz\u{2028}z\n".encode_utf16().collect();
        session.open(&document.uri, &document.text()).unwrap();
    }
    let mut asked = Vec::new();
    for edit in 1..=edits {
        let which = random.below(documents.len());
        let document = &mut documents[which];
        let changes: Vec<Value> = (0..=random.below(3)).map(|_| document.edit(&mut random)).collect();
        document.version += 1;
        session.change(&document.uri, document.version, Value::Array(changes)).unwrap();
        if random.below(10) == 0 {
            let id = ask(&mut session, document, &mut random);
            if random.below(3) == 0 {
                session.client.cancel(id).unwrap();
            }
            asked.push(id);
        }
        if edit % 97 == 0 || edit == edits {
            for document in &documents {
                let text = session.text(&document.uri).unwrap();
                assert_eq!(text, document.text(), "seed {seed}, after edit {edit}, {}", document.uri);
            }
            session.client.take_messages();
        }
    }
    for id in asked {
        // Any answer will do, but there has to be one.
        session.client.response_message(id, crate::session::PATIENCE).unwrap();
    }
    session.close().unwrap();
}

fn number(name: &str, default: usize) -> usize {
    env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

#[test]
fn both_sides_have_the_same_text_whatever_is_typed() {
    let (seeds, edits) = (number("HEPHAESTUS_SEEDS", 4), number("HEPHAESTUS_EDITS", 500));
    for seed in 1..=seeds {
        run(seed as u64, edits);
    }
}

#[test]
fn the_model_itself_counts_lines_as_the_protocol_does() {
    let text = "a\r\nb\rc\nd\u{2028}😀e\u{85}f";
    let document = Document { uri: String::new(), units: text.encode_utf16().collect(), version: 1 };
    assert_eq!(document.line_starts(), [0, 3, 5, 7]);
    assert_eq!(document.position(document.units.len()), json!({"line": 3, "character": 7}));
}
