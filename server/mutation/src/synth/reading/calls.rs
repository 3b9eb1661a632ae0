//! Calls of the function that is to be written, with their arguments.

use super::super::value::Value;
use super::values::Reader;

/// Arguments as they are given: some by name.
pub(super) type Arguments = Vec<(Option<String>, Value)>;

impl Reader<'_> {
    /// A call of `name` that stands here, with whatever stands in front of its name.
    pub(super) fn call(&mut self, name: &str) -> Option<Arguments> {
        let _ = self.eat("await ");
        loop {
            let word = self.word()?;
            if self.rest().starts_with("::") {
                self.skip(2);
            } else if self.rest().starts_with('.') {
                self.skip(1);
            } else if word == name {
                break;
            } else {
                return None;
            }
        }
        if !self.rest().starts_with('(') {
            return None;
        }
        self.skip(1);
        let mut args = Arguments::new();
        while !self.eat(")") {
            args.push(self.argument()?);
            if !self.eat(",") {
                self.skip_space();
                if self.peek() != Some(')') {
                    return None;
                }
            }
        }
        Some(args)
    }

    fn argument(&mut self) -> Option<(Option<String>, Value)> {
        let before = self.at();
        if let Some(word) = self.word()
            && self.rest().trim_start().starts_with('=')
            && !self.rest().trim_start().starts_with("==")
        {
            let _ = self.eat("=");
            return Some((Some(word.to_owned()), self.value()?));
        }
        self.back(before);
        Some((None, self.value()?))
    }
}
