//! Server-sent events: bytes in, events out, wherever the bytes were cut. Knows nothing of what is in an event.
//!
//! After the WHATWG HTML standard, "Interpreting an event stream". Ids and retry times mean nothing here.

/// A line, or the data of an event, is cut off here: no answer has so much in one piece.
const LONGEST: usize = 1 << 20;

/// One event.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Event {
    /// Its type; empty where none was given.
    pub(crate) name: String,
    /// Its data lines, joined by line feeds.
    pub(crate) data: String,
}

/// Takes bytes in as they come.
#[derive(Debug, Default)]
pub(crate) struct Decoder {
    line: Vec<u8>,
    /// The last byte was a carriage return: a line feed after it belongs to it.
    after_return: bool,
    /// The first line has been seen, which may begin with a byte order mark.
    has_begun: bool,
    event: Event,
    has_data: bool,
}

impl Decoder {
    /// Takes in `bytes`; gives the events that are complete with them.
    pub(crate) fn feed(&mut self, bytes: &[u8]) -> Vec<Event> {
        let mut events = Vec::new();
        for &byte in bytes {
            let follows_return = std::mem::replace(&mut self.after_return, byte == b'\r');
            match byte {
                b'\n' if follows_return => {}
                b'\r' | b'\n' => events.extend(self.end_line()),
                _ if self.line.len() < LONGEST => self.line.push(byte),
                _ => {}
            }
        }
        events
    }

    fn end_line(&mut self) -> Option<Event> {
        let bytes = std::mem::take(&mut self.line);
        let bytes = match std::mem::replace(&mut self.has_begun, true) {
            true => bytes.as_slice(),
            false => bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes),
        };
        if bytes.is_empty() {
            let event = std::mem::take(&mut self.event);
            return std::mem::take(&mut self.has_data).then_some(event);
        }
        let line = String::from_utf8_lossy(bytes);
        let (field, value) = line.split_once(':').unwrap_or((&line, ""));
        self.take_field(field, value.strip_prefix(' ').unwrap_or(value));
        None
    }

    /// A line that begins with a colon is a comment: its field has no name.
    fn take_field(&mut self, field: &str, value: &str) {
        match field {
            "event" => value.clone_into(&mut self.event.name),
            "data" if self.event.data.len() < LONGEST => {
                if std::mem::replace(&mut self.has_data, true) {
                    self.event.data.push('\n');
                }
                self.event.data.push_str(value);
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STREAM: &str = "\u{feff}: a comment\r\nevent: one\r\ndata: {\"a\":\r\ndata:  1}\r\n\r\n\
        id: 7\nretry: 9\ndata:zwei é\n\nevent: lost\n\n: ping\n\ndata\n\rdata: [DONE]\r\rdata: never ended";

    fn event(name: &str, data: &str) -> Event {
        Event { name: name.to_owned(), data: data.to_owned() }
    }

    fn expected() -> Vec<Event> {
        vec![event("one", "{\"a\":\n 1}"), event("", "zwei é"), event("", ""), event("", "[DONE]")]
    }

    #[test]
    fn a_stream_is_read_however_it_is_cut() {
        let bytes = STREAM.as_bytes();
        for cut in 0..=bytes.len() {
            let mut decoder = Decoder::default();
            let mut events = decoder.feed(&bytes[..cut]);
            events.extend(decoder.feed(&bytes[cut..]));
            assert_eq!(events, expected(), "cut at {cut}");
        }
        let mut decoder = Decoder::default();
        let events: Vec<Event> = bytes.iter().flat_map(|byte| decoder.feed(&[*byte])).collect();
        assert_eq!(events, expected(), "byte by byte");
    }

    #[test]
    fn what_is_no_utf_8_and_what_never_ends_does_no_harm() {
        let mut decoder = Decoder::default();
        assert_eq!(decoder.feed(b"data: a\xff\n\n"), [event("", "a\u{fffd}")]);
        assert_eq!(decoder.feed(&vec![b'x'; 3 * LONGEST]), []);
        assert!(decoder.line.len() <= LONGEST);
    }
}
