//! Keeps the first and the last part of a stream, however long it is. Knows nothing of pipes.

use crate::sandbox::step::Captured;
use std::collections::VecDeque;

const HEAD: usize = 64 * 1024;
const TAIL: usize = 192 * 1024;

/// A stream being read.
#[derive(Debug, Default)]
pub(super) struct Capture {
    head: Vec<u8>,
    tail: VecDeque<u8>,
    left_out: u64,
}

impl Capture {
    /// Takes the next bytes.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        let room = HEAD - self.head.len();
        let (first, rest) = bytes.split_at(room.min(bytes.len()));
        self.head.extend_from_slice(first);
        self.tail.extend(rest);
        let surplus = self.tail.len().saturating_sub(TAIL);
        self.tail.drain(..surplus);
        self.left_out += surplus as u64;
    }

    /// What is kept of the stream.
    pub(super) fn finish(self) -> Captured {
        let Self { head, tail, left_out } = self;
        if left_out == 0 {
            let mut whole = head;
            whole.extend(tail);
            return Captured { text: String::from_utf8_lossy(&whole).into_owned(), truncated: false };
        }
        let tail: Vec<u8> = tail.into();
        let text = format!(
            "{}\n[{left_out} bytes left out]\n{}",
            String::from_utf8_lossy(&head),
            String::from_utf8_lossy(&tail)
        );
        Captured { text, truncated: true }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_streams_are_whole_even_where_head_meets_tail() {
        let mut capture = Capture::default();
        let text = "ä".repeat(HEAD / 2 + 10);
        for chunk in text.as_bytes().chunks(7) {
            capture.push(chunk);
        }
        assert_eq!(capture.finish(), Captured { text, truncated: false });
    }

    #[test]
    fn the_limit_itself_is_not_truncated_one_byte_more_is() {
        let mut capture = Capture::default();
        capture.push(&vec![b'a'; HEAD + TAIL]);
        assert!(!capture.finish().truncated);
        let mut capture = Capture::default();
        capture.push(&vec![b'a'; HEAD + TAIL]);
        capture.push(b"z");
        let captured = capture.finish();
        assert!(captured.truncated && captured.text.ends_with('z'));
        assert!(captured.text.contains("[1 bytes left out]"));
    }
}
