//! Bytes to messages: finds the frames in a stream that may contain anything, and goes on after what is none.
//!
//! Pure: bytes are pushed in, messages and complaints come out. It knows JSON but no method; it never gives up on a
//! stream, because an editor that sent one bad frame goes on sending good ones.

use serde_json::Value;

/// Longer headers are none.
const LONGEST_HEADER: usize = 8 * 1024;

/// Longer messages are not read.
const LONGEST_BODY: usize = 256 * 1024 * 1024;

const LENGTH: &[u8] = b"content-length:";

/// What is wrong with a stretch of the stream.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum FrameError {
    /// No header says how long the message is.
    #[error("bytes that are no message: a frame begins with `Content-Length: N`")]
    NoLength,
    /// It is too long to be read.
    #[error("a message of {0} bytes is too long")]
    TooLong(usize),
    /// The body is no JSON.
    #[error("the message is no JSON: {0}")]
    NoJson(String),
}

/// Takes a stream apart.
#[derive(Debug, Default)]
pub(crate) struct Framer {
    buffer: Vec<u8>,
    /// Bytes at the front that are dealt with.
    done: usize,
    /// The body's length, once its header was read.
    body: Option<usize>,
    /// Whether the junk we are in was complained about.
    in_junk: bool,
}

impl Framer {
    /// Takes more bytes of the stream.
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        if self.done > 0 && self.done * 2 >= self.buffer.len() {
            self.buffer.drain(..self.done);
            self.done = 0;
        }
        self.buffer.extend_from_slice(bytes);
    }

    /// Whether the stream may end here: nothing is left half-read.
    pub(crate) fn is_empty(&self) -> bool {
        self.body.is_none() && self.rest().iter().all(u8::is_ascii_whitespace)
    }

    /// The next message, or what is wrong with the next stretch; `None` when more bytes are needed.
    pub(crate) fn next(&mut self) -> Option<Result<Value, FrameError>> {
        loop {
            if let Some(length) = self.body {
                let body = self.rest().get(..length)?.to_vec();
                self.body = None;
                self.done += length;
                return Some(self.read(&body));
            }
            match self.header()? {
                Header::Length(length) if length > LONGEST_BODY => {
                    self.in_junk = true;
                    return Some(Err(FrameError::TooLong(length)));
                }
                Header::Length(length) => {
                    self.in_junk = false;
                    self.body = Some(length);
                }
                // One complaint per stretch of junk, however many lines it has.
                Header::Junk if self.in_junk => {}
                Header::Junk => {
                    self.in_junk = true;
                    return Some(Err(FrameError::NoLength));
                }
            }
        }
    }

    fn rest(&self) -> &[u8] {
        self.buffer.get(self.done..).unwrap_or_default()
    }

    /// The next header block; `None` when it is not complete.
    fn header(&mut self) -> Option<Header> {
        let rest = self.rest();
        let Some((end, next)) = block_end(rest) else {
            if rest.len() > LONGEST_HEADER {
                // Keep what may be the start of a real header.
                self.done += rest.len() - LENGTH.len();
                return Some(Header::Junk);
            }
            return None;
        };
        let block = rest.get(..end).unwrap_or_default();
        let (skip, header) = match length_in(block) {
            Some((at, length)) if is_header(block.get(..at).unwrap_or_default()) => {
                (next, Header::Length(length))
            }
            // Junk in front of a header costs nothing but itself.
            Some((at, _)) => (at, Header::Junk),
            None => (next, Header::Junk),
        };
        self.done += skip;
        Some(header)
    }

    fn read(&mut self, body: &[u8]) -> Result<Value, FrameError> {
        let error = match serde_json::from_slice(body) {
            Ok(message) => return Ok(message),
            Err(error) => error,
        };
        if let Some(mended) = mend_surrogates(body)
            && let Ok(message) = serde_json::from_slice(&mended)
        {
            return Ok(message);
        }
        // A length that was too long has swallowed the start of the next frame: give it back.
        if let Some(at) = find(body, LENGTH) {
            self.done -= body.len() - at;
        }
        // What is left of the body when the length was too short is part of the same trouble.
        self.in_junk = true;
        Err(FrameError::NoJson(error.to_string()))
    }
}

enum Header {
    Length(usize),
    Junk,
}

/// Where a header block ends, and where what follows it begins: at the first empty line. One pass, which stops there:
/// there may be thousands of messages behind it.
fn block_end(bytes: &[u8]) -> Option<(usize, usize)> {
    let line_ends = bytes.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(at, _)| at);
    let empty_line = |at: usize| match bytes.get(at + 1..).unwrap_or_default() {
        [b'\n', ..] => Some((at, at + 2)),
        [b'\r', b'\n', ..] => Some((at, at + 3)),
        _ => None,
    };
    line_ends.filter_map(empty_line).next()
}

/// The last length a header block names, and where the field begins.
fn length_in(block: &[u8]) -> Option<(usize, usize)> {
    let mut from = 0;
    let mut last = None;
    while let Some(at) = block.get(from..).and_then(|rest| find(rest, LENGTH)) {
        last = Some(from + at);
        from += at + LENGTH.len();
    }
    let at = last?;
    let line = block.get(at + LENGTH.len()..)?.split(|byte| *byte == b'\n').next()?;
    let length = std::str::from_utf8(line).ok()?.trim().parse().ok()?;
    Some((at, length))
}

/// Whether these bytes are header fields and nothing else.
fn is_header(bytes: &[u8]) -> bool {
    let is_field = |line: &[u8]| {
        let name = line.split(|byte| *byte == b':').next().unwrap_or_default();
        name.len() < line.len() && name.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'-')
    };
    bytes.split(|byte| *byte == b'\n').all(|line| line.trim_ascii().is_empty() || is_field(line.trim_ascii()))
}

/// Finds `wanted`, which is in lower case, in any case.
fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window.eq_ignore_ascii_case(wanted))
}

/// Half a surrogate pair cannot be text. An editor that sends one means one UTF-16 unit, and so is U+FFFD: positions stay
/// right. `None` when there is none.
fn mend_surrogates(body: &[u8]) -> Option<Vec<u8>> {
    let mut mended = Vec::with_capacity(body.len());
    let (mut at, mut changed) = (0, false);
    while let Some(byte) = body.get(at) {
        if *byte != b'\\' {
            mended.push(*byte);
            at += 1;
            continue;
        }
        match (unit_at(body, at), unit_at(body, at + 6)) {
            (Some(0xD800..=0xDBFF), Some(0xDC00..=0xDFFF)) => {
                mended.extend_from_slice(body.get(at..at + 12)?);
                at += 12;
            }
            (Some(0xD800..=0xDFFF), _) => {
                mended.extend_from_slice(b"\\ufffd");
                changed = true;
                at += 6;
            }
            // Two bytes, so that the second of `\\` does not begin an escape.
            _ => {
                mended.extend_from_slice(body.get(at..(at + 2).min(body.len()))?);
                at += 2;
            }
        }
    }
    changed.then_some(mended)
}

/// The UTF-16 unit that the escape at `at` stands for.
fn unit_at(body: &[u8], at: usize) -> Option<u16> {
    let digits = body.get(at..at + 6)?.strip_prefix(b"\\u")?;
    u16::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn frame(body: &str) -> String {
        format!("Content-Length: {}\r\n\r\n{body}", body.len())
    }

    /// Everything a stream gives, whatever pieces it comes in.
    fn read(stream: &[u8]) -> Vec<Result<Value, FrameError>> {
        let in_pieces = |size: usize| {
            let mut framer = Framer::default();
            let mut read = Vec::new();
            for piece in stream.chunks(size) {
                framer.push(piece);
                read.extend(std::iter::from_fn(|| framer.next()));
            }
            read
        };
        let whole = in_pieces(stream.len().max(1));
        for size in [1, 7, 64] {
            assert_eq!(in_pieces(size), whole, "in pieces of {size}");
        }
        whole
    }

    #[test]
    fn frames_come_out_in_order_whatever_their_headers_look_like() {
        let odd =
            "content-type: application/vscode-jsonrpc; charset=utf-8\r\nCONTENT-LENGTH:  7 \r\n\r\n{\"b\":2}";
        let loose = "Content-Length: 7\n\n{\"c\":3}";
        let read = read(format!("{}{odd}{loose}", frame("{\"a\":1}")).as_bytes());
        assert_eq!(read, [Ok(json!({"a": 1})), Ok(json!({"b": 2})), Ok(json!({"c": 3}))]);
    }

    #[test]
    fn after_a_bad_frame_the_next_good_one_is_read() {
        let good = frame("{\"a\":1}");
        for (what, bad) in [
            ("no JSON", frame("{nonsense").into_bytes()),
            ("too short a length", b"Content-Length: 3\r\n\r\n{\"x\": 12345}".to_vec()),
            ("too long a length", b"Content-Length: 30\r\n\r\n{\"x\": 1}".to_vec()),
            ("a negative length", b"Content-Length: -5\r\n\r\n{}".to_vec()),
            ("no number", b"Content-Length: many\r\n\r\n{}".to_vec()),
            ("no length", b"Content-Type: x\r\n\r\n{}".to_vec()),
            ("a huge length", b"Content-Length: 99999999999\r\n\r\n{}".to_vec()),
            ("no number at all", b"Content-Length: 99999999999999999999999999\r\n\r\n{}".to_vec()),
            (
                "invalid UTF-8",
                [b"Content-Length: 4\r\n\r\n\"".to_vec(), vec![0xff, 0xfe], b"\"".to_vec()].concat(),
            ),
            ("nothing", b"Content-Length: 0\r\n\r\n".to_vec()),
            ("binary junk", vec![0; 20_000]),
        ] {
            let read = read(&[bad, good.clone().into_bytes()].concat());
            assert!(matches!(read.as_slice(), [Err(_), Ok(_)]), "{what}: {read:?}");
        }
    }

    #[test]
    fn half_a_surrogate_pair_becomes_one_replacement_character() {
        let read =
            read(frame(r#"["a\ud800b", "\udc00", "\ud83d\ude00", "\\ud800", "\ud800\u0041"]"#).as_bytes());
        assert_eq!(read, [Ok(json!(["a\u{fffd}b", "\u{fffd}", "😀", "\\ud800", "\u{fffd}A"]))]);
    }

    #[test]
    fn deep_nesting_is_a_complaint_and_no_overflow() {
        let deep = "[".repeat(100_000);
        assert!(matches!(read(frame(&deep).as_bytes()).as_slice(), [Err(FrameError::NoJson(_))]));
    }

    #[test]
    fn half_a_message_is_waited_for() {
        let mut framer = Framer::default();
        framer.push(b"Content-Length: 10\r\n\r\n{");
        assert_eq!(framer.next(), None);
        assert!(!framer.is_empty());
    }
}
